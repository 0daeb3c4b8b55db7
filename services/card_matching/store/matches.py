"""Matches: opened by the command, closed with their results; and what they need to know of slices and projects."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from contracts.batch import LinesStated
from contracts.orchestrator import ProjectDeployed
from kit.db import Tx
from kit.errors import NonRetryableError
from services.card_matching.domain import A_CALL, NOT_AUTHORISED, Terms

_FINAL = "('void', 'paid', 'failed')"


async def save_terms(tx: Tx, message: ProjectDeployed, terms: Terms) -> None:
    """Keep the newest version's terms."""
    await tx.execute(
        "INSERT INTO project (project, version, fresh_days, most_asks, recheck_days) "
        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (project) DO UPDATE SET "
        "version = excluded.version, fresh_days = excluded.fresh_days, most_asks = excluded.most_asks, "
        "recheck_days = excluded.recheck_days",
        message.project,
        message.version,
        terms.fresh_days,
        terms.most_asks,
        terms.recheck_days,
    )


async def terms_of(tx: Tx, project: str) -> Terms:
    """The project's terms; the usual ones while none are known."""
    row = await tx.fetchrow("SELECT * FROM project WHERE project = $1", project)
    return Terms(row["fresh_days"], row["most_asks"], row["recheck_days"]) if row else Terms()


async def distrust(tx: Tx, slice_id: str, revision: int) -> None:
    """The payees of 重发 lines: their account failed at the bank, whatever the agency said before."""
    await tx.execute(
        "INSERT INTO distrusted SELECT DISTINCT row->>'payee_id', $3::timestamptz "
        "FROM chunk_rows($1, $2) AS row WHERE row->>'reissue_of' IS NOT NULL "
        "ON CONFLICT (payee_id) DO UPDATE SET since = greatest(distrusted.since, excluded.since)",
        slice_id,
        revision,
        tx.now,
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


async def open_match(
    tx: Tx,
    match_id: str,
    slice_id: str,
    revision: int,
    *,
    fresh_days: int,
    most_asks: int,
    check_id: str | None = None,
) -> None:
    """The match, its payees and the first requests; the same command again does nothing.

    Raises NonRetryableError for a slice that was never stated here.
    """
    new = await tx.execute(
        "INSERT INTO card_match (match_id, slice_id, revision, project, county, township, most_asks, at, "
        "check_id) SELECT $1, slice_id, $3, project, county, township, $4, $5, $6 FROM slice "
        "WHERE slice_id = $2 ON CONFLICT DO NOTHING",
        match_id,
        slice_id,
        revision,
        most_asks,
        tx.now,
        check_id,
    )
    if not new:
        if not await tx.fetchval("SELECT true FROM card_match WHERE match_id = $1", match_id):
            raise NonRetryableError("the slice was never stated here")
        return
    # Fresh is whose newest answer was good, is younger than `$4`, and came after any failure at the bank; a copied
    # result keeps its own date, so that it ages. A card lost since then has a newer answer.
    await tx.execute(
        "INSERT INTO match_person (match_id, payee_id, part, status, settled_at) "
        "SELECT $1, payee_id, (row_number() OVER (PARTITION BY good_at IS NULL ORDER BY payee_id) - 1) / $5, "
        "CASE WHEN good_at IS NULL THEN 'waiting' ELSE 'normal' END, good_at "
        "FROM (SELECT DISTINCT row->>'payee_id' AS payee_id FROM chunk_rows($2, $3) AS row "
        f"WHERE row->>'state' NOT IN {_FINAL}) AS payee "
        "LEFT JOIN distrusted USING (payee_id) "
        "LEFT JOIN LATERAL (SELECT settled_at AS good_at FROM (SELECT settled_at, status "
        "FROM match_person AS former WHERE former.payee_id = payee.payee_id AND settled_at IS NOT NULL "
        "ORDER BY settled_at DESC, status LIMIT 1) AS newest WHERE status = 'normal' AND settled_at > $4 "
        "AND settled_at > coalesce(distrusted.since, '-infinity')) AS fresh ON true",
        match_id,
        slice_id,
        revision,
        tx.now - timedelta(days=fresh_days),
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


async def payees_unchecked(tx: Tx) -> Any:
    """The oldest open match of whose payees the registry has not been asked; or None."""
    return await tx.fetchrow(
        "SELECT match_id, slice_id, revision, project FROM card_match "
        "WHERE done_at IS NULL AND NOT payees_checked ORDER BY at, match_id LIMIT 1"
    )


async def pairs(tx: Tx, match: Any) -> list[tuple[str, str]]:
    """(beneficiary, payee) of a match, each once."""
    rows = await tx.fetch(
        "SELECT DISTINCT row->>'subject_id' AS subject_id, row->>'payee_id' AS payee_id "
        f"FROM chunk_rows($1, $2) AS row WHERE row->>'state' NOT IN {_FINAL} ORDER BY 1, 2",
        match["slice_id"],
        match["revision"],
    )
    return [(row["subject_id"], row["payee_id"]) for row in rows]


async def record_payees(tx: Tx, match_id: str, unauthorised: Sequence[tuple[str, str]]) -> None:
    """What the registry said about a match's payees; again changes nothing."""
    await tx.execute(
        "INSERT INTO unauthorised SELECT $1, * FROM unnest($2::text[], $3::text[]) ON CONFLICT DO NOTHING",
        match_id,
        [subject for subject, _ in unauthorised],
        [payee for _, payee in unauthorised],
    )
    await tx.execute("UPDATE card_match SET payees_checked = true WHERE match_id = $1", match_id)


OPEN = (
    "NOT payees_checked OR EXISTS (SELECT FROM match_person "
    "WHERE match_person.match_id = card_match.match_id AND settled_at IS NULL)"
)


async def settled(tx: Tx) -> Any:
    """The oldest open match of a slice that waits for nobody, locked; or None."""
    return await tx.fetchrow(
        f"SELECT * FROM card_match WHERE done_at IS NULL AND check_id IS NULL AND NOT ({OPEN}) "
        "ORDER BY at, match_id LIMIT 1 FOR UPDATE SKIP LOCKED"
    )


async def line_cards(tx: Tx, match: Any) -> list[Any]:
    """Every line of the revision with its payee's result, in the revision's order; R12 goes before a good card."""
    return await tx.fetch(
        "SELECT row->>'line_id' AS line_id, (row->>'rev')::int AS rev, "
        "CASE WHEN wrong.payee_id IS NULL THEN person.status ELSE 'abnormal' END AS status, "
        "CASE WHEN wrong.payee_id IS NULL THEN person.reason ELSE $4 END AS reason "
        "FROM chunk_rows($2, $3) WITH ORDINALITY AS rows(row, number) "
        "JOIN match_person AS person ON person.match_id = $1 AND person.payee_id = row->>'payee_id' "
        "LEFT JOIN unauthorised AS wrong ON wrong.match_id = $1 AND wrong.subject_id = row->>'subject_id' "
        "AND wrong.payee_id = row->>'payee_id' "
        f"WHERE row->>'state' NOT IN {_FINAL} ORDER BY number",
        match["match_id"],
        match["slice_id"],
        match["revision"],
        NOT_AUTHORISED,
    )


async def close(tx: Tx, match_id: str) -> None:
    """Answered."""
    await tx.execute("UPDATE card_match SET done_at = $2 WHERE match_id = $1", match_id, tx.now)
