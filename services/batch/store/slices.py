"""Slices: opening a township's submission, stating revisions, counters."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from contracts.batch import Line, LinesStated, SliceOpened
from kit import chunks
from kit.db import Tx
from kit.ids import new_id
from services.batch.domain.lines import UNKNOWN_VILLAGE
from services.batch.store.tables import Batch, Slice

_LINES = TypeAdapter(list[Line])
DUPLICATE = "R05 该对象本期已有有效明细 (R05: the person has a live line for this period)"


async def find(tx: Tx, slice_id: str, *, lock: bool = False) -> Slice | None:
    """The slice or None; `lock` keeps others from changing it until the commit."""
    row = await tx.fetchrow(
        f"SELECT * FROM slice WHERE slice_id = $1 {'FOR UPDATE' if lock else ''}", slice_id
    )
    return Slice(**row) if row else None


async def locked(tx: Tx, slice_ids: Collection[str]) -> dict[str, Slice]:
    """Several slices, locked in one order, by id."""
    rows = await tx.fetch(
        "SELECT * FROM slice WHERE slice_id = ANY($1) ORDER BY slice_id FOR UPDATE", list(slice_ids)
    )
    return {row["slice_id"]: Slice(**row) for row in rows}


async def add(
    tx: Tx, batch: Batch, township: str, category: str, *, by: str, parent: Slice | None = None
) -> Slice:
    """A new slice with the next submission number of its batch, township and category."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{batch.batch_id}|{township}|{category}"
    )
    number = await tx.fetchval(
        "SELECT coalesce(max(number), 0) + 1 FROM slice WHERE (batch_id, township, category) = ($1, $2, $3)",
        batch.batch_id,
        township,
        category,
    )
    one = Slice(
        slice_id=new_id(),
        batch_id=batch.batch_id,
        project=batch.project,
        period=batch.period,
        county=batch.county,
        township=township,
        category=category,
        number=number,
        kind="supplement" if parent else "first",
        parent_id=parent.slice_id if parent else None,
        state="township",
        revision=0,
        exclusions=0,
        submitted_by=by,
        submitted_at=tx.now,
    )
    await tx.insert(one)
    return one


async def fill(
    tx: Tx, one: Slice, villages: Mapping[str, str], application_ids: Sequence[str] | None, actor: str
) -> int:
    """Turn the open candidates into lines of the slice; returns how many (M17: 受理地区 is checked here).

    A village text that `villages` doesn't know makes an abnormal line; a second live line is refused (R05).
    """
    chosen = (
        "project = $2 AND township = $3 AND category = $4 AND state = 'open' "
        "AND ($5::text[] IS NULL OR application_id = ANY($5))"
    )
    keys = (one.slice_id, one.project, one.township, one.category, application_ids)
    lines = await tx.execute(
        f"""
        WITH village AS (SELECT * FROM jsonb_to_recordset($6) AS v(text text, code text)), fresh AS (
            INSERT INTO line (line_id, slice_id, batch_id, project, period, county, township, category,
                              application_id, subject_id, payee_id, village, state, reason, rev,
                              entitlement_period)
            SELECT gen_random_uuid()::text, s.slice_id, s.batch_id, s.project, s.period, s.county, s.township,
                   s.category, c.application_id, c.subject_id, c.subject_id, coalesce(v.code, s.township),
                   CASE WHEN v.code IS NULL THEN 'abnormal' ELSE 'processing' END,
                   CASE WHEN v.code IS NULL THEN $7 END, 1, s.period
              FROM (SELECT * FROM candidate WHERE {chosen}) AS c
              JOIN slice s ON s.slice_id = $1
              LEFT JOIN village v ON v.text = c.village
             ORDER BY c.application_id
            ON CONFLICT (subject_id, project, entitlement_period, kind, installment) WHERE state <> 'void'
            DO NOTHING
            RETURNING *
        ), taken AS (
            UPDATE candidate SET state = 'submitted', line_id = fresh.line_id FROM fresh
             WHERE candidate.application_id = fresh.application_id
        )
        INSERT INTO line_change
        SELECT line_id, rev, slice_id, state, reason, amount_fen, $8, NULL, $9 FROM fresh
        """,
        *keys,
        [{"text": text, "code": code} for text, code in villages.items()],
        UNKNOWN_VILLAGE,
        actor,
        tx.now,
    )
    await tx.execute(
        f"UPDATE candidate SET state = 'refused', reason = $6 WHERE $1::text IS NOT NULL AND {chosen}",
        *keys,
        DUPLICATE,
    )
    return lines


async def drop_empty(tx: Tx, one: Slice) -> None:
    """Remove a slice that no line came into; nobody has heard of it."""
    await tx.execute("DELETE FROM slice WHERE slice_id = $1", one.slice_id)


async def state_revision(tx: Tx, one: Slice, cause: str | None) -> Slice:
    """State the slice's next revision: all its lines but the void ones; returns the slice at it."""
    revision = one.revision + 1
    await tx.execute("UPDATE slice SET revision = $2 WHERE slice_id = $1", one.slice_id, revision)
    found = await tx.fetch(
        """
        SELECT line_id, rev, application_id, subject_id, payee_id, village, state, reason, kind, installment,
               entitlement_period, quantity, amount_fen
          FROM line WHERE slice_id = $1 AND state <> 'void' ORDER BY line_id
        """,
        one.slice_id,
    )
    rows = _LINES.validate_python([dict(row) for row in found])
    await tx.execute(
        "INSERT INTO slice_revision VALUES ($1, $2, $3, $4, $5)",
        one.slice_id,
        revision,
        cause,
        len(rows),
        tx.now,
    )
    await chunks.state(
        tx,
        LinesStated,
        rows,
        stream_id=one.slice_id,
        revision=revision,
        cause=cause,
        batch_id=one.batch_id,
        project=one.project,
        period=one.period,
        county=one.county,
        township=one.township,
        category=one.category,
    )
    return Slice(**{**one.model_dump(), "revision": revision})


async def announce(tx: Tx, one: Slice, *, publicity_done: bool) -> Slice:
    """State revision 1 and say that the submission exists: its township instance starts."""
    stated = await state_revision(tx, one, tx.cause.id if tx.cause else None)
    lines = await tx.fetchval(
        "SELECT lines FROM slice_revision WHERE (slice_id, revision) = ($1, $2)",
        one.slice_id,
        stated.revision,
    )
    tx.emit(
        SliceOpened(
            slice_id=one.slice_id,
            batch_id=one.batch_id,
            project=one.project,
            period=one.period,
            county=one.county,
            township=one.township,
            category=one.category,
            number=one.number,
            kind=one.kind,
            publicity_done=publicity_done,
            revision=stated.revision,
            lines=lines,
        )
    )
    return stated


async def counters(tx: Tx, slice_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """总人数, 正常, 异常, 处理中, 挂起, 作废, 总金额 per slice; total_fen None is 待测算."""
    rows = await tx.fetch(
        """
        SELECT slice_id, count(*) AS lines, count(*) FILTER (WHERE state = 'normal') AS normal,
               count(*) FILTER (WHERE state = 'abnormal') AS abnormal,
               count(*) FILTER (WHERE state = 'processing') AS processing,
               count(*) FILTER (WHERE state = 'held') AS held, count(*) FILTER (WHERE state = 'void') AS void,
               count(*) FILTER (WHERE state = 'paid') AS paid,
               count(*) FILTER (WHERE state = 'failed') AS failed,
               CASE WHEN bool_or(state = 'normal' AND amount_fen IS NULL) THEN NULL
                    ELSE (sum(amount_fen) FILTER (WHERE state IN ('normal', 'paid', 'failed')))::bigint
               END AS total_fen
          FROM line WHERE slice_id = ANY($1) GROUP BY slice_id
        """,
        list(slice_ids),
    )
    return {row["slice_id"]: dict(row) for row in rows}


async def normal_lines(tx: Tx, slice_ids: Sequence[str]) -> int:
    """How many lines of these slices are normal."""
    found: int = await tx.fetchval(
        "SELECT count(*) FROM line WHERE slice_id = ANY($1) AND state = 'normal'", list(slice_ids)
    )
    return found


async def set_state(tx: Tx, slice_id: str, state: str) -> None:
    """Move a slice between township, arrived, settled and ended (sets have their own way)."""
    await tx.execute("UPDATE slice SET state = $2 WHERE slice_id = $1", slice_id, state)


async def hand_over(tx: Tx, slice_id: str, command: str) -> None:
    """送区县审核: the slice waits for a set; `command` is answered when it is settled or returned."""
    await tx.execute(
        "UPDATE slice SET state = 'arrived', hand_command = $2 WHERE slice_id = $1", slice_id, command
    )
