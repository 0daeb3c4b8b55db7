"""What other rooms find out about money already paid."""

from contracts.batch import OverpaymentFound
from kit.db import Tx
from services.payment.handlers.door import on
from services.payment.store import recoveries


@on(OverpaymentFound)
async def overpayment_found(message: OverpaymentFound, tx: Tx) -> None:
    """Open a recovery at once; a payment that came back meanwhile needs none."""
    paid = await recoveries.find_paid(tx, message.line_id)
    if paid is None:
        tx.audit("payment.nothing_to_recover", f"line:{message.line_id}", "payment")
        return
    fen = min(message.amount_fen, paid["amount_fen"])
    await recoveries.open_case(tx, paid, message.application_id, fen, message.reason, "payment")
