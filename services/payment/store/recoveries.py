"""追回: a case holds money on `receivable` until it is kept back, repaid, written off or withdrawn."""

from typing import Any

from contracts.payment import DeductionsCancelled, RecoveryChanged
from kit.db import Tx
from kit.ids import named_id
from services.payment.domain.ledger import Kind, Move
from services.payment.store import ledger
from services.payment.store.ledger import About, Book
from services.payment.store.recovery_tables import Recovery


async def lock(tx: Tx, case_id: str) -> Recovery | None:
    """A case, locked until the transaction ends."""
    row = await tx.fetchrow("SELECT * FROM recovery WHERE case_id = $1 FOR UPDATE", case_id)
    return Recovery(**dict(row)) if row else None


def book_of(case: Recovery) -> Book:
    """A case belongs to the book of the payment it claims, whatever year recovers it."""
    return Book(case.project, case.county, case.year)


async def find_paid(tx: Tx, line_id: str) -> dict[str, Any] | None:
    """The paid attempt of a line with its year; its order is locked, as results lock it."""
    row = await tx.fetchrow(
        "SELECT payment.*, payment_order.year FROM payment JOIN payment_order USING (order_id) "
        "WHERE line_id = $1 AND paid_with IS NULL ORDER BY attempt DESC LIMIT 1 FOR UPDATE OF payment_order",
        line_id,
    )
    # Read again behind the lock: a return may have been applied while this waited.
    row = row and await tx.fetchrow(
        "SELECT payment.*, payment_order.year FROM payment JOIN payment_order USING (order_id) "
        "WHERE payment_id = $1 AND attempt = $2",
        row["payment_id"],
        row["attempt"],
    )
    return dict(row) if row and row["state"] == "PAID" else None


async def open_case(
    tx: Tx, paid: dict[str, Any], application_id: str, fen: int, reason: str, actor: str, source: str = "paid"
) -> Recovery | None:
    """Claim `fen` of a payment back; None when it is claimed already. The money leaves `paid` (or `suspense`)."""
    case = Recovery(
        case_id=named_id("recovery", paid["payment_id"], paid["attempt"], source),
        application_id=application_id,
        reason=reason[:500],
        source=source,
        state="opened",
        claimed_fen=fen,
        opened_by=actor,
        opened_at=tx.now,
        **{
            name: paid[name]
            for name in ("payment_id", "attempt", "line_id", "subject_id", "payee_id", "project", "county",
                         "township", "entitlement_period", "year")
        },
    )  # fmt: skip
    if await tx.fetchval("SELECT EXISTS (SELECT FROM recovery WHERE case_id = $1)", case.case_id):
        return None
    await tx.insert(case)
    where = Kind.PAID if source == "paid" else Kind.SUSPENSE
    about = About(
        "claim", "追回立案 (recovery opened)", actor, order_id=paid["order_id"], case_id=case.case_id
    )
    await ledger.post(tx, book_of(case), [Move(where, Kind.RECEIVABLE, fen)], about)
    tx.audit("payment.open_recovery", f"recovery:{case.case_id}", actor, claimed_fen=fen)
    changed(tx, case)
    return case


async def book_deduction(tx: Tx, case_id: str, number: int) -> None:
    """An instalment was kept back from a payment: that part of the overpayment now stands as rightly paid."""
    case, fen = await _with_instalment(tx, case_id, number, "ordered")
    if not fen:
        return
    about = About("set_off", "追回扣抵 (kept back from a payment)", "payment", case_id=case_id)
    posting = await ledger.post(tx, book_of(case), [Move(Kind.RECEIVABLE, Kind.PAID, fen)], about)
    await _booked(tx, case_id, number, posting)
    case.deducted_fen += fen
    await save_money(tx, case)


async def unbook_deduction(tx: Tx, case_id: str, number: int) -> None:
    """The payment it was kept back from came back: the instalment is owed again, with the next attempt."""
    case, fen = await _with_instalment(tx, case_id, number, "booked")
    if not fen:
        return
    about = About("set_off", "退回，冲销追回扣抵 (returned: taken back)", "payment", case_id=case_id)
    await ledger.post(tx, book_of(case), [Move(Kind.PAID, Kind.RECEIVABLE, fen)], about)
    await tx.execute(
        "UPDATE instalment SET state = 'ordered', posting_id = NULL, booked_at = NULL "
        "WHERE case_id = $1 AND number = $2",
        case_id,
        number,
    )
    case.deducted_fen -= fen
    case.state = "recovering" if case.state == "recovered" else case.state
    await save_money(tx, case)


async def book_cash(tx: Tx, case: Recovery, fen: int, entry_id: str) -> None:
    """Cash repaid restores the quota, on the same two steps as any money that returns."""
    about = About("repay", "退缴追回款 (repaid in cash)", "payment", case_id=case.case_id)
    posting = await ledger.post(tx, book_of(case), [Move(Kind.RECEIVABLE, Kind.RETURNED, fen)], about)
    restore = About("restore", "退缴恢复指标 (quota restored)", "payment", case_id=case.case_id)
    await ledger.post(tx, book_of(case), [Move(Kind.RETURNED, Kind.BUDGET, fen)], restore)
    number = await tx.fetchval(
        "SELECT min(number) FROM instalment WHERE case_id = $1 AND means = 'cash' AND state = 'ordered' "
        "AND amount_fen = $2",
        case.case_id,
        fen,
    )
    if number is None:
        number = await tx.fetchval(
            "INSERT INTO instalment (case_id, number, means, amount_fen, state) SELECT $1, "
            "coalesce(max(number), 0) + 1, 'cash', $2, 'ordered' FROM instalment WHERE case_id = $1 "
            "RETURNING number",
            case.case_id,
            fen,
        )
    await _booked(tx, case.case_id, number, posting, entry_id)
    case.repaid_fen += fen
    await save_money(tx, case)


async def end(tx: Tx, case: Recovery, how: str, actor: str) -> None:
    """What is still open is written off (the loss is shown) or withdrawn (it was owed after all)."""
    fen = case.open_fen
    back = Kind.PAID if case.source == "paid" else Kind.SUSPENSE
    target = Kind.WRITTEN_OFF if how == "written_off" else back
    about = About(
        "write_off" if how == "written_off" else "withdraw",
        "追回核销 (written off)" if how == "written_off" else "撤销追回 (withdrawn)",
        actor,
        case_id=case.case_id,
    )
    await ledger.post(tx, book_of(case), [Move(Kind.RECEIVABLE, target, fen)], about)
    if how == "written_off":
        case.written_off_fen += fen
    else:
        case.withdrawn_fen += fen
    case.state = how
    await cancel(tx, case.case_id)
    await save_money(tx, case)


async def withdraw_all(tx: Tx, case: Recovery) -> None:
    """The payment itself came back: nothing is claimed any more, and cash repaid goes back to suspense."""
    await tx.execute(
        "UPDATE statement_entry SET state = 'suspended', why = 'case_withdrawn', case_id = NULL, suspended_fen = "
        "amount_fen WHERE entry_id IN (SELECT entry_id FROM instalment WHERE case_id = $1 AND means = 'cash' "
        "AND state = 'booked')",
        case.case_id,
    )
    await tx.execute(
        "UPDATE instalment SET state = 'cancelled' WHERE case_id = $1 AND means = 'cash' AND state = 'booked'",
        case.case_id,
    )
    case.withdrawn_fen += case.open_fen + case.repaid_fen
    case.repaid_fen = 0
    case.state = "recovered" if case.deducted_fen else "withdrawn"
    await cancel(tx, case.case_id)
    await save_money(tx, case)


async def save_money(tx: Tx, case: Recovery) -> None:
    """Keep the sums of a locked case and tell of the change; what came in whole is recovered."""
    came = case.deducted_fen + case.repaid_fen
    if came and not case.open_fen and case.state not in ("written_off", "withdrawn"):
        case.state = "recovered"
    await tx.execute(
        "UPDATE recovery SET state = $2, deducted_fen = $3, repaid_fen = $4, written_off_fen = $5, "
        "withdrawn_fen = $6 WHERE case_id = $1",
        case.case_id,
        case.state,
        case.deducted_fen,
        case.repaid_fen,
        case.written_off_fen,
        case.withdrawn_fen,
    )
    changed(tx, case)


def changed(tx: Tx, case: Recovery) -> None:
    """Tell the other rooms where the case stands."""
    tx.emit(
        RecoveryChanged(
            case_id=case.case_id,
            line_id=case.line_id,
            project=case.project,
            county=case.county,
            township=case.township,
            state=case.state,
            claimed_fen=case.claimed_fen,
            recovered_fen=case.deducted_fen + case.repaid_fen,
            written_off_fen=case.written_off_fen,
        )
    )


async def _with_instalment(tx: Tx, case_id: str, number: int, state: str) -> tuple[Recovery, int]:
    case = await lock(tx, case_id)
    assert case is not None, "an instalment belongs to a case"
    fen = await tx.fetchval(
        "SELECT amount_fen FROM instalment WHERE case_id = $1 AND number = $2 AND state = $3",
        case_id,
        number,
        state,
    )
    return case, int(fen or 0)


async def _booked(
    tx: Tx, case_id: str, number: int, posting: str | None, entry_id: str | None = None
) -> None:
    await tx.execute(
        "UPDATE instalment SET state = 'booked', posting_id = $3, entry_id = $4, booked_at = $5 "
        "WHERE case_id = $1 AND number = $2",
        case_id,
        number,
        posting,
        entry_id,
        tx.now,
    )


async def cancel(tx: Tx, case_id: str) -> None:
    """What is planned and not yet kept back no longer is; `batch` makes no more lines of it."""
    rows = await tx.fetch(
        "UPDATE instalment SET state = 'cancelled' WHERE case_id = $1 AND state = 'ordered' RETURNING installment",
        case_id,
    )
    gone = sorted(row["installment"] for row in rows if row["installment"] is not None)
    if gone:
        application = await tx.fetchval("SELECT application_id FROM recovery WHERE case_id = $1", case_id)
        tx.emit(DeductionsCancelled(case_id=case_id, application_id=application, installments=gone))
