"""Applying chunked results to lines: one statement per result, whatever the number of lines."""

from collections.abc import Sequence
from typing import Any

from kit.db import Tx
from services.batch.domain.lines import CARD_STATUSES as STATUSES
from services.batch.domain.lines import UNREADABLE, VERDICTS, after_card, after_finding, table
from services.batch.store.tables import Slice

_CARDS = "SELECT row->>'line_id' AS line_id, (row->>'rev')::int AS rev, row->>'status' AS result, " + (
    "row->>'reason' AS reason FROM chunk_rows($1, 1) AS row"
)
_FINDINGS = """
    SELECT row->>'line_id' AS line_id, (row->>'rev')::int AS rev, row->>'verdict' AS result, (
        SELECT string_agg((hit->>'rule') || ' ' || (hit->>'text'), '；')
          FROM jsonb_array_elements(row->'hits') AS hit WHERE hit->>'effect' <> 'pass'
    ) AS reason FROM chunk_rows($1, 1) AS row
"""


async def apply_cards(tx: Tx, one: Slice, stream_id: str, actor: str) -> int:
    """Apply a match; returns how many lines changed."""
    return await _apply(tx, one, stream_id, _CARDS, table(after_card, STATUSES), actor)


async def apply_findings(tx: Tx, one: Slice, stream_id: str, actor: str) -> int:
    """Apply a 预警核实; returns how many lines changed."""
    return await _apply(tx, one, stream_id, _FINDINGS, table(after_finding, VERDICTS), actor)


async def _apply(
    tx: Tx, one: Slice, stream_id: str, results: str, rules: list[dict[str, Any]], actor: str
) -> int:
    # Under an objection the result is kept beside the hold (resume_*); rev stays: nothing visible changed.
    return await tx.execute(
        f"""
        WITH result AS ({results}), decided AS (
            SELECT line.line_id, line.resume_state IS NOT NULL AS under, rule.next,
                   CASE WHEN rule.next <> 'normal' THEN result.reason END AS reason
              FROM result JOIN line ON line.line_id = result.line_id AND line.slice_id = $2
               AND line.kind <> 'deduction'
              JOIN jsonb_to_recordset($3)
                AS rule(state text, waiting boolean, result text, same boolean, next text)
                ON rule.state = coalesce(line.resume_state, line.state)
               AND rule.waiting = (CASE WHEN line.resume_state IS NULL THEN line.reason
                                        ELSE line.resume_reason END IS NOT NULL)
               AND rule.result = result.result AND rule.same = (result.rev = line.rev)
        ), changed AS (
            UPDATE line SET
                state = CASE WHEN under THEN line.state ELSE next END,
                reason = CASE WHEN under THEN line.reason ELSE decided.reason END,
                resume_state = CASE WHEN under THEN next END,
                resume_reason = CASE WHEN under THEN decided.reason END,
                rev = rev + CASE WHEN under THEN 0 ELSE 1 END
              FROM decided WHERE line.line_id = decided.line_id
            RETURNING line.*
        )
        INSERT INTO line_change
        SELECT line_id, rev, slice_id, state, coalesce(resume_reason, reason), amount_fen, $4, $5, $6
          FROM changed
        """,
        stream_id,
        one.slice_id,
        rules,
        actor,
        tx.cause.causation_id if tx.cause else None,
        tx.now,
    )


async def spoil_unreadable(tx: Tx, one: Slice, stream_id: str, actor: str) -> int:
    """Lines whose result row no model could read become abnormal with that reason (decisions II)."""
    return await tx.execute(
        """
        WITH changed AS (
            UPDATE line SET state = 'abnormal', reason = $3, rev = rev + 1
             WHERE slice_id = $2 AND state IN ('normal', 'processing') AND kind <> 'deduction'
               AND line_id IN (SELECT row->>'line_id' FROM bad_row WHERE stream_id = $1)
            RETURNING *
        )
        INSERT INTO line_change
        SELECT line_id, rev, slice_id, state, reason, amount_fen, $4, $5, $6 FROM changed
        """,
        stream_id,
        one.slice_id,
        UNREADABLE,
        actor,
        tx.cause.causation_id if tx.cause else None,
        tx.now,
    )


async def apply_amounts(tx: Tx, one: Slice, stream_id: str, actor: str) -> int:
    """Price the normal lines that still stand at the `rev` that was priced; returns how many.

    A deduction keeps the amount it was ordered with.
    """
    return await tx.execute(
        """
        WITH changed AS (
            UPDATE line SET amount_fen = (row->>'amount_fen')::bigint, rev = rev + 1
              FROM chunk_rows($1, 1) AS row
             WHERE line_id = row->>'line_id' AND slice_id = $2 AND state = 'normal' AND kind <> 'deduction'
               AND rev = (row->>'rev')::int
            RETURNING line.*
        )
        INSERT INTO line_change
        SELECT line_id, rev, slice_id, state, reason, amount_fen, $3, $4, $5 FROM changed
        """,
        stream_id,
        one.slice_id,
        actor,
        tx.cause.causation_id if tx.cause else None,
        tx.now,
    )


async def apply_payments(tx: Tx, one: Slice, stream_id: str, actor: str) -> int:
    """The bank's word per line: paid, or failed with its code; returns how many lines changed."""
    return await tx.execute(
        """
        WITH changed AS (
            UPDATE line SET state = row->>'state', payment_code = row->>'code', rev = rev + 1,
                   reason = CASE WHEN row->>'state' = 'failed'
                            THEN concat_ws(' ', row->>'code', row->>'reason') END
              FROM chunk_rows($1, 1) AS row
             WHERE line_id = row->>'line_id' AND slice_id = $2 AND state IN ('normal', 'failed')
               AND row->>'state' IN ('paid', 'failed') AND line.state <> row->>'state'
            RETURNING line.*
        )
        INSERT INTO line_change
        SELECT line_id, rev, slice_id, state, reason, amount_fen, $3, $4, $5 FROM changed
        """,
        stream_id,
        one.slice_id,
        actor,
        tx.cause.id if tx.cause else None,
        tx.now,
    )


async def intercepted(tx: Tx, one: Slice, stream_id: str) -> dict[str, str]:
    """Line id → reason of the normal lines that the check before the file hit."""
    rows = await tx.fetch(
        f"SELECT line_id, result.reason FROM ({_FINDINGS}) AS result JOIN line USING (line_id) "
        "WHERE slice_id = $2 AND state = 'normal' AND kind <> 'deduction' AND result.result IN ('hold', 'block')",
        stream_id,
        one.slice_id,
    )
    return {
        row["line_id"]: row["reason"] or "拨付前核查命中 (hit by the check before the file)" for row in rows
    }


async def arrived(tx: Tx, stream: str, slice_id: str, announced: int) -> bool:
    """Count a slice's results; true when all announced slices of the check or order are here."""
    await tx.execute("INSERT INTO arrival VALUES ($1, $2) ON CONFLICT DO NOTHING", stream, slice_id)
    found: int = await tx.fetchval("SELECT count(*) FROM arrival WHERE stream = $1", stream)
    return found >= announced


async def reopen(tx: Tx, one: Slice, actor: str) -> int:
    """Open lines back to 处理中, to be checked again; returns how many.

    A line stays where its village is still unknown; under an objection only what it returns to changes. Who is
    paid is asked anew: a change of payee is one of the corrections.
    """
    lines: Sequence[Any] = await tx.fetch(
        """
        WITH changed AS (
            UPDATE line SET
                state = CASE WHEN resume_state IS NULL THEN 'processing' ELSE state END,
                reason = CASE WHEN resume_state IS NULL THEN NULL ELSE reason END,
                resume_state = CASE WHEN resume_state IS NULL THEN NULL ELSE 'processing' END,
                resume_reason = NULL, rev = rev + 1,
                payee_id = coalesce(payee_of(line.subject_id, $5, $6::date),
                                    (SELECT payee_id FROM enrolment e
                                      WHERE e.application_id = line.application_id), payee_id)
             WHERE slice_id = $1 AND state IN ('abnormal', 'processing', 'held') AND village <> township
               AND kind <> 'deduction'
            RETURNING *
        ), noted AS (
            INSERT INTO line_change
            SELECT line_id, rev, slice_id, state, reason, amount_fen, $2, $3, $4 FROM changed
        )
        SELECT line_id FROM changed WHERE state = 'processing'
        """,
        one.slice_id,
        actor,
        tx.cause.id if tx.cause else None,
        tx.now,
        one.project,
        tx.today,
    )
    return len(lines)


async def lost_cards(tx: Tx, one: Slice, stream_id: str) -> dict[str, str]:
    """Line id → the agency's reason of the normal lines whose card can no longer take money."""
    rows = await tx.fetch(
        f"SELECT line_id, result.reason FROM ({_CARDS}) AS result JOIN line USING (line_id) "
        "WHERE slice_id = $2 AND state = 'normal' AND kind <> 'deduction' AND result.result = 'abnormal'",
        stream_id,
        one.slice_id,
    )
    return {row["line_id"]: row["reason"] or "社会保障卡异常 (the card can't take money)" for row in rows}


async def leave_normal(tx: Tx, reasons: dict[str, str], state: str, actor: str) -> int:
    """What a check before the file found: `held` by a hit, `abnormal` by the card; with the reasons given."""
    return await tx.execute(
        """
        WITH hit AS (
            SELECT * FROM jsonb_to_recordset($1) AS h(line_id text, reason text)
        ), changed AS (
            UPDATE line SET state = $5, reason = hit.reason, rev = rev + 1
              FROM hit WHERE line.line_id = hit.line_id RETURNING line.*
        )
        INSERT INTO line_change
        SELECT line_id, rev, slice_id, state, reason, amount_fen, $2, $3, $4 FROM changed
        """,
        [{"line_id": line_id, "reason": reason} for line_id, reason in reasons.items()],
        actor,
        tx.cause.causation_id if tx.cause else None,
        tx.now,
        state,
    )
