"""Proposals about hits, their decisions, and what batch is told once a line has nothing open any more."""

from collections.abc import Sequence
from typing import Any

from contracts.verification import HitDecided, LineReviewed
from kit.db import Tx
from services.verification.domain.periods import is_after
from services.verification.domain.reviewing import (
    CONFIRM,
    HOLDING,
    LIFT,
    STATE_OF,
    Decided,
    leaves_owed,
    outcome,
)
from services.verification.store import claims
from services.verification.store.review_tables import HitProposal


async def take(tx: Tx, hit_ids: Sequence[int]) -> dict[int, Any]:
    """The hits by id, locked, with `proposed_by` of the open proposal.

    Lines are locked first and in order: the decisions about one line take turns, so that exactly one of them is
    the last.
    """
    lines = await tx.fetch("SELECT DISTINCT line_id FROM hit WHERE hit_id = ANY($1) ORDER BY 1", hit_ids)
    for row in lines:
        await tx.execute("SELECT pg_advisory_xact_lock(7204103, hashtext($1))", row["line_id"] or "")
    found = await tx.fetch(
        "SELECT hit.*, open.proposal_id, open.decision, open.consequence AS wanted_consequence, "
        "open.last_period AS wanted_last, open.proposed_by FROM hit "
        "LEFT JOIN hit_proposal AS open ON open.hit_id = hit.hit_id AND open.answer IS NULL "
        "WHERE hit.hit_id = ANY($1) ORDER BY hit.hit_id FOR UPDATE OF hit",
        hit_ids,
    )
    return {row["hit_id"]: row for row in found}


async def find(tx: Tx, hit_id: int) -> Any:
    """One hit, or None."""
    return await tx.fetchrow("SELECT * FROM hit WHERE hit_id = $1", hit_id)


async def proposals(tx: Tx, hit_id: int) -> list[Any]:
    """All proposals about a hit, oldest first."""
    return await tx.fetch(
        "SELECT * FROM hit_proposal WHERE hit_id = $1 ORDER BY proposed_at, proposal_id", hit_id
    )


async def propose(tx: Tx, one: HitProposal) -> None:
    """Store a proposal; the hit waits for its decision."""
    # What was proposed about a hit whose evidence went away and came back is no longer to be decided.
    await tx.execute(
        "UPDATE hit_proposal SET answer = 'reject', decided_at = $2 WHERE hit_id = $1 AND answer IS NULL",
        one.hit_id,
        tx.now,
    )
    await tx.insert(one)
    await tx.execute("UPDATE hit SET state = 'proposed' WHERE hit_id = $1", one.hit_id)


async def reject(tx: Tx, hit: Any, opinion: bytes | None) -> None:
    """Back to the queue."""
    await _answer(tx, hit, "reject", opinion)
    await tx.execute("UPDATE hit SET state = 'open' WHERE hit_id = $1", hit["hit_id"])


async def approve(tx: Tx, hit: Any, opinion: bytes | None) -> None:
    """The decision stands: remembered, counted, and told once its line has nothing holding it any more."""
    await _answer(tx, hit, "approve", opinion)
    consequence = hit["wanted_consequence"] if hit["decision"] == CONFIRM else None
    await settle(tx, hit, hit["decision"], consequence, hit["wanted_last"], f"hit:{hit['hit_id']}")
    if hit["line_id"]:
        # Whether anything else holds the line must not depend on whose rows the decider may see.
        async with tx.as_room():
            await _announce(tx, hit["line_id"])


async def _answer(tx: Tx, hit: Any, answer: str, opinion: bytes | None) -> None:
    await tx.execute(
        "UPDATE hit_proposal SET answer = $2, opinion_sealed = $3, decided_by = $4, decided_at = $5 "
        "WHERE proposal_id = $1",
        hit["proposal_id"],
        answer,
        opinion,
        tx.actor,
        tx.now,
    )


async def settle(
    tx: Tx, hit: Any, decision: str, consequence: str | None, last_period: str | None, origin: str
) -> None:
    """Close one hit as lifted or confirmed, tell it, and keep what was lifted from being raised again."""
    await tx.execute(
        "UPDATE hit SET state = $2, consequence = $3, last_period = $4, decided_at = $5 WHERE hit_id = $1",
        hit["hit_id"],
        STATE_OF[decision],
        consequence,
        last_period,
        tx.now,
    )
    owed = hit["line_id"] and leaves_owed(hit["fact"], consequence, last_period, hit["period"])
    if decision == LIFT or owed:
        await tx.execute(
            "INSERT INTO override (subject_id, project, rule, fingerprint, line_id, origin, at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            hit["subject_id"],
            hit["project"],
            hit["rule"],
            hit["fingerprint"],
            "" if decision == LIFT else hit["line_id"],
            origin,
            tx.now,
        )
    tx.emit(
        HitDecided(
            hit_id=str(hit["hit_id"]), project=hit["project"], county=hit["county"], township=hit["township"],
            rule=hit["rule"], stage=hit["stage"], decision=STATE_OF[decision],
        )
    )  # fmt: skip


async def _announce(tx: Tx, line_id: str) -> None:
    rows = await tx.fetch("SELECT * FROM hit WHERE line_id = $1 AND announced_at IS NULL", line_id)
    if any(row["state"] in ("open", "proposed") and row["effect"] in HOLDING for row in rows):
        return
    decided = [row for row in rows if row["state"] in STATE_OF.values()]
    await tx.execute(
        "UPDATE hit SET announced_at = $2 WHERE hit_id = ANY($1)", [row["hit_id"] for row in decided], tx.now
    )
    # A warning that was lifted never held anything.
    telling = [row for row in decided if row["effect"] in HOLDING or row["state"] == "confirmed"]
    if not telling:
        return
    newest = max(telling, key=lambda row: row["at"])
    found = outcome([Decided(*(row[name] for name in Decided._fields)) for row in telling])
    tx.emit(
        LineReviewed(
            slice_id=newest["slice_id"], line_id=line_id, application_id=newest["application_id"],
            project=newest["project"], **found._asdict(),
        )
    )  # fmt: skip
    if found.consequence == "stop" and found.last_period is not None:
        await _later_lines(tx, newest, found.last_period, found.rules)


async def _later_lines(tx: Tx, hit: Any, last_period: str, rules: list[str]) -> None:
    """What was paid, or is under way, for periods after the last one owed: a recovery, or it leaves (§4)."""
    for line in await claims.lines_of(tx, hit["application_id"]):
        if line["line_id"] == hit["line_id"] or not is_after(line["entitlement_period"], last_period):
            continue
        tx.emit(
            LineReviewed(
                slice_id=line["slice_id"], line_id=line["line_id"], application_id=hit["application_id"],
                project=hit["project"], verdict="confirmed", consequence="exclude", rules=rules,
                reason=f"{last_period} 之后不再享受 (not owed after this period): {'、'.join(rules)}",
            )
        )  # fmt: skip
