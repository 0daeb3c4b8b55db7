"""The way of a recovery from its notice to a plan of instalments, and what is read of it."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from contracts.payment import DeductionOrdered
from kit.db import Tx
from kit.ids import payment_id
from services.payment.domain.orders import DEDUCTION
from services.payment.store import recoveries
from services.payment.store.recovery_tables import Instalment, Recovery


class Part(NamedTuple):
    """One planned instalment: kept back from the next line from `from_period` on, or repaid in cash."""

    means: str
    amount_fen: int
    from_period: str = ""


async def notice(tx: Tx, case: Recovery, notice_no: str, due_on: date) -> None:
    """The written notice went out; its number is what a repayment names."""
    case.notice_no, case.noticed_on, case.due_on = notice_no, tx.today, due_on
    case.state = "noticed" if case.state == "opened" else case.state
    await tx.execute(
        "UPDATE recovery SET notice_no = $2, noticed_on = $3, due_on = $4, state = $5 WHERE case_id = $1",
        case.case_id,
        notice_no,
        tx.today,
        due_on,
        case.state,
    )
    tx.audit("payment.notice_recovery", f"recovery:{case.case_id}")
    recoveries.changed(tx, case)


async def plan(tx: Tx, case: Recovery, parts: Sequence[Part]) -> None:
    """Replace what is planned and not yet kept back or sent; deductions are ordered from `batch` at once.

    An ordered deduction that `batch` has stated already is kept back only while its instalment stands.
    """
    await recoveries.cancel(tx, case.case_id)
    number = await tx.fetchval(
        "SELECT coalesce(max(number), 0) FROM instalment WHERE case_id = $1", case.case_id
    )
    last = await _last_installment(tx, case)
    for one in parts:
        number += 1
        last += one.means == DEDUCTION
        await tx.insert(_instalment(case, number, last, one))
        if one.means == DEDUCTION:
            tx.emit(_ordered(case, last, one))
    case.state = "recovering"
    tx.audit("payment.plan_recovery", f"recovery:{case.case_id}", instalments=len(parts))
    await recoveries.save_money(tx, case)


async def _last_installment(tx: Tx, case: Recovery) -> int:
    """The highest number that any case of this entitlement has used: R05 and the payment id know only one of each.

    Two plans at once wait for each other, and cases of a county that the person has left count as well.
    """
    key = (case.subject_id, case.project, case.entitlement_period)
    await tx.execute("SELECT pg_advisory_xact_lock(7204104, hashtext($1))", "|".join(key))
    async with tx.as_room():
        last: int = await tx.fetchval(
            "SELECT coalesce(max(installment), 0) FROM instalment JOIN recovery USING (case_id) "
            "WHERE subject_id = $1 AND project = $2 AND entitlement_period = $3",
            *key,
        )
    return last


def _instalment(case: Recovery, number: int, installment: int, one: Part) -> Instalment:
    key = payment_id(case.subject_id, case.project, case.entitlement_period, DEDUCTION, max(installment, 1))
    kept_back = one.means == DEDUCTION
    return Instalment(
        case_id=case.case_id,
        number=number,
        means=one.means,
        amount_fen=one.amount_fen,
        state="ordered",
        installment=installment if kept_back else None,
        payment_id=key if kept_back else None,
        from_period=one.from_period or None,
    )


def _ordered(case: Recovery, installment: int, one: Part) -> DeductionOrdered:
    return DeductionOrdered(
        case_id=case.case_id,
        application_id=case.application_id,
        subject_id=case.subject_id,
        project=case.project,
        county=case.county,
        installment=installment,
        amount_fen=one.amount_fen,
        entitlement_period=case.entitlement_period,
        from_period=one.from_period,
    )


async def in_flight(tx: Tx, case_id: str) -> bool:
    """Whether a deduction of the case rides on a payment that has no result yet."""
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM instalment JOIN payment USING (payment_id) WHERE case_id = $1 "
        "AND instalment.state = 'ordered' AND payment.live)",
        case_id,
    )
    return found


async def listed(
    tx: Tx, project: str, county: str, state: str | None, line_id: str | None
) -> list[dict[str, Any]]:
    """Cases of a county for a project, newest first, each with its instalments."""
    rows = await tx.fetch(
        "SELECT recovery.*, claimed_fen - deducted_fen - repaid_fen - written_off_fen - withdrawn_fen AS open_fen, "
        "deducted_fen + repaid_fen AS recovered_fen, coalesce((SELECT jsonb_agg(to_jsonb(one) ORDER BY number) "
        "FROM (SELECT number, means, amount_fen, state, installment, from_period, posting_id FROM instalment "
        "WHERE instalment.case_id = recovery.case_id) AS one), '[]') AS instalments "
        "FROM recovery WHERE project = $1 AND county = $2 AND ($3::text IS NULL OR state = $3) "
        "AND ($4::text IS NULL OR line_id = $4) ORDER BY opened_at DESC, case_id LIMIT 500",
        project,
        county,
        state,
        line_id,
    )
    return [dict(row) for row in rows]
