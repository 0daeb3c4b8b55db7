"""Proposals with their evidence, each decided once by another person."""

from typing import Any

from kit.db import Tx
from kit.ids import new_id
from services.payment.store.recovery_tables import Decision


class AlreadyProposed(Exception):
    """A proposal about the same thing still waits."""


class Moved(Exception):
    """What was decided about no longer stands as it was proposed."""


async def propose(
    tx: Tx,
    about: str,
    resource: str,
    place: tuple[str, str],
    choice: str,
    evidence: str,
    detail: dict[str, Any] | None = None,
) -> Decision:
    """Keep a proposal of the transaction's actor; `place` is (project, county). Raises AlreadyProposed."""
    await tx.execute("SELECT pg_advisory_xact_lock(7204102, hashtext($1))", f"{about}|{resource}")
    waiting = await tx.fetchval(
        "SELECT 1 FROM decision WHERE about = $1 AND resource = $2 AND state = 'proposed'", about, resource
    )
    if waiting:
        raise AlreadyProposed
    row = Decision(
        decision_id=new_id(),
        about=about,
        resource=resource,
        project=place[0],
        county=place[1],
        choice=choice,
        evidence=evidence,
        detail=detail or {},
        state="proposed",
        proposed_by=tx.actor,
        proposed_at=tx.now,
    )
    await tx.insert(row)
    tx.audit("payment.propose", f"{about}:{resource}", choice=choice, decision_id=row.decision_id)
    return row


async def lock(tx: Tx, decision_id: str) -> Decision | None:
    """A decision, locked until the transaction ends."""
    row = await tx.fetchrow("SELECT * FROM decision WHERE decision_id = $1 FOR UPDATE", decision_id)
    return Decision(**dict(row)) if row else None


async def close(tx: Tx, one: Decision, state: str) -> Decision:
    """Decide: approved or refused, by the transaction's actor (the database refuses the proposer)."""
    one.state, one.decided_by, one.decided_at = state, tx.actor, tx.now
    await tx.execute(
        "UPDATE decision SET state = $2, decided_by = $3, decided_at = $4 WHERE decision_id = $1",
        one.decision_id,
        one.state,
        one.decided_by,
        one.decided_at,
    )
    tx.audit(
        "payment.decide",
        f"{one.about}:{one.resource}",
        choice=one.choice,
        decision_id=one.decision_id,
        state=state,
    )
    return one


async def listed(tx: Tx, project: str, county: str, state: str | None) -> list[Decision]:
    """Decisions of a county for a project, newest first, 500 at most."""
    rows = await tx.fetch(
        "SELECT * FROM decision WHERE project = $1 AND county = $2 AND ($3::text IS NULL OR state = $3) "
        "ORDER BY proposed_at DESC, decision_id LIMIT 500",
        project,
        county,
        state,
    )
    return [Decision(**dict(row)) for row in rows]
