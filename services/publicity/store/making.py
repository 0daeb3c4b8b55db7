"""Which lines of a stated revision a notice shows, set-wise: all, or new and changed ones."""

from kit.db import Tx
from services.publicity.store.rows import WITHDRAWN
from services.publicity.store.tables import Notice

# Deductions (扣回) are never shown: the list tells what somebody is entitled to, not what they owe.
_NORMAL = (
    "SELECT r.* FROM (SELECT line.line_id, line.application_id, line.subject_id, line.rev, line.village, "
    "line.quantity, line.kind, CASE WHEN $4 THEN line.amount_fen END AS amount FROM chunk_rows($1, $3) AS part, "
    "jsonb_to_record(part) AS line(line_id text, application_id text, subject_id text, rev int, village text, "
    "quantity text, amount_fen bigint, state text, kind text) "
    "WHERE line.state = 'normal' AND line.kind <> 'deduction') AS r "
    f"WHERE NOT {WITHDRAWN}"
)
# The words that confirmed notices of this round showed last, per line or per application.
_LAST = (
    "SELECT DISTINCT ON (old.{by}) old.{by}, old.village, old.quantity, old.amount_fen, n.notice_id "
    "FROM notice_row AS old JOIN notice AS n USING (notice_id) "
    "WHERE n.state = 'confirmed' AND n.round = $5 AND n.project = $6 AND {which} "
    "ORDER BY old.{by}, n.confirmed_at DESC, n.notice_id"
)
_OF_LINE = _LAST.format(by="line_id", which="$7 AND old.line_id IN (SELECT line_id FROM wanted)")
_OF_APPLICATION = _LAST.format(
    by="application_id",
    which="$8 AND old.kind = 'normal' AND old.application_id IN (SELECT application_id FROM wanted)",
)
_SAME = (
    "{0}.village = r.village AND {0}.quantity = r.quantity AND {0}.amount_fen IS NOT DISTINCT FROM r.amount"
)
_FOUND = (
    f"WITH wanted AS MATERIALIZED ({_NORMAL}), line AS MATERIALIZED ({_OF_LINE}), "
    f"application AS MATERIALIZED ({_OF_APPLICATION}), found AS (SELECT r.*, "
    "coalesce(line.notice_id, application.notice_id) AS shown_by FROM wanted AS r "
    f"LEFT JOIN line ON line.line_id = r.line_id AND {_SAME.format('line')} "
    "LEFT JOIN application ON application.application_id = r.application_id AND r.kind = 'normal' "
    f"AND {_SAME.format('application')}) "
)


def _values(notice: Notice) -> tuple[object, ...]:
    return (
        notice.slice_id,
        notice.slice_id,
        notice.revision,
        notice.with_amounts,
        notice.round,
        notice.project,
        notice.scope == "changed",
        notice.across_periods,
    )


async def make(tx: Tx, notice: Notice) -> int:
    """The notice's rows, numbered village by village; their number."""
    await tx.execute("DELETE FROM notice_row WHERE notice_id = $1", notice.notice_id)
    return await tx.execute(
        f"{_FOUND} INSERT INTO notice_row (notice_id, seq, line_id, subject_id, rev, village, quantity, "
        "amount_fen, application_id, kind) SELECT $9, row_number() OVER (ORDER BY village, line_id), line_id, "
        "subject_id, rev, village, quantity, amount, application_id, kind FROM found WHERE shown_by IS NULL",
        *_values(notice),
        notice.notice_id,
    )


async def left(tx: Tx, notice: Notice) -> tuple[int, str]:
    """How many lines are left to show, and a notice that showed the others last (empty: there is none)."""
    row = await tx.fetchrow(
        f"{_FOUND} SELECT count(*) FILTER (WHERE shown_by IS NULL) AS fresh, "
        "coalesce(max(shown_by), '') AS shown_by FROM found",
        *_values(notice),
    )
    assert row is not None, "an aggregate has one row"
    return row["fresh"], row["shown_by"]
