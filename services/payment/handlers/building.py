"""Files for the bank are built once: accounts from the registry in bulk, then stored as they will be sent."""

from collections.abc import Mapping
from typing import Any

from kit import clock
from kit.crashpoint import crashpoint
from kit.ids import end_to_end_id
from kit.service import Room
from services.payment import ports
from services.payment.domain.bankfile import Detail, PayTo
from services.payment.domain.codes import DUPLICATE
from services.payment.domain.formats import Head, render, unsendable
from services.payment.handlers import guarding
from services.payment.handlers.door import on
from services.payment.handlers.sending import send_files
from services.payment.store import files, projects, results, settling
from services.payment.store.files import Built


@on.worker(every=1.0)
async def build_files(room: Room) -> bool:
    """Build the next planned file; a line whose account is missing or can't be written is never sent."""
    async with room.tx() as tx:
        file = await files.due(tx, "planned")
        if file is None:
            return False
        if await guarding.refused(tx, file):
            return True
        rows = await files.payments(tx, file["file_id"])
        contested = await files.contested(tx, file["file_id"])
        terms = await projects.terms(tx, file["project"], file["county"])
    crashpoint("payment.before_accounts")
    pay_to = await ports.accounts(room, [row["payee_id"] for row in rows])
    crashpoint("payment.after_accounts")
    bank = ports.BANKS[terms.bank]
    codes = {
        row["payment_id"]: unsendable(bank.name, bank.encoding, pay_to.get(row["payee_id"])) for row in rows
    }
    codes |= dict.fromkeys(contested, DUPLICATE)
    kept_out = {payment_id: code for payment_id, code in codes.items() if code}
    sendable = [row for row in rows if row["payment_id"] not in kept_out]
    built = _built(
        room, file, terms, [_detail(row, pay_to[row["payee_id"]], terms, file) for row in sendable]
    )
    async with room.tx() as tx:
        await results.lock_file(tx, file["file_id"])
        if await files.save_built(tx, file, kept_out, built):
            await results.settle_kept_whole(tx, file["file_id"])
            await settling.settle_if_done(tx, file["order_id"])
        tx.wake(send_files)
    return True


def _detail(row: Mapping[str, Any], to: PayTo, terms: projects.Terms, file: Mapping[str, Any]) -> Detail:
    key = end_to_end_id(row["payment_id"], row["attempt"])
    memo = f"{terms.short_name}{file['period']}"
    return Detail(row["seq"], key, to.account, to.name, to.bank_code, row["net_fen"], memo)


def _built(room: Room, file: Mapping[str, Any], terms: projects.Terms, details: list[Detail]) -> Built:
    bank = ports.BANKS[terms.bank]
    payer = f"{file['county']} {terms.short_name}"
    head = Head(file["file_id"], clock.wall_now(), clock.business_today(), terms.payer_account, payer)
    content = render(bank.name, bank.encoding, head, details)
    sealed = ports.seal(room, file["file_id"], content)
    total = sum(one.amount_fen for one in details)
    return Built(content, sealed, len(details), total, bank.name, bank.encoding)
