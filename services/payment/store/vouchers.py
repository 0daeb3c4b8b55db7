"""Drawing a payment request, registering its voucher, and the guard before anything is sent."""

from typing import NamedTuple

from kit.db import Tx
from services.payment.domain.codes import OTHER
from services.payment.domain.ledger import Kind, Move
from services.payment.domain.vouchers import REFUSALS, Item, Listed, differs, digest
from services.payment.store import ledger, pricing
from services.payment.store.ledger import About, Book
from services.payment.store.voucher_tables import PaymentRequest, Voucher

INTERNAL = "internal"


class NumberUsed(Exception):
    """The order has another accepted voucher, or another order has this number."""


class Registered(NamedTuple):
    """`refusal` is a key of `REFUSALS`, None when accepted; `new` is false for the same voucher again."""

    refusal: str | None
    new: bool


async def listed(tx: Tx, order_id: str) -> Listed:
    """The list as it stands in the book now, whatever became of its lines."""
    rows = await tx.fetch(
        "SELECT payment_id, attempt, line_id, subject_id, payee_id, amount_fen FROM payment "
        "WHERE order_id = $1",
        order_id,
    )
    return digest(Item(*row) for row in rows)


async def draw(tx: Tx, order_id: str, project: str, mode: str | None = None) -> PaymentRequest:
    """Draw the request of a new order; where the project has internal vouchers, its voucher is issued at once."""
    mode = mode or (await pricing.of(tx, project)).voucher
    of = await listed(tx, order_id)
    request = PaymentRequest(
        order_id=order_id,
        **of._asdict(),
        mode=mode,
        state="waiting",
        drawn_at=tx.now,
    )
    await tx.insert(request)
    if mode == INTERNAL:
        await register(tx, request, f"N-{order_id}", of.list_hash, of.total_fen, "payment")
    return request


async def lock_order(tx: Tx, order_id: str) -> None:
    """Whoever moves an order's payments locks the order first."""
    await tx.execute("SELECT FROM payment_order WHERE order_id = $1 FOR UPDATE", order_id)


async def request(tx: Tx, order_id: str) -> PaymentRequest | None:
    """The request of an order, locked until the transaction ends."""
    row = await tx.fetchrow("SELECT * FROM payment_request WHERE order_id = $1 FOR UPDATE", order_id)
    return PaymentRequest.model_validate(dict(row)) if row else None


async def of_order(tx: Tx, order_id: str) -> list[Voucher]:
    """Vouchers that came for an order, accepted and refused."""
    rows = await tx.fetch("SELECT * FROM voucher WHERE order_id = $1 ORDER BY number", order_id)
    return [Voucher.model_validate(dict(row)) for row in rows]


async def register(
    tx: Tx, of: PaymentRequest, voucher_no: str, list_hash: str, amount_fen: int, actor: str
) -> Registered:
    """Keep what the voucher says; if it is the request's own hash and total, the order may be sent.

    Raises NumberUsed when another voucher was accepted already.
    """
    for known in await of_order(tx, of.order_id):
        if known.refusal is None:
            if (known.voucher_no, known.list_hash, known.amount_fen) == (voucher_no, list_hash, amount_fen):
                return Registered(None, False)
            raise NumberUsed
    if await tx.fetchval(
        "SELECT count(*) FROM voucher WHERE voucher_no = $1 AND refusal IS NULL", voucher_no
    ):
        raise NumberUsed
    refusal = differs(Listed(of.list_hash, of.lines, of.total_fen), list_hash, amount_fen)
    row = Voucher(
        order_id=of.order_id,
        voucher_no=voucher_no,
        list_hash=list_hash,
        amount_fen=amount_fen,
        refusal=refusal,
        actor=actor,
        at=tx.wall,
    )
    await tx.insert(row)
    if refusal is None:
        await tx.execute(
            "UPDATE payment_request SET state = 'vouched' WHERE order_id = $1 AND state = 'waiting'",
            of.order_id,
        )
    return Registered(refusal, True)


async def refusal_now(tx: Tx, order_id: str, project: str) -> str | None:
    """The guard: how the list as it stands differs from the accepted voucher, or None: it may be sent."""
    found = await request(tx, order_id)
    if found is None:
        # Drawn before there were payment requests: such an order was the house's own word.
        found = await draw(tx, order_id, project, INTERNAL)
    if found.state == "refused":
        return found.refusal
    accepted = [one for one in await of_order(tx, order_id) if one.refusal is None]
    assert accepted, "files of an order that waits for its voucher are not due"
    return differs(await listed(tx, order_id), accepted[0].list_hash, accepted[0].amount_fen)


async def refuse(tx: Tx, order_id: str, why: str, actor: str) -> int:
    """Nothing more of the order is sent: its unsent lines fail, their money returns to the quota (in fen).

    The caller holds the order's lock and settles the order after.
    """
    await tx.execute(
        "UPDATE payment_request SET state = 'refused', refusal = $2 WHERE order_id = $1 AND state <> 'refused'",
        order_id,
        why,
    )
    order = await tx.fetchrow(
        "SELECT set_id, project, county, year FROM payment_order WHERE order_id = $1", order_id
    )
    assert order is not None, "the order is locked"
    fen = await tx.fetchval(
        "SELECT coalesce(sum(amount_fen), 0)::bigint FROM payment WHERE order_id = $1 AND state = 'COMMITTED'",
        order_id,
    )
    # A list that was tampered with may claim more than was ever committed: no more than that comes back.
    book = Book(order["project"], order["county"], order["year"])
    fen = min(fen, await ledger.balance(tx, book, Kind.COMMITTED))
    about = About(
        "restore", "未按凭证发送，退回指标 (not sent, back to the quota)", actor, order["set_id"], order_id
    )
    posting = await ledger.post(tx, book, [Move(Kind.COMMITTED, Kind.BUDGET, fen)], about)
    await tx.execute(
        "UPDATE payment SET state = 'REJECTED', code = $2, reason = $3, settled_posting = $4 "
        "WHERE order_id = $1 AND state = 'COMMITTED'",
        order_id,
        OTHER,
        REFUSALS[why],
        posting,
    )
    await tx.execute(
        "UPDATE bank_file SET state = 'empty', refusal = $2 WHERE order_id = $1 "
        "AND state IN ('planned', 'built')",
        order_id,
        why,
    )
    return int(fen)
