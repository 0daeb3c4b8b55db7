"""Files to the bank: record the intent, send, record the receipt. Safe to stop at any point.

The bytes and the file id never change between tries, so sending again can't pay twice: the bank knows both.
"""

import logging
from collections.abc import Mapping
from typing import Any

from kit.crashpoint import crashpoint
from kit.service import Room
from services.payment import ports
from services.payment.handlers import guarding
from services.payment.handlers.door import backoff, on
from services.payment.handlers.fetching import fetch_results
from services.payment.ports import Bank, BankRefused, BankUnavailable, Receipt
from services.payment.store import files, results

log = logging.getLogger("daohu.payment")


@on.worker(every=1.0)
async def send_files(room: Room) -> bool:
    """Send the next file; after an interrupted try the bank is asked first what it has."""
    async with room.tx() as tx:
        file = await files.due(tx, "built", "sending")
        if file is None:
            return False
        # The order before accounts and payments, as results do: or a result and the next file wait for each other.
        await results.lock_file(tx, file["file_id"])
        if file["state"] == "built" and await guarding.refused(tx, file):
            return True
        if file["state"] == "built" and await files.contested(tx, file["file_id"]):
            await files.unbuild(tx, file["file_id"])
            return True
        await files.save_intent(tx, file)
    try:
        receipt = await _deliver(ports.bank_of(room), room, file)
    except BankUnavailable as failure:
        log.info("bank has no usable answer for file %s: %s", file["file_id"], failure)
        async with room.tx() as tx:
            await files.retry_later(tx, file["file_id"], backoff(file["tries"]))
        return True
    except BankRefused as refused:
        async with room.tx() as tx:
            await files.save_refusal(tx, file["file_id"], refused.code)
        log.error("bank refused file %s: %s", file["file_id"], refused.code)
        return True
    async with room.tx() as tx:
        await results.lock_file(tx, file["file_id"])
        await files.save_receipt(tx, file["file_id"], receipt.receipt_no)
        tx.wake(fetch_results)
    crashpoint("payment.after_receipt")
    return True


async def _deliver(bank: Bank, room: Room, file: Mapping[str, Any]) -> Receipt:
    crashpoint("payment.before_send")
    receipt = await bank.receipt(file["file_id"]) if file["state"] == "sending" else None
    if receipt is None:
        content = ports.unseal(room, file["file_id"], file["content"])
        receipt = await bank.send(file["file_id"], content, file["encoding"])
    crashpoint("payment.after_send")
    if (receipt.sha256, receipt.lines, receipt.total_fen) != (
        file["sha256"],
        file["lines"],
        file["total_fen"],
    ):
        raise BankRefused("receipt_differs")
    return receipt


@on.worker(every=3600.0)
async def forget_contents(room: Room) -> bool:
    """Delete bank files whose deletion date has passed."""
    async with room.tx() as tx:
        await files.forget_contents(tx)
    return False
