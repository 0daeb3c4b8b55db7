"""Files to the bank: build once, record the intent, send, record the receipt. Safe to stop at any point.

The bytes and the file id never change between tries, so sending again can't pay twice: the bank knows both.
"""

import logging
from collections.abc import Mapping
from datetime import date
from typing import Any

from kit import clock
from kit.crashpoint import crashpoint
from kit.ids import end_to_end_id
from kit.service import Room
from services.payment import ports
from services.payment.domain.bankfile import Detail, PayTo, render, unsendable
from services.payment.handlers.door import on
from services.payment.ports import Bank, BankFormat, BankRefused, BankUnavailable, Receipt
from services.payment.store import files, projects, results, settling
from services.payment.store.projects import Terms

log = logging.getLogger("daohu.payment")
LONGEST_WAIT_SECONDS = 60.0


def backoff(tries: int) -> float:
    """Seconds until the next try: 1, 2, 4 … 60."""
    return float(min(2 ** min(tries, 10), LONGEST_WAIT_SECONDS))


@on.worker(every=1.0)
async def build_files(room: Room) -> bool:
    """Ask the registry for the accounts and store the file; a line without an account is never sent."""
    async with room.tx() as tx:
        file = await files.due(tx, "planned")
        if file is None:
            return False
        rows = await files.payments(tx, file["file_id"])
        terms = await projects.terms(tx, file["project"]) or Terms(
            file["project"], f"ZB{file['project']}", "rural"
        )
    crashpoint("payment.before_accounts")
    pay_to = await ports.accounts(room, [row["payee_id"] for row in rows])
    crashpoint("payment.after_accounts")
    bank = ports.BANKS[terms.bank]
    kept_out = {
        row["payment_id"]: code
        for row in rows
        if (code := unsendable(pay_to.get(row["payee_id"]), bank.encoding))
    }
    details = [
        _detail(row, pay_to[row["payee_id"]], terms, file["period"])
        for row in rows
        if row["payment_id"] not in kept_out
    ]
    content = _content(file, terms, bank, details, clock.business_today())
    sealed = ports.seal(room, file["file_id"], content)
    built = files.Built(
        content, sealed, len(details), sum(one.amount_fen for one in details), bank.name, bank.encoding
    )
    async with room.tx() as tx:
        if await results.lock_file(tx, file["file_id"]) and await files.save_built(tx, file, kept_out, built):
            await settling.settle_if_done(tx, file["order_id"])
        tx.wake(send_files)
    return True


def _detail(row: Mapping[str, Any], pay_to: PayTo, terms: Terms, period: str) -> Detail:
    key = end_to_end_id(row["payment_id"], row["attempt"])
    memo = f"{terms.short_name}{period}"
    return Detail(row["seq"], key, pay_to.account, pay_to.name, pay_to.bank_code, row["amount_fen"], memo)


def _content(
    file: Mapping[str, Any], terms: Terms, bank: BankFormat, details: list[Detail], day: date
) -> bytes:
    return render(file["file_id"], day, terms.payer_account, details).encode(bank.encoding)


@on.worker(every=1.0)
async def send_files(room: Room) -> bool:
    """Send the next file; after an interrupted try the bank is asked first what it has."""
    async with room.tx() as tx:
        file = await files.due(tx, "built", "sending")
        if file is None:
            return False
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
        await files.save_receipt(tx, file["file_id"], receipt.receipt_no)
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
