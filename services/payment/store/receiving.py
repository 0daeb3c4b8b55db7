"""A result file, fetched or uploaded: checked as a whole, applied once, recorded either way."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kit.db import Tx
from services.payment.domain import results as rules
from services.payment.domain.formats import parse_results
from services.payment.domain.results import Outcome, Refused
from services.payment.domain.states import State
from services.payment.store import results, settling


class Delivery(NamedTuple):
    """A result file as it came in; `bank_result_id` is the bank's own id of it."""

    bank_result_id: str
    sha256: str
    text: str
    source: str
    actor: str


class Received(NamedTuple):
    """`refusal` is a key of `REFUSALS`, None when applied; counts are of lines that moved."""

    refusal: str | None
    paid: int = 0
    failed: int = 0
    unknown: int = 0
    conflicts: int = 0
    settled: bool = False


async def receive(tx: Tx, file_id: str, delivery: Delivery) -> Received | None:
    """Check and apply; None when there is no such file. A refused file changes nothing but its own record."""
    file = await results.lock_file(tx, file_id)
    if file is None:
        return None
    try:
        outcome = await _judge(tx, file, delivery)
    except Refused as refused:
        await _record(tx, file_id, delivery, Received(refused.code))
        return Received(refused.code)
    await results.apply(tx, file, outcome, delivery.source)
    moved = {state: len(claims) for state, claims in outcome.moves.items()}
    received = Received(
        None,
        moved.get(State.PAID, 0),
        moved.get(State.REJECTED, 0) + moved.get(State.RETURNED, 0),
        moved.get(State.UNKNOWN, 0),
        len(outcome.contradictions),
    )
    await _record(tx, file_id, delivery, received)
    await close_file(tx, file_id)
    return received._replace(settled=await settling.settle_if_done(tx, file["order_id"]))


async def _judge(tx: Tx, file: Mapping[str, Any], delivery: Delivery) -> Outcome:
    known = await tx.fetch(
        "SELECT sha256 FROM result_file WHERE state = 'applied' AND (file_id = $1 AND sha256 = $2 "
        "OR bank_result_id = $3)",
        file["file_id"],
        delivery.sha256,
        delivery.bank_result_id,
    )
    if known:
        raise Refused("duplicate" if known[0]["sha256"] == delivery.sha256 else "result_id_reused")
    parsed = parse_results(delivery.text)
    held = await results.held(tx, file["file_id"])
    rules.check(parsed, file["file_id"], held)
    # A result is also the proof that the bank took the file, should its receipt be lost, or a refusal untrue.
    if file["state"] in ("sending", "refused"):
        await tx.execute("UPDATE bank_file SET state = 'accepted' WHERE file_id = $1", file["file_id"])
        await tx.execute(
            "UPDATE payment SET state = 'ACCEPTED' WHERE file_id = $1 AND state = 'SUBMITTED'",
            file["file_id"],
        )
        held = await results.held(tx, file["file_id"])
    return rules.decide(parsed.claims, held)


async def _record(tx: Tx, file_id: str, delivery: Delivery, received: Received) -> None:
    lines = max(len(delivery.text.splitlines()) - 1, 0)
    await tx.execute(
        "INSERT INTO result_file (file_id, bank_result_id, sha256, source, state, refusal, lines, paid, "
        "failed, "
        "unknown, conflicts, actor, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
        "ON CONFLICT (file_id, bank_result_id, sha256) WHERE state = 'refused' "
        "DO UPDATE SET times = result_file.times + 1",
        file_id,
        delivery.bank_result_id,
        delivery.sha256,
        delivery.source,
        "refused" if received.refusal else "applied",
        received.refusal,
        lines,
        received.paid,
        received.failed,
        received.unknown,
        received.conflicts,
        delivery.actor,
        tx.now,
    )


async def close_file(tx: Tx, file_id: str) -> None:
    """A file with a result for every payment is not asked about any more (UNKNOWN ones are queried)."""
    await tx.execute(
        "UPDATE bank_file SET state = 'settled' WHERE file_id = $1 AND state = 'accepted' AND NOT EXISTS "
        "(SELECT FROM payment WHERE file_id = $1 AND state IN ('SUBMITTED', 'ACCEPTED'))",
        file_id,
    )
