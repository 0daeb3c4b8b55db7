"""Looking at a slice's newest match."""

from typing import Any

from kit.db import Tx


async def head(tx: Tx, slice_id: str) -> Any:
    """The slice with its newest match, if any, and how many persons stand where; or None."""
    return await tx.fetchrow(
        "SELECT slice.slice_id, slice.project, slice.township, match_id, revision, at, done_at, "
        "counts.normal, counts.abnormal, counts.processing FROM slice "
        "LEFT JOIN LATERAL (SELECT * FROM card_match WHERE card_match.slice_id = slice.slice_id "
        "ORDER BY revision DESC, at DESC LIMIT 1) AS newest ON true "
        "LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE status = 'normal')::int AS normal, "
        "count(*) FILTER (WHERE status = 'abnormal')::int AS abnormal, "
        "count(*) FILTER (WHERE settled_at IS NULL)::int AS processing FROM match_person "
        "WHERE match_person.match_id = newest.match_id) AS counts ON true WHERE slice.slice_id = $1",
        slice_id,
    )


async def page(tx: Tx, match_id: str, status: str | None, after: str, limit: int) -> list[Any]:
    """Persons of a match by id; one not yet settled is `processing`."""
    return await tx.fetch(
        "SELECT payee_id AS subject_id, reason, asks, settled_at, "
        "CASE WHEN settled_at IS NULL THEN 'processing' ELSE status END AS status FROM match_person "
        "WHERE match_id = $1 AND payee_id > $3 AND ($2::text IS NULL "
        "OR CASE WHEN settled_at IS NULL THEN 'processing' ELSE status END = $2) ORDER BY payee_id LIMIT $4",
        match_id,
        status,
        after,
        limit,
    )
