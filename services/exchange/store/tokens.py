"""Which persons an agency may ask about, by its own tokens or by its pseudonyms, and how they stand."""

from collections.abc import Mapping, Sequence
from typing import Any

from kit.db import Tx
from services.exchange.domain import Filter
from services.exchange.store.tables import Callback

_COVERED = (
    "project = ANY($2::text[]) AND EXISTS (SELECT FROM unnest($3::text[]) AS region "
    "WHERE starts_with(township, region))"
)


async def without(tx: Tx, agency: str, covered: Filter, limit: int) -> list[str]:
    """Subjects of covered enrolments that have no token of this agency yet."""
    rows = await tx.fetch(
        f"SELECT DISTINCT subject_id FROM enrolment WHERE {_COVERED} AND NOT EXISTS "
        "(SELECT FROM token WHERE token.agency = $1 AND token.subject_id = enrolment.subject_id) "
        "ORDER BY subject_id LIMIT $4",
        agency,
        list(covered.projects),
        list(covered.regions),
        limit,
    )
    return [row["subject_id"] for row in rows]


async def keep(tx: Tx, agency: str, rows: Sequence[tuple[str, str | None, str]]) -> None:
    """Keep (subject, token, pseudonym)."""
    await tx.executemany(
        "INSERT INTO token (agency, subject_id, token, pseudonym) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        [(agency, *row) for row in rows],
    )


async def standing(tx: Tx, agency: str, covered: Filter, asked: Sequence[str]) -> Mapping[str, list[Any]]:
    """By token or pseudonym: the covered enrolments, with the pseudonym. What is not covered is not found."""
    rows = await tx.fetch(
        "SELECT asked.one AS asked, token.pseudonym, enrolment.* FROM unnest($4::text[]) AS asked(one) "
        "JOIN token ON token.agency = $1 AND (token.token = asked.one OR token.pseudonym = asked.one) "
        f"JOIN enrolment USING (subject_id) WHERE {_COVERED} ORDER BY enrolment_id",
        agency,
        list(covered.projects),
        list(covered.regions),
        sorted(set(asked)),
    )
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row["asked"], []).append(row)
    return found


async def due_callbacks(tx: Tx) -> list[Callback]:
    """Questions whose answer may be sent now, the oldest first."""
    rows = await tx.fetch(
        "SELECT * FROM callback WHERE state = 'waiting' AND (next_at IS NULL OR next_at <= $1) "
        "ORDER BY asked_at, correlation_id LIMIT 20",
        tx.wall,
    )
    return [Callback(**row) for row in rows]


async def save_callback(tx: Tx, one: Callback) -> None:
    """What became of an answer; a question that is done is forgotten but for its ids."""
    await tx.execute(
        "UPDATE callback SET attempts = $2, next_at = $3, state = $4, reason = $5, "
        "request = CASE $4 WHEN 'waiting' THEN request ELSE '{}'::jsonb END WHERE correlation_id = $1",
        one.correlation_id,
        one.attempts,
        one.next_at,
        one.state,
        one.reason,
    )
