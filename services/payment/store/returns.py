"""What a result means beyond the payment itself: deductions settled with it, claims on it, and what is told late."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from contracts.payment import PaymentFoundPaid, PaymentReturned
from kit.db import Tx
from services.payment.domain.ledger import Kind, Move
from services.payment.domain.states import State
from services.payment.store import ledger, recoveries
from services.payment.store.ledger import About, Book
from services.payment.store.recovery_tables import Recovery


async def riders(tx: Tx, ids: Sequence[str], attempts: Sequence[int]) -> list[asyncpg.Record]:
    """Deductions that are settled with these attempts, and whether their own case has booked them already."""
    return await tx.fetch(
        "SELECT payment.payment_id, payment.attempt, payment.state, instalment.case_id, instalment.number "
        "FROM unnest($1::text[], $2::int[]) AS host(payment_id, attempt) JOIN payment "
        "ON paid_with = host.payment_id AND paid_with_attempt = host.attempt "
        "LEFT JOIN instalment ON instalment.payment_id = payment.payment_id ORDER BY case_id, number",
        list(ids),
        list(attempts),
    )


async def settle_riders(tx: Tx, found: Sequence[Mapping[str, Any]], target: State) -> None:
    """The deductions follow their line; kept back for good, each is booked to its case, and back if it returns."""
    await tx.execute(
        "UPDATE payment AS rider SET state = host.state, code = host.code, reason = host.reason, "
        "paid_at = host.paid_at, settled_posting = host.settled_posting, "
        "returned_posting = host.returned_posting, decision_id = host.decision_id "
        "FROM unnest($1::text[], $2::int[]) AS one(payment_id, attempt), payment AS host "
        "WHERE rider.payment_id = one.payment_id AND rider.attempt = one.attempt "
        "AND host.payment_id = rider.paid_with AND host.attempt = rider.paid_with_attempt",
        [one["payment_id"] for one in found],
        [one["attempt"] for one in found],
    )
    for one in found:
        if one["case_id"] is None:
            continue
        if target is State.PAID:
            await recoveries.book_deduction(tx, one["case_id"], one["number"])
        elif one["state"] == State.PAID:
            await recoveries.unbook_deduction(tx, one["case_id"], one["number"])


async def came_home(tx: Tx, ids: Sequence[str], attempts: Sequence[int]) -> list[Move]:
    """Open claims on payments that return by themselves are withdrawn; the moves that belong to the return.

    What had been repaid in cash meanwhile came twice: it goes back to suspense, for its sender.
    """
    rows = await tx.fetch(
        "SELECT recovery.* FROM recovery JOIN unnest($1::text[], $2::int[]) AS one(payment_id, attempt) "
        "USING (payment_id, attempt) WHERE source = 'paid' ORDER BY case_id FOR UPDATE OF recovery",
        list(ids),
        list(attempts),
    )
    moves: list[Move] = []
    for row in rows:
        case = Recovery(**dict(row))
        about = About(
            "withdraw", "款项已退回，撤销追回 (came back: claim withdrawn)", "payment", case_id=case.case_id
        )
        book = Book(case.project, case.county, case.year)
        await ledger.post(tx, book, [Move(Kind.RECEIVABLE, Kind.PAID, case.open_fen)], about)
        if case.repaid_fen:
            moves += [
                Move(Kind.RETURNED, Kind.PAID, case.repaid_fen),
                Move(Kind.CLEARING, Kind.SUSPENSE, case.repaid_fen),
            ]
        await recoveries.withdraw_all(tx, case)
    return moves


async def state_returned(tx: Tx, order_id: str, ids: Sequence[str], attempts: Sequence[int]) -> None:
    """`PaymentReturned` for each line, deductions included, once the order had been settled without it."""
    for row in await _told_before(tx, order_id, ids, attempts):
        tx.emit(PaymentReturned(**dict(row)))


async def state_found_paid(tx: Tx, order_id: str, ids: Sequence[str], attempts: Sequence[int]) -> None:
    """`PaymentFoundPaid` for each line, deductions included, that the settled order had told as failed."""
    for row in await _told_before(tx, order_id, ids, attempts):
        tx.emit(
            PaymentFoundPaid(
                slice_id=row["slice_id"],
                line_id=row["line_id"],
                order_id=row["order_id"],
                payment_id=row["payment_id"],
                attempt=row["attempt"],
            )
        )


async def _told_before(
    tx: Tx, order_id: str, ids: Sequence[str], attempts: Sequence[int]
) -> list[asyncpg.Record]:
    """The lines of these attempts, each before its deductions; none while the order is open: its end will tell."""
    return await tx.fetch(
        "SELECT slice_id, line_id, payment.order_id, payment_id, attempt, code, reason FROM payment "
        "JOIN payment_order USING (order_id) WHERE payment_order.order_id = $1 "
        "AND payment_order.state = 'settled' AND (coalesce(paid_with, payment_id), "
        "coalesce(paid_with_attempt, attempt)) IN (SELECT * FROM unnest($2::text[], $3::int[])) "
        "ORDER BY paid_with IS NOT NULL, line_id",
        order_id,
        list(ids),
        list(attempts),
    )
