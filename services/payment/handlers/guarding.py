"""The last look before a file is built or sent: the list must be the one that the voucher was given for."""

import logging
from collections.abc import Mapping
from typing import Any

from kit.db import Tx
from services.payment.store import results, settling, vouchers

log = logging.getLogger("daohu.payment")


async def refused(tx: Tx, file: Mapping[str, Any]) -> bool:
    """True when the order's list differs from its voucher; then nothing more of it will be sent."""
    await results.lock_file(tx, file["file_id"])
    why = await vouchers.refusal_now(tx, file["order_id"], file["project"])
    if why is None:
        return False
    fen = await vouchers.refuse(tx, file["order_id"], why, "payment")
    tx.audit("payment.refuse_list", f"order:{file['order_id']}", "payment", why=why, restored_fen=fen)
    await settling.settle_if_done(tx, file["order_id"])
    log.error("order %s is not sent: %s", file["order_id"], why)
    return True
