"""核实 requests: one open per application."""

from typing import Any

from contracts.verification import ReviewGranted
from kit.db import Tx
from services.verification.domain.reviewing import CONFIRM, LIFT
from services.verification.store import claims, reviewing
from services.verification.store.review_tables import Review


async def refused_check(tx: Tx, application_id: str) -> Any:
    """The newest 资格校验 of an application, or None."""
    return await tx.fetchrow(
        "SELECT * FROM application_check WHERE application_id = $1 AND done_at IS NOT NULL "
        "ORDER BY at DESC, job_id DESC LIMIT 1",
        application_id,
    )


async def open_one(tx: Tx, application_id: str) -> Any:
    """The request that is open, or was granted; locked against a second one."""
    await tx.execute("SELECT pg_advisory_xact_lock(7204104, hashtext($1))", application_id)
    return await tx.fetchrow(
        "SELECT * FROM review WHERE application_id = $1 AND state IN ('requested', 'proposed', 'granted')",
        application_id,
    )


async def add(tx: Tx, one: Review) -> None:
    """Store a request."""
    await tx.insert(one)


async def find(tx: Tx, review_id: str, lock: bool = False) -> Any:
    """A request, or None."""
    return await tx.fetchrow(
        f"SELECT * FROM review WHERE review_id = $1 {'FOR UPDATE' if lock else ''}", review_id
    )


async def page(
    tx: Tx,
    region: str | None,
    subject: str | None,
    projects: list[str] | None,
    state: str | None,
    after: int,
    limit: int,
) -> list[Any]:
    """Requests of a region, or of one person, oldest first."""
    return await tx.fetch(
        "SELECT * FROM review WHERE ($1::text IS NULL OR starts_with(township, $1)) "
        "AND ($2::text IS NULL OR subject_id = $2) AND ($3::text[] IS NULL OR project = ANY($3)) "
        "AND ($4::text IS NULL OR state = $4) AND number > $5 ORDER BY number LIMIT $6",
        region,
        subject,
        projects,
        state,
        after,
        limit,
    )


async def hits_of(tx: Tx, check_id: str, application_id: str) -> list[Any]:
    """Why the application was refused."""
    return await tx.fetch(
        "SELECT * FROM hit WHERE check_id = $1 AND application_id = $2 AND effect IN ('hold', 'block') "
        "ORDER BY hit_id",
        check_id,
        application_id,
    )


async def add_evidence(tx: Tx, review_id: str, evidence_ids: list[str]) -> None:
    """Documents join the request."""
    await tx.execute(
        "UPDATE review SET evidence_ids = evidence_ids || $2 WHERE review_id = $1", review_id, evidence_ids
    )


async def propose(tx: Tx, review_id: str, decision: str, reason: bytes) -> None:
    """One officer's answer, for another to decide."""
    await tx.execute(
        "UPDATE review SET state = 'proposed', decision = $2, reason_sealed = $3, proposed_by = $4, "
        "proposed_at = $5, opinion_sealed = NULL WHERE review_id = $1",
        review_id,
        decision,
        reason,
        tx.actor,
        tx.now,
    )


async def reject(tx: Tx, review_id: str, opinion: bytes | None) -> None:
    """Back to the officers."""
    await tx.execute(
        "UPDATE review SET state = 'requested', decision = NULL, opinion_sealed = $2 WHERE review_id = $1",
        review_id,
        opinion,
    )


async def approve(tx: Tx, review: Any, opinion: bytes | None) -> str:
    """Granted: what stood against the person is lifted, and the claim stands again. Returns the new state."""
    granted = review["decision"] == "grant"
    await tx.execute(
        "UPDATE review SET state = $2, decided_by = $3, decided_at = $4, opinion_sealed = $5 WHERE review_id = $1",
        review["review_id"],
        "granted" if granted else "refused",
        tx.actor,
        tx.now,
        opinion,
    )
    for hit in await hits_of(tx, review["check_id"], review["application_id"]):
        if hit["state"] == "open":
            origin = f"review:{review['review_id']}"
            await reviewing.settle(tx, hit, LIFT if granted else CONFIRM, None, None, origin)
    if granted:
        await claims.revive_application(tx, review["application_id"])
        names = ("application_id", "subject_id", "project", "township", "category", "review_id")
        tx.emit(ReviewGranted(**{name: review[name] for name in names}))
    return "granted" if granted else "refused"
