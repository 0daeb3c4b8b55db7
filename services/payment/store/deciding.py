"""What an approved decision does, in its own transaction: contradictions, UNKNOWN payments, files refused whole."""

from collections.abc import Mapping
from typing import Any

from kit.db import Tx
from kit.ids import end_to_end_id, parse_end_to_end_id
from services.payment.domain.codes import BAD_FORMAT, OTHER
from services.payment.domain.decisions import choices_for_file
from services.payment.domain.ledger import Kind, Move
from services.payment.domain.results import Claim, Outcome
from services.payment.domain.states import State
from services.payment.store import ledger, pool_lines, recoveries, resolving, results, returns, settling
from services.payment.store.decisions import Moved
from services.payment.store.ledger import About, Book
from services.payment.store.recovery_tables import Decision


class QuotaShort(Exception):
    """The county's budget can't cover what the bank had paid; raise the quota first."""


class NextInFlight(Exception):
    """The next attempt is on its way: only its result says whether the bank paid once or twice."""


async def carry_out(tx: Tx, one: Decision) -> None:
    """Do what was decided. Raises Moved, QuotaShort or NextInFlight; then nothing was done."""
    match one.about:
        case "conflict":
            await _conflict(tx, one)
        case "unknown":
            await _unknown(tx, one)
        case "file":
            await _file(tx, one)
        case "suspense":
            await resolving.resolve(tx, one)
        case "open_recovery":
            await _open_recovery(tx, one)
        case "end_recovery":
            case = await recoveries.lock(tx, one.resource)
            if case is None or not case.open_fen:
                raise Moved
            await recoveries.end(tx, case, one.choice, tx.actor)


async def _conflict(tx: Tx, one: Decision) -> None:
    row = await tx.fetchrow("SELECT * FROM conflict WHERE number = $1", int(one.resource))
    assert row is not None, "proposed about an existing one"
    order = await results.lock_order(tx, row["order_id"], one.decision_id)
    payment = await tx.fetchrow(
        "SELECT payment.*, $3::int AS year FROM payment WHERE payment_id = $1 AND attempt = $2",
        row["payment_id"],
        row["attempt"],
        order["year"],
    )
    assert payment is not None, "contradictions are about payments"
    aside = await tx.fetchval(
        "SELECT sum(suspended_fen)::bigint FROM conflict WHERE payment_id = $1 AND attempt = $2 "
        "AND settled_as IS NULL",
        row["payment_id"],
        row["attempt"],
    )
    if aside is None:
        raise Moved
    if one.choice == "paid":
        settled_as = await _was_paid(tx, order, dict(payment), aside)
    else:
        settled_as = await _was_not_paid(tx, order, dict(payment), aside)
    # All that stands open about this attempt is settled at once.
    await tx.execute(
        "UPDATE conflict SET settled_as = $3, decision_id = $4 WHERE payment_id = $1 AND attempt = $2 "
        "AND settled_as IS NULL",
        row["payment_id"],
        row["attempt"],
        settled_as,
        one.decision_id,
    )
    await tx.execute(
        "UPDATE statement_entry SET state = 'resolved', decision_id = $3 WHERE payment_id = $1 AND attempt = $2 "
        "AND state = 'suspended' AND why = 'contradicts'",
        row["payment_id"],
        row["attempt"],
        one.decision_id,
    )
    await settling.settle_if_done(tx, row["order_id"])


async def _was_paid(tx: Tx, order: Mapping[str, Any], payment: dict[str, Any], aside: int) -> str:
    if payment["state"] != State.REJECTED:
        await _release(tx, order, aside)
        return "paid"
    book = Book(order["project"], order["county"], order["year"])
    lacking = payment["net_fen"] - aside
    if lacking > await ledger.balance(tx, book, Kind.BUDGET):
        raise QuotaShort
    about = About(
        "suspend", "裁定已付，补足待查 (decided: paid)", tx.actor, order["set_id"], order["order_id"]
    )
    await ledger.post(tx, book, [Move(Kind.BUDGET, Kind.SUSPENSE, lacking)], about)
    # Beyond the desk's own region: the person may have moved, and been paid elsewhere.
    async with tx.as_room():
        again = await tx.fetchval(
            "SELECT state FROM payment WHERE payment_id = $1 AND live", payment["payment_id"]
        )
    if again is None:
        await _move(tx, order, payment, State.PAID, "")
        await pool_lines.take_again(tx, payment["slice_id"], payment["line_id"])
        await returns.state_found_paid(tx, order["order_id"], [payment["payment_id"]], [payment["attempt"]])
        return "paid"
    if again != State.PAID:
        raise NextInFlight
    # Meanwhile the next attempt went out: the bank paid twice, and one of the two is claimed back.
    application = await application_of(tx, payment)
    reason = "银行重复付款 (the bank paid two attempts)"
    await recoveries.open_case(tx, payment, application, payment["net_fen"], reason, tx.actor, "suspense")
    return "paid_twice"


async def _was_not_paid(tx: Tx, order: Mapping[str, Any], payment: dict[str, Any], aside: int) -> str:
    if payment["state"] == State.PAID:
        await _move(tx, order, payment, State.RETURNED, OTHER)
    await _release(tx, order, aside)
    return "not_paid"


async def _release(tx: Tx, order: Mapping[str, Any], fen: int) -> None:
    about = About(
        "resolve", "裁定未付，待查退回指标 (decided: not paid)", tx.actor, order["set_id"], order["order_id"]
    )
    book = Book(order["project"], order["county"], order["year"])
    await ledger.post(tx, book, [Move(Kind.SUSPENSE, Kind.BUDGET, fen)], about)


async def _move(
    tx: Tx, order: Mapping[str, Any], payment: Mapping[str, Any], target: State, code: str
) -> None:
    claim = Claim(end_to_end_id(payment["payment_id"], payment["attempt"]), "", code, "", "")
    if target is State.PAID:
        claim = claim._replace(paid_at=tx.today.isoformat())
    await results.apply(tx, order, Outcome({target: [claim]}, [], 0), f"decision of {tx.actor}")


async def _unknown(tx: Tx, one: Decision) -> None:
    identity = parse_end_to_end_id(one.resource)
    assert identity is not None, "proposed about an existing one"
    row = await tx.fetchrow("SELECT order_id FROM payment WHERE payment_id = $1 AND attempt = $2", *identity)
    assert row is not None, "proposed about an existing one"
    order = await results.lock_order(tx, row["order_id"], one.decision_id)
    payment = await tx.fetchrow("SELECT * FROM payment WHERE payment_id = $1 AND attempt = $2", *identity)
    assert payment is not None, "payments are never deleted"
    if payment["state"] != State.UNKNOWN:
        raise Moved
    paid = one.choice == "paid"
    await _move(tx, order, payment, State.PAID if paid else State.REJECTED, "" if paid else OTHER)
    await settling.settle_if_done(tx, row["order_id"])


async def _file(tx: Tx, one: Decision) -> None:
    file = await results.lock_file(tx, one.resource)
    refusal = await tx.fetchval("SELECT refusal FROM bank_file WHERE file_id = $1", one.resource)
    if file is None or file["state"] != "refused" or one.choice not in choices_for_file(refusal or ""):
        raise Moved
    order = dict(file) | {"decision_id": one.decision_id}
    if one.choice == "rebuild":
        await _rebuild(tx, order)
        return
    rows = await results.held(tx, one.resource)
    open_ = [key for key, held in rows.items() if held.state is State.SUBMITTED]
    target, code = (State.UNKNOWN, "") if one.choice == "query" else (State.REJECTED, BAD_FORMAT)
    claims = [Claim(key, "", code, "", "") for key in open_]
    await results.apply(
        tx, order, Outcome({target: claims} if claims else {}, [], 0), f"decision of {tx.actor}"
    )
    await tx.execute("UPDATE bank_file SET state = 'settled' WHERE file_id = $1", one.resource)
    await settling.settle_if_done(tx, file["order_id"])


async def _rebuild(tx: Tx, file: Mapping[str, Any]) -> None:
    """Back to before it was built: its money is committed again, its payments keep their ids and attempts."""
    fen = await tx.fetchval(
        "SELECT coalesce(sum(net_fen), 0)::bigint FROM payment WHERE file_id = $1 AND state = 'SUBMITTED'",
        file["file_id"],
    )
    about = About(
        "recall", "银行整批拒收，重制 (refused whole, built again)", tx.actor, file["set_id"], file["order_id"],
        file["file_id"],
    )  # fmt: skip
    book = Book(file["project"], file["county"], file["year"])
    await ledger.post(tx, book, [Move(Kind.IN_TRANSIT, Kind.COMMITTED, fen)], about)
    await tx.execute(
        "UPDATE payment SET state = 'COMMITTED', sent_posting = NULL, decision_id = $2 "
        "WHERE file_id = $1 AND state = 'SUBMITTED'",
        file["file_id"],
        file["decision_id"],
    )
    await tx.execute(
        "UPDATE bank_file SET state = 'planned', content = NULL, sha256 = NULL, lines = NULL, total_fen = NULL, "
        "refusal = NULL, sent_posting = NULL, tries = 0, next_try_at = $2 WHERE file_id = $1",
        file["file_id"],
        tx.wall,
    )


async def application_of(tx: Tx, payment: Mapping[str, Any]) -> str:
    """The application that a paid line belongs to, from the lines as finance signed them."""
    found = await tx.fetchval(
        "SELECT line->>'application_id' FROM order_slice, chunk_rows(slice_id, revision) AS line "
        "WHERE order_id = $1 AND slice_id = $2 AND line->>'line_id' = $3",
        payment["order_id"],
        payment["slice_id"],
        payment["line_id"],
    )
    return str(found or "")


async def _open_recovery(tx: Tx, one: Decision) -> None:
    paid = await recoveries.find_paid(tx, one.resource)
    fen = int(one.detail["amount_fen"])
    if paid is None or fen > paid["amount_fen"]:
        raise Moved
    application = await application_of(tx, paid)
    opened = await recoveries.open_case(
        tx, paid, application, fen, str(one.detail["reason"]), one.proposed_by
    )
    if opened is None:
        raise Moved
