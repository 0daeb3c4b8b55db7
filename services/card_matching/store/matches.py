"""Matches: opened by the command, closed with their results; and what they need to know of slices and projects."""

from datetime import timedelta
from typing import Any

from contracts.batch import LinesStated
from contracts.card_matching import MatchSlice
from contracts.orchestrator import ProjectDeployed
from kit.db import Tx
from kit.errors import NonRetryableError
from services.card_matching.domain import A_CALL, DEFAULT_FRESH_DAYS, DEFAULT_MOST_ASKS, Terms

_FINAL = "('void', 'paid', 'failed')"


async def save_terms(tx: Tx, message: ProjectDeployed, terms: Terms) -> None:
    """Keep the newest version's terms."""
    await tx.execute(
        "INSERT INTO project VALUES ($1, $2, $3, $4) ON CONFLICT (project) DO UPDATE SET "
        "version = excluded.version, fresh_days = excluded.fresh_days, most_asks = excluded.most_asks",
        message.project,
        message.version,
        terms.fresh_days,
        terms.most_asks,
    )


async def save_slice(tx: Tx, message: LinesStated) -> None:
    """Project and region of a slice never change."""
    await tx.execute(
        "INSERT INTO slice VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        message.stream_id,
        message.project,
        message.county,
        message.township,
    )


async def open_match(tx: Tx, match_id: str, message: MatchSlice) -> None:
    """The match, its payees and the first requests; the same command again does nothing."""
    terms = await tx.fetchrow(
        "SELECT fresh_days, most_asks FROM project WHERE project = $1", message.project
    ) or {"fresh_days": DEFAULT_FRESH_DAYS, "most_asks": DEFAULT_MOST_ASKS}
    new = await tx.execute(
        "INSERT INTO card_match SELECT $1, slice_id, $3, project, county, township, $4, $5 FROM slice "
        "WHERE slice_id = $2 ON CONFLICT DO NOTHING",
        match_id,
        message.slice_id,
        message.revision,
        terms["most_asks"],
        tx.now,
    )
    if not new:
        if not await tx.fetchval("SELECT true FROM card_match WHERE match_id = $1", match_id):
            raise NonRetryableError("the slice was never stated here")
        return
    # A card found good since `$4`; a copied result keeps its own date, so that it ages.
    await tx.execute(
        "INSERT INTO match_person (match_id, payee_id, part, status, settled_at) "
        "SELECT $1, payee_id, (row_number() OVER (PARTITION BY good_at IS NULL ORDER BY payee_id) - 1) / $5, "
        "CASE WHEN good_at IS NULL THEN 'waiting' ELSE 'normal' END, good_at "
        "FROM (SELECT DISTINCT row->>'payee_id' AS payee_id FROM chunk_rows($2, $3) AS row "
        f"WHERE row->>'state' NOT IN {_FINAL}) AS payee "
        "LEFT JOIN LATERAL (SELECT max(settled_at) AS good_at FROM match_person AS former "
        "WHERE former.payee_id = payee.payee_id AND status = 'normal' AND settled_at > $4) AS fresh ON true",
        match_id,
        message.slice_id,
        message.revision,
        tx.now - timedelta(days=terms["fresh_days"]),
        A_CALL,
    )
    await tx.execute(
        "INSERT INTO match_part (match_id, part, operation, next_at) SELECT DISTINCT match_id, part, 'match', "
        "$2::timestamptz FROM match_person WHERE match_id = $1 AND status = 'waiting'",
        match_id,
        tx.wall,
    )
    await tx.execute(
        "INSERT INTO part_person SELECT match_id, part, payee_id FROM match_person "
        "WHERE match_id = $1 AND status = 'waiting'",
        match_id,
    )


async def settled(tx: Tx) -> Any:
    """The oldest open match that waits for nobody, locked; or None."""
    return await tx.fetchrow(
        "SELECT * FROM card_match WHERE done_at IS NULL AND NOT EXISTS (SELECT FROM match_person "
        "WHERE match_person.match_id = card_match.match_id AND settled_at IS NULL) "
        "ORDER BY at, match_id LIMIT 1 FOR UPDATE SKIP LOCKED"
    )


async def line_cards(tx: Tx, match: Any) -> list[Any]:
    """Every line of the revision with its payee's result, in the revision's order."""
    return await tx.fetch(
        "SELECT row->>'line_id' AS line_id, (row->>'rev')::int AS rev, person.status, person.reason "
        "FROM chunk_rows($2, $3) WITH ORDINALITY AS rows(row, number) "
        "JOIN match_person AS person ON person.match_id = $1 AND person.payee_id = row->>'payee_id' "
        f"WHERE row->>'state' NOT IN {_FINAL} ORDER BY number",
        match["match_id"],
        match["slice_id"],
        match["revision"],
    )


async def close(tx: Tx, match_id: str) -> None:
    """Answered."""
    await tx.execute("UPDATE card_match SET done_at = $2 WHERE match_id = $1", match_id, tx.now)
