"""Slices: opening a township's submission, stating revisions, counters."""

from collections.abc import Collection, Sequence
from typing import Any

from pydantic import TypeAdapter

from contracts.batch import Line, LinesStated, SliceOpened
from kit.db import Tx
from kit.ids import new_id
from kit.stating import Statement
from services.batch.store import batches, deductions
from services.batch.store.tables import Batch, Slice

_LINES = TypeAdapter(list[Line])
REISSUE = "reissue"
PAGE = 5000
"""Lines read at once while a revision is stated."""


async def find(tx: Tx, slice_id: str, *, lock: bool = False) -> Slice | None:
    """The slice or None; `lock` keeps others from changing it until the commit."""
    row = await tx.fetchrow(
        f"SELECT * FROM slice WHERE slice_id = $1 {'FOR UPDATE' if lock else ''}", slice_id
    )
    return Slice(**row) if row else None


async def locked(tx: Tx, slice_ids: Collection[str]) -> dict[str, Slice]:
    """Several slices by id: locked in the order of ids, given by submission.

    Children are then numbered in that order by everybody, which is what keeps two sets from waiting in a circle.
    """
    rows = await tx.fetch(
        "SELECT * FROM slice WHERE slice_id = ANY($1) ORDER BY slice_id FOR UPDATE", list(slice_ids)
    )
    found = sorted(rows, key=lambda row: (row["township"], row["category"], row["slice_id"]))
    return {row["slice_id"]: Slice(**row) for row in found}


async def add(
    tx: Tx,
    batch: Batch,
    township: str,
    category: str,
    *,
    by: str,
    signatures: Sequence[str],
    kind: str = "first",
    parent: Slice | None = None,
) -> Slice:
    """A new slice with the next submission number; `signatures` its lines need before the county's."""
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
        kind=kind,
        parent_id=parent.slice_id if parent else None,
        state="township",
        revision=0,
        exclusions=0,
        submitted_by=by,
        submitted_at=tx.now,
        signatures=list(signatures),
    )
    await tx.insert(one)
    return one


async def child(tx: Tx, parent: Slice, kind: str) -> Slice:
    """A slice for lines that leave `parent`; what leaves a reissue stays one (§6: no signature but the county's)."""
    batch = await batches.find_batch(tx, parent.batch_id)
    assert batch is not None
    kind = REISSUE if parent.kind == REISSUE else kind
    signatures = [] if kind == REISSUE else parent.signatures
    return await add(
        tx,
        batch,
        parent.township,
        parent.category,
        by=parent.submitted_by,
        signatures=signatures,
        kind=kind,
        parent=parent,
    )


async def drop_empty(tx: Tx, one: Slice) -> None:
    """Remove a slice that no line came into; nobody has heard of it."""
    await tx.execute("DELETE FROM slice WHERE slice_id = $1", one.slice_id)


async def state_revision(tx: Tx, one: Slice, cause: str | None) -> Slice:
    """State the slice's next revision: all its lines but the void ones; returns the slice at it."""
    revision = one.revision + 1
    await deductions.follow(tx, [one.slice_id])
    await tx.execute("UPDATE slice SET revision = $2 WHERE slice_id = $1", one.slice_id, revision)
    cursor = await tx.connection.cursor(
        """
        SELECT line_id, rev, application_id, subject_id, payee_id, village, state, reason, kind, installment,
               entitlement_period, quantity, amount_fen, reissue_of
          FROM line WHERE slice_id = $1 AND state <> 'void' ORDER BY line_id
        """,
        one.slice_id,
    )
    statement = Statement(LinesStated)
    while page := await cursor.fetch(PAGE):
        statement.add(_LINES.validate_python([dict(row) for row in page]))
    await tx.execute(
        "INSERT INTO slice_revision VALUES ($1, $2, $3, $4, $5)",
        one.slice_id,
        revision,
        cause,
        statement.rows,
        tx.now,
    )
    await statement.state(
        tx,
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
