"""Statements as they come: each entry once, matched to what it says of a payment or a recovery, or suspended."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from kit.db import Tx
from kit.ids import end_to_end_id, named_id, parse_end_to_end_id
from services.payment.domain.ledger import Kind, Move
from services.payment.domain.results import Claim, Contradiction, Outcome
from services.payment.domain.standards import year_of
from services.payment.domain.statements import WAIT, Booked, Entry, judge
from services.payment.domain.states import State
from services.payment.store import conflicts, ledger, recoveries, results, settling
from services.payment.store.ledger import About, Book
from services.payment.store.statement_tables import Statement, StatementEntry


class Place(NamedTuple):
    """Whose account: a county's for a project."""

    project: str
    county: str


async def keep(
    tx: Tx, place: Place, day: date, entries: Sequence[Entry], sha256: str, source: str
) -> Statement | None:
    """Keep a statement and the entries that no earlier one had, then match; None when this one is known."""
    await tx.execute("SELECT pg_advisory_xact_lock(7204103, hashtext($1))", "|".join(place))
    known = await tx.fetchval(
        "SELECT 1 FROM statement WHERE project = $1 AND county = $2 AND day = $3 AND sha256 = $4",
        *place,
        day,
        sha256,
    )
    if known:
        await match(tx, place)
        return None
    row = Statement(
        statement_id=named_id("statement", *place, day.isoformat(), sha256),
        project=place.project,
        county=place.county,
        day=day,
        source=source,
        sha256=sha256,
        entries=len(entries),
        debit_fen=sum(one.amount_fen for one in entries if one.direction == "debit"),
        credit_fen=sum(one.amount_fen for one in entries if one.direction == "credit"),
        actor=tx.actor,
        at=tx.now,
    )
    await tx.insert(row)
    old = await tx.fetch(
        "SELECT bank_ref, direction FROM statement_entry WHERE project = $1 AND county = $2 "
        "AND bank_ref = ANY($3::text[])",
        *place,
        [one.bank_ref for one in entries],
    )
    seen = {(one["bank_ref"], one["direction"]) for one in old}
    new = [_row(row, one) for one in entries if (one.bank_ref, one.direction) not in seen]
    await tx.execute(
        "INSERT INTO statement_entry SELECT * FROM jsonb_populate_recordset(NULL::statement_entry, $1)",
        [one.model_dump(mode="json") for one in new],
    )
    await match(tx, place)
    return row


def _row(statement: Statement, one: Entry) -> StatementEntry:
    identity = parse_end_to_end_id(one.end_to_end_id)
    place = (statement.project, statement.county)
    return StatementEntry(
        entry_id=named_id("entry", *place, one.direction, one.bank_ref),
        statement_id=statement.statement_id,
        project=statement.project,
        county=statement.county,
        year=year_of(f"{statement.day:%Y%m}"),
        day=statement.day,
        bank_ref=one.bank_ref,
        direction=one.direction,
        kind=one.kind,
        amount_fen=one.amount_fen,
        end_to_end_id=one.end_to_end_id[:64] or None,
        reference=one.reference[:64] or None,
        code=one.code[:8] or None,
        state="new",
        payment_id=identity[0] if identity else None,
        attempt=identity[1] if identity else None,
    )


async def match(tx: Tx, place: Place) -> None:
    """Judge every entry that is still new; what explains nothing goes to suspense and waits for two people."""
    orders = await tx.fetch(
        "SELECT DISTINCT payment.order_id FROM statement_entry AS one JOIN payment USING (payment_id, attempt) "
        "WHERE one.project = $1 AND one.county = $2 AND one.state = 'new' ORDER BY 1",
        *place,
    )
    locked = {row["order_id"]: await results.lock_order(tx, row["order_id"]) for row in orders}
    rows = await tx.fetch(
        "SELECT one.*, payment.order_id, payment.state AS held, payment.net_fen, "
        "EXISTS (SELECT FROM statement_entry AS other WHERE other.payment_id = one.payment_id "
        "AND other.attempt = one.attempt AND other.kind = one.kind AND other.state = 'matched') AS stated "
        "FROM statement_entry AS one LEFT JOIN payment ON payment.payment_id = one.payment_id "
        "AND payment.attempt = one.attempt AND payment.project = one.project AND payment.county = one.county "
        "AND payment.paid_with IS NULL "
        "WHERE one.project = $1 AND one.county = $2 AND one.state = 'new' "
        # A payment before its return, so that both of one day are told in their order.
        "ORDER BY one.day, one.kind <> 'payment', one.entry_id",
        *place,
    )
    for kinds in (("payment",), ("return",)):
        await _payments(tx, [row for row in rows if row["kind"] in kinds], locked)
        if kinds == ("payment",):
            rows = await _again(tx, rows)
    for row in rows:
        if row["kind"] == "repayment":
            await _repayment(tx, row)
        elif row["kind"] == "other":
            await suspend(tx, row, "unexplained", row["amount_fen"])
    for order_id in locked:
        await settling.settle_if_done(tx, order_id)


async def _again(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The states of the payments, read again after the day's debits were applied."""
    states = {
        (row["payment_id"], row["attempt"]): row["state"]
        for row in await tx.fetch(
            "SELECT payment_id, attempt, state FROM payment JOIN unnest($1::text[], $2::int[]) "
            "AS one(payment_id, attempt) USING (payment_id, attempt)",
            [row["payment_id"] for row in rows if row["kind"] == "return"],
            [row["attempt"] for row in rows if row["kind"] == "return"],
        )
    }
    return [
        dict(row) | {"held": states.get((row["payment_id"], row["attempt"]), row["held"])} for row in rows
    ]


async def _payments(
    tx: Tx, rows: Sequence[Mapping[str, Any]], locked: Mapping[str, Mapping[str, Any]]
) -> None:
    moves: dict[str, dict[State, list[Claim]]] = {}
    matched: list[str] = []
    seen: set[str] = set()
    for row in rows:
        booked = None
        if row["held"] is not None:
            stated = row["stated"] or row["end_to_end_id"] in seen
            booked = Booked(State(row["held"]), row["net_fen"], stated)
        target, why = judge(_entry(row), booked)
        if why == WAIT:
            continue
        if why:
            await _apart(tx, row, why, locked)
            continue
        seen.add(row["end_to_end_id"])
        matched.append(row["entry_id"])
        if target is not None:
            serial = row["bank_ref"] if target is State.PAID else ""
            code = (row["code"] or "F99") if target is State.RETURNED else ""
            at = row["day"].isoformat() if target is State.PAID else ""
            claim = Claim(row["end_to_end_id"], "", code, serial, at)
            moves.setdefault(row["order_id"], {}).setdefault(target, []).append(claim)
    for order_id, targets in moves.items():
        await results.apply(tx, locked[order_id], Outcome(targets, [], 0), "statement")
    await tx.execute("UPDATE statement_entry SET state = 'matched' WHERE entry_id = ANY($1::text[])", matched)


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        row["bank_ref"],
        row["direction"],
        row["kind"],
        row["amount_fen"],
        row["end_to_end_id"] or "",
        row["reference"] or "",
        row["code"] or "",
    )


async def _apart(tx: Tx, row: Mapping[str, Any], why: str, locked: Mapping[str, Mapping[str, Any]]) -> None:
    if why == "contradicts":
        status = "returned" if row["kind"] == "return" else "success"
        claim = Claim(end_to_end_id(row["payment_id"], row["attempt"]), status, "", row["bank_ref"], "")
        source = f"statement {row['bank_ref']}"
        await conflicts.keep_apart(
            tx, locked[row["order_id"]], [Contradiction(claim, State(row["held"]))], source
        )
        await suspend(tx, row, why, 0)
        return
    fen = row["amount_fen"]
    if why == "other_amount" and row["direction"] == "debit":
        # What the payment itself accounts for stands where the payment stands.
        fen = max(fen - row["net_fen"], 0)
    await suspend(tx, row, why, fen)


async def _repayment(tx: Tx, row: Mapping[str, Any]) -> None:
    case_id = await tx.fetchval(
        "SELECT case_id FROM recovery WHERE project = $1 AND county = $2 AND $3 IN (case_id, notice_no)",
        row["project"],
        row["county"],
        row["reference"] or "",
    )
    case = await recoveries.lock(tx, case_id) if case_id else None
    if case is None or not case.open_fen:
        await suspend(tx, row, "no_case", row["amount_fen"])
        return
    if row["amount_fen"] > case.open_fen:
        await suspend(tx, row, "over_case", row["amount_fen"])
        return
    await recoveries.book_cash(tx, case, row["amount_fen"], row["entry_id"])
    await tx.execute(
        "UPDATE statement_entry SET state = 'matched', case_id = $2 WHERE entry_id = $1",
        row["entry_id"],
        case.case_id,
    )


async def suspend(tx: Tx, row: Mapping[str, Any], why: str, fen: int) -> None:
    """Never dropped: what came unexplained, or left unexplained, stands on `suspense` until somebody has found out."""
    book = Book(row["project"], row["county"], row["year"])
    about = About("suspend", f"对账待查 (statement: {why})", "payment")
    source = Kind.CLEARING
    if row["direction"] == "debit":
        source, fen = Kind.BUDGET, min(fen, await ledger.balance(tx, book, Kind.BUDGET))
    posting = await ledger.post(tx, book, [Move(source, Kind.SUSPENSE, fen)], about)
    await tx.execute(
        "UPDATE statement_entry SET state = 'suspended', why = $2, suspended_fen = $3, posting_id = $4 "
        "WHERE entry_id = $1",
        row["entry_id"],
        why,
        fen,
        posting,
    )
