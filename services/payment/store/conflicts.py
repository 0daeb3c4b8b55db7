"""The bank said two things of one payment: kept beside each other for two people, nothing overwritten."""

from collections.abc import Mapping, Sequence
from typing import Any

from kit.db import Tx
from kit.ids import parse_end_to_end_id
from services.payment.domain.ledger import Kind, Move
from services.payment.domain.results import Contradiction
from services.payment.domain.states import State
from services.payment.store import ledger
from services.payment.store.files import book_of
from services.payment.store.ledger import About


async def keep_apart(tx: Tx, file: Mapping[str, Any], found: Sequence[Contradiction], source: str) -> None:
    """Keep every contradiction once; what the bank claims to have paid of what we hold as failed is set aside."""
    for one in found:
        identity = parse_end_to_end_id(one.claim.end_to_end_id)
        assert identity is not None, "checked against the sent payments"
        number = await tx.fetchval(
            "INSERT INTO conflict (payment_id, attempt, order_id, project, county, held, claimed, code, "
            "source, at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING number",
            *identity,
            file["order_id"],
            file["project"],
            file["county"],
            one.held.value,
            one.claim.status,
            one.claim.code or None,
            source,
            tx.now,
        )
        if number is not None and (one.held, one.claim.status) == (State.REJECTED, "success"):
            await _suspend(tx, file, identity, number)


async def _suspend(tx: Tx, file: Mapping[str, Any], identity: tuple[str, int], number: int) -> None:
    """The bank says it paid what we hold as failed: that much is set aside, until two people have decided.

    What another open contradiction about the same attempt has set aside is not set aside twice.
    """
    aside = await tx.fetchval(
        "SELECT coalesce(sum(suspended_fen), 0)::bigint FROM conflict WHERE payment_id = $1 AND attempt = $2 "
        "AND settled_as IS NULL",
        *identity,
    )
    fen = await tx.fetchval("SELECT net_fen FROM payment WHERE payment_id = $1 AND attempt = $2", *identity)
    free = await ledger.balance(tx, book_of(file), Kind.BUDGET)
    about = About(
        "suspend",
        "银行回盘矛盾，待查 (contradiction)",
        "payment",
        file["set_id"],
        file["order_id"],
        file["file_id"],
    )
    moved = max(min(fen - aside, free), 0)
    posting = await ledger.post(tx, book_of(file), [Move(Kind.BUDGET, Kind.SUSPENSE, moved)], about)
    await tx.execute(
        "UPDATE conflict SET suspense_posting = $2, suspended_fen = $3 WHERE number = $1",
        number,
        posting,
        moved,
    )
