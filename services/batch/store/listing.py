"""Lists for desks: slices and sets of a region with the nodes that have signed them."""

from collections.abc import Sequence
from typing import Any

from kit.db import Tx

_SIGNED = "ARRAY(SELECT node FROM manifest WHERE subject = {subject} AND superseded_at IS NULL ORDER BY seq)"


async def slices(
    tx: Tx,
    region: str,
    projects: Sequence[str] | None,
    *,
    batch_id: str | None = None,
    set_id: str | None = None,
    slice_id: str | None = None,
) -> list[dict[str, Any]]:
    """Slices inside a region with `signed`, newest submission last; `projects` None means all."""
    rows = await tx.fetch(
        f"""
        SELECT s.*, {_SIGNED.format(subject="s.slice_id")} AS signed FROM slice s
         WHERE starts_with(s.township, $1) AND ($2::text[] IS NULL OR s.project = ANY($2))
           AND ($3::text IS NULL OR s.batch_id = $3) AND ($4::text IS NULL OR s.set_id = $4)
           AND ($5::text IS NULL OR s.slice_id = $5)
         ORDER BY s.township, s.category, s.number
        """,
        region,
        projects,
        batch_id,
        set_id,
        slice_id,
    )
    return [dict(row) for row in rows]


async def sets(
    tx: Tx,
    region: str,
    projects: Sequence[str] | None,
    *,
    batch_id: str | None = None,
    set_id: str | None = None,
) -> list[dict[str, Any]]:
    """Sets inside a region with `signed`, `members` (slice ids now in it) and counters, oldest first."""
    rows = await tx.fetch(
        f"""
        SELECT s.*, {_SIGNED.format(subject="s.set_id")} AS signed,
               ARRAY(SELECT slice_id FROM slice WHERE slice.set_id = s.set_id ORDER BY slice_id) AS members,
               c.*
          FROM settlement_set s CROSS JOIN LATERAL (
            SELECT count(*) AS lines, count(*) FILTER (WHERE line.state IN ('normal', 'paid')) AS normal,
                   count(*) FILTER (WHERE line.state IN ('abnormal', 'processing', 'held')) AS abnormal,
                   count(*) FILTER (WHERE line.state = 'void') AS void,
                   count(*) FILTER (WHERE line.state = 'paid') AS paid,
                   count(*) FILTER (WHERE line.state = 'failed') AS failed,
                   CASE WHEN bool_or(line.state = 'normal' AND amount_fen IS NULL) THEN NULL
                        ELSE (sum(amount_fen) FILTER (
                            WHERE line.state IN ('normal', 'paid', 'failed')))::bigint
                   END AS total_fen
              FROM line JOIN slice USING (slice_id) WHERE slice.set_id = s.set_id
          ) c
         WHERE starts_with(s.county, $1) AND ($2::text[] IS NULL OR s.project = ANY($2))
           AND ($3::text IS NULL OR s.batch_id = $3) AND ($4::text IS NULL OR s.set_id = $4)
         ORDER BY s.opened_at, s.set_id
        """,
        region,
        projects,
        batch_id,
        set_id,
    )
    return [dict(row) for row in rows]


async def lines(
    tx: Tx, region: str, *, application_id: str | None, subject_id: str | None
) -> list[dict[str, Any]]:
    """Lines of one application or person inside a region, oldest entitlement first."""
    rows = await tx.fetch(
        """
        SELECT line_id, slice_id, batch_id, project, period, township, village, application_id, subject_id,
               payee_id, state, reason, rev, kind, installment, entitlement_period, quantity, amount_fen,
               published, reissue_of, replaced_by
          FROM line WHERE starts_with(township, $1) AND (application_id = $2 OR subject_id = $3)
         ORDER BY entitlement_period, line_id
        """,
        region,
        application_id,
        subject_id,
    )
    return [dict(row) for row in rows]


async def revisions(tx: Tx, slice_id: str) -> list[dict[str, Any]]:
    """A slice's revisions with the command whose results each states."""
    rows = await tx.fetch(
        "SELECT revision, cause, lines, stated_at FROM slice_revision WHERE slice_id = $1 ORDER BY revision",
        slice_id,
    )
    return [dict(row) for row in rows]
