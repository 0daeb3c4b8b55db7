"""Requests to the agency: which are due, who is in them, and what becomes of their persons."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from kit.db import Tx
from services.card_matching.domain import NO_ANSWER, SAME_REQUEST, Answer, wait_seconds


async def due(tx: Tx, limit: int) -> list[Any]:
    """Requests whose time has come, the longest due first."""
    return await tx.fetch(
        "SELECT match_id, part, operation, tries FROM match_part WHERE NOT done AND next_at <= $1 "
        "ORDER BY next_at, match_id, part LIMIT $2",
        tx.wall,
        limit,
    )


async def persons(tx: Tx, part: Any) -> list[str]:
    """Everybody in a request, always in the same order."""
    rows = await tx.fetch(
        "SELECT payee_id FROM part_person WHERE match_id = $1 AND part = $2 ORDER BY payee_id",
        part["match_id"],
        part["part"],
    )
    return [row["payee_id"] for row in rows]


async def later(tx: Tx, part: Any, seconds: float) -> None:
    """Nobody answered: the same request again after a while."""
    await tx.execute(
        "UPDATE match_part SET tries = tries + 1, next_at = $3 WHERE match_id = $1 AND part = $2 AND NOT done",
        part["match_id"],
        part["part"],
        tx.wall + timedelta(seconds=seconds),
    )


async def divide(tx: Tx, part: Any, into: int) -> None:
    """The persons still open go into `into` new requests; this one is never sent again."""
    if await _lock(tx, part) is not None:
        open_ = await _open(tx, part)
        size = -(-len(open_) // into) or 1
        for at in range(0, len(open_), size):
            await _new_part(tx, part, part["operation"], open_[at : at + size])
        await _done(tx, part)


async def record(tx: Tx, part: Any, answers: Mapping[str, Answer]) -> bool:
    """Take what was answered; True when the match may have come to its end.

    Settled persons are done, those in progress get a query, those without a usable result are asked again, first by
    the same request. Whoever has been asked about too often becomes abnormal.
    """
    locked = await _lock(tx, part)
    if locked is None:
        return True
    final = {payee: one for payee, one in answers.items() if one.status != "processing"}
    await _settle(tx, part, final)
    await _count(tx, part, [payee for payee, one in answers.items() if one.status == "processing"])
    left = await _open(tx, part)
    in_progress = [payee for payee in left if payee in answers]
    unanswered = [payee for payee in left if payee not in answers]
    if in_progress:
        await _new_part(tx, part, "query", in_progress)
    if unanswered and locked["lies"] + 1 >= SAME_REQUEST:
        await _new_part(tx, part, part["operation"], unanswered)
    elif unanswered:
        await tx.execute(
            "UPDATE match_part SET lies = lies + 1 WHERE match_id = $1 AND part = $2",
            part["match_id"],
            part["part"],
        )
        await later(tx, part, wait_seconds(part["tries"]))
        return False
    await _done(tx, part)
    return not left


async def _lock(tx: Tx, part: Any) -> Any:
    """The open request, its match locked so that requests of one match are recorded one after the other."""
    await tx.execute("SELECT FROM card_match WHERE match_id = $1 FOR UPDATE", part["match_id"])
    return await tx.fetchrow(
        "SELECT lies FROM match_part WHERE match_id = $1 AND part = $2 AND NOT done",
        part["match_id"],
        part["part"],
    )


async def _open(tx: Tx, part: Any) -> list[str]:
    rows = await tx.fetch(
        "SELECT payee_id FROM match_person WHERE match_id = $1 AND part = $2 AND settled_at IS NULL "
        "ORDER BY payee_id",
        part["match_id"],
        part["part"],
    )
    return [row["payee_id"] for row in rows]


async def _settle(tx: Tx, part: Any, final: Mapping[str, Answer]) -> None:
    await tx.execute(
        "UPDATE match_person AS person SET status = new.status, reason = new.reason, asks = asks + 1, "
        "settled_at = $6 FROM unnest($3::text[], $4::text[], $5::text[]) AS new(payee_id, status, reason) "
        "WHERE person.match_id = $1 AND person.part = $2 AND person.payee_id = new.payee_id "
        "AND person.settled_at IS NULL",
        part["match_id"],
        part["part"],
        list(final),
        [one.status for one in final.values()],
        [one.reason for one in final.values()],
        tx.now,
    )


async def _count(tx: Tx, part: Any, in_progress: list[str]) -> None:
    """One more ask for everybody still open; those at the limit are given up."""
    await tx.execute(
        "UPDATE match_person AS person SET asks = asks + 1, "
        "status = CASE WHEN asks + 1 >= most_asks THEN 'abnormal' WHEN payee_id = ANY($3) THEN 'processing' "
        "ELSE status END, "
        "reason = CASE WHEN asks + 1 >= most_asks THEN $4 END, "
        "settled_at = CASE WHEN asks + 1 >= most_asks THEN $5::timestamptz END "
        "FROM card_match WHERE card_match.match_id = $1 AND person.match_id = $1 AND person.part = $2 "
        "AND person.settled_at IS NULL",
        part["match_id"],
        part["part"],
        in_progress,
        NO_ANSWER,
        tx.now,
    )


async def _new_part(tx: Tx, part: Any, operation: str, payees: list[str]) -> None:
    """A request of its own for these persons, after a while."""
    number: int = await tx.fetchval(
        "SELECT max(part) + 1 FROM match_part WHERE match_id = $1", part["match_id"]
    )
    await tx.execute(
        "INSERT INTO match_part (match_id, part, operation, tries, next_at) VALUES ($1, $2, $3, $4, $5)",
        part["match_id"],
        number,
        operation,
        part["tries"] + 1,
        tx.wall + timedelta(seconds=wait_seconds(part["tries"])),
    )
    await tx.execute(
        "INSERT INTO part_person SELECT $1, $2, unnest($3::text[])", part["match_id"], number, payees
    )
    await tx.execute(
        "UPDATE match_person SET part = $2 WHERE match_id = $1 AND payee_id = ANY($3)",
        part["match_id"],
        number,
        payees,
    )


async def _done(tx: Tx, part: Any) -> None:
    await tx.execute(
        "UPDATE match_part SET done = true WHERE match_id = $1 AND part = $2", part["match_id"], part["part"]
    )
