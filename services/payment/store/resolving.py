"""What stood on suspense leaves it, as two people decided: to a recovery, a payment that came back, or its sender."""

from collections.abc import Mapping
from typing import Any

from kit.db import Tx
from kit.ids import parse_end_to_end_id
from services.payment.domain.codes import OTHER
from services.payment.domain.ledger import Kind, Move
from services.payment.domain.results import Claim, Outcome
from services.payment.domain.states import State
from services.payment.store import ledger, recoveries, results, settling
from services.payment.store.decisions import Moved
from services.payment.store.ledger import About, Book
from services.payment.store.recovery_tables import Decision


async def entry(tx: Tx, entry_id: str) -> Mapping[str, Any] | None:
    """A statement entry, locked until the transaction ends."""
    return await tx.fetchrow("SELECT * FROM statement_entry WHERE entry_id = $1 FOR UPDATE", entry_id)


def fits(row: Mapping[str, Any], choice: str) -> bool:
    """Money that came may repay, return or go back to its sender; only the bank itself undoes what it took."""
    if row["why"] == "contradicts":
        return False  # the contradiction is decided, and this entry with it
    return row["direction"] == "credit" or choice == "corrected"


async def resolve(tx: Tx, one: Decision) -> None:
    """Raises Moved when the entry no longer waits, or does not fit what it was assigned to."""
    if one.choice == "return":
        # The order before everything else, as results do.
        order = await _order(tx, one)
    row = await entry(tx, one.resource)
    if row is None or row["state"] != "suspended" or not fits(row, one.choice):
        raise Moved
    book = Book(row["project"], row["county"], row["year"])
    out = Kind.CLEARING if row["direction"] == "credit" else Kind.BUDGET
    about = About("clear", f"待查核销：{one.choice} (suspense resolved)", tx.actor)
    await ledger.post(tx, book, [Move(Kind.SUSPENSE, out, row["suspended_fen"])], about)
    case_id = None
    if one.choice == "recovery":
        case_id = await _to_recovery(tx, one, row)
    elif one.choice == "return":
        await _to_payment(tx, one, row, order)
    await tx.execute(
        "UPDATE statement_entry SET state = 'resolved', suspended_fen = 0, decision_id = $2, case_id = $3 "
        "WHERE entry_id = $1",
        row["entry_id"],
        one.decision_id,
        case_id,
    )


async def _to_recovery(tx: Tx, one: Decision, row: Mapping[str, Any]) -> str:
    case = await recoveries.lock(tx, str(one.detail["case_id"]))
    if case is None or (case.project, case.county) != (row["project"], row["county"]):
        raise Moved
    if row["amount_fen"] > case.open_fen:
        raise Moved
    await recoveries.book_cash(tx, case, row["amount_fen"], row["entry_id"])
    return case.case_id


async def _order(tx: Tx, one: Decision) -> dict[str, Any]:
    identity = parse_end_to_end_id(str(one.detail["end_to_end_id"])) or ("", 0)
    order_id = await tx.fetchval(
        "SELECT order_id FROM payment WHERE payment_id = $1 AND attempt = $2 AND project = $3 AND county = $4",
        *identity,
        one.project,
        one.county,
    )
    if order_id is None:
        raise Moved
    return await results.lock_order(tx, order_id, one.decision_id)


async def _to_payment(tx: Tx, one: Decision, row: Mapping[str, Any], order: Mapping[str, Any]) -> None:
    key = str(one.detail["end_to_end_id"])
    identity = parse_end_to_end_id(key)
    assert identity is not None, "its order was found by it"
    payment = await tx.fetchrow(
        "SELECT state, net_fen FROM payment WHERE payment_id = $1 AND attempt = $2", *identity
    )
    assert payment is not None, "its order was found by it"
    if payment["state"] != State.PAID or payment["net_fen"] != row["amount_fen"]:
        raise Moved
    claim = Claim(key, "", row["code"] or OTHER, "", "")
    await results.apply(tx, order, Outcome({State.RETURNED: [claim]}, [], 0), "statement, assigned")
    await settling.settle_if_done(tx, order["order_id"])
