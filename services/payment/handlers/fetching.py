"""Results from the bank: files part by part, and queries for what stayed unknown."""

from collections.abc import Mapping
from typing import Any

from kit.crashpoint import crashpoint
from kit.service import Room
from services.payment import ports
from services.payment.handlers.door import backoff, on
from services.payment.ports import Bank, BankRefused, BankUnavailable, NotYet
from services.payment.store import files, queries
from services.payment.store.receiving import Delivery, receive

TRIES_BEFORE_QUERY = 6
"""So often an unusable result is fetched again; then every payment without one is asked about by query."""


@on.worker(every=1.0)
async def fetch_results(room: Room) -> bool:
    """Fetch the results of the next accepted file; whatever is wrong with them, nothing half applies."""
    async with room.tx() as tx:
        file = await files.due(tx, "accepted")
    if file is None:
        return False
    try:
        wait = await _fetch_parts(room, ports.bank_of(room), file["file_id"])
    except (BankUnavailable, BankRefused):
        wait = None
    async with room.tx() as tx:
        if wait is None and file["tries"] >= TRIES_BEFORE_QUERY:
            await queries.give_up_on_results(tx, file["file_id"])
            tx.wake(query_unknown)
        seconds = backoff(file["tries"]) if wait is None else wait
        await files.retry_later(tx, file["file_id"], seconds, counts=wait is None)
    return True


async def _fetch_parts(room: Room, bank: Bank, file_id: str) -> float | None:
    """Every part in turn; seconds to wait when the bank is not ready, else None."""
    part, parts = 1, 1
    while part <= parts:
        crashpoint("payment.before_result")
        answer = await bank.result(file_id, part)
        crashpoint("payment.after_result")
        if isinstance(answer, NotYet):
            return min(answer.seconds, 60.0)
        async with room.tx() as tx:
            await receive(tx, file_id, Delivery(answer.result_id, answer.sha256, answer.text, "bank", "bank"))
            tx.wake(query_unknown)
        part, parts = part + 1, answer.parts
    return None


@on.worker(every=1.0)
async def query_unknown(room: Room) -> bool:
    """Ask the bank about UNKNOWN payments; the only way out of that state."""
    async with room.tx() as tx:
        due = await queries.due(tx)
    if due is None:
        return False
    order_id, ids = due
    crashpoint("payment.before_query")
    try:
        answers: list[Mapping[str, Any]] = [*await ports.bank_of(room).query(ids)]
    except (BankUnavailable, BankRefused):
        async with room.tx() as tx:
            await queries.postpone(tx, ids, 5.0)
        return True
    crashpoint("payment.after_query")
    async with room.tx() as tx:
        await queries.settle(tx, order_id, answers)
    return True
