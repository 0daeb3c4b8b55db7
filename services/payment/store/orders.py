"""Drawing a payment order: payments by COPY, one posting for what is left of the reservation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from contracts.payment import IssueOrder
from kit.db import Tx
from kit.ids import payment_id
from services.payment.domain.ledger import Kind, Move
from services.payment.domain.orders import Candidate, Drawn, Former, Payable, Withheld
from services.payment.domain.standards import year_of
from services.payment.domain.states import State
from services.payment.store import ledger
from services.payment.store.ledger import About, Book
from services.payment.store.order_tables import OrderSlice, PaymentOrder, WithheldRow
from services.payment.store.slices import SignedSlice
from services.payment.store.tables import Reservation

FILE_LINES = 20_000
"""Most payments in one bank file: bounds a transaction and the bank's patience."""

_COLUMNS = (
    "payment_id",
    "attempt",
    "line_id",
    "slice_id",
    "set_id",
    "order_id",
    "project",
    "county",
    "file_id",
    "seq",
    "township",
    "village",
    "subject_id",
    "payee_id",
    "entitlement_period",
    "kind",
    "installment",
    "amount_fen",
    "net_fen",
    "paid_with",
    "paid_with_attempt",
    "state",
    "committed_posting",
)


async def of_set(tx: Tx, set_id: str) -> PaymentOrder | None:
    """The set's order; there is never a second one."""
    row = await tx.fetchrow("SELECT * FROM payment_order WHERE set_id = $1", set_id)
    return PaymentOrder.model_validate(dict(row)) if row else None


def candidates(project: str, slices: Sequence[SignedSlice]) -> list[Candidate]:
    """The payable lines with the identity of their entitlement."""
    return [
        Candidate(
            payment_id(
                row["subject_id"], project, row["entitlement_period"], row["kind"], int(row["installment"])
            ),
            row["line_id"],
            one.frozen.slice_id,
            int(row["amount_fen"] or 0),
            row["application_id"],
            row["kind"],
        )
        for one in slices
        for row in one.lines
    ]


async def former(tx: Tx, ids: Sequence[str]) -> dict[str, Former]:
    """The live or else latest attempt of each payment id; should one land meanwhile, uniqueness stops us."""
    rows = await tx.fetch(
        "SELECT DISTINCT ON (payment_id) payment_id, attempt, state, amount_fen, EXISTS (SELECT FROM conflict "
        "WHERE conflict.payment_id = payment.payment_id AND settled_as IS NULL) AS contested FROM payment "
        "WHERE payment_id = ANY($1::text[]) ORDER BY payment_id, live DESC, attempt DESC",
        list(ids),
    )
    return {
        row["payment_id"]: Former(row["attempt"], State(row["state"]), row["amount_fen"], row["contested"])
        for row in rows
    }


async def instalments(tx: Tx, ids: Sequence[str]) -> dict[str, int]:
    """Of these payment ids those that recoveries ordered to be kept back, in fen."""
    rows = await tx.fetch(
        "SELECT payment_id, amount_fen FROM instalment WHERE payment_id = ANY($1::text[]) AND state = 'ordered'",
        list(ids),
    )
    return {row["payment_id"]: row["amount_fen"] for row in rows}


class Draft(NamedTuple):
    """An order about to be written; `command_id` is what its outcome will answer."""

    order_id: str
    command_id: str
    drawn: Drawn


async def save(
    tx: Tx, command: IssueOrder, held: Reservation, slices: list[SignedSlice], draft: Draft
) -> None:
    """Write the order, its slices, payments, planned files and withheld lines; release what is not needed."""
    order_id, cause, drawn = draft
    book = Book(command.project, command.county, year_of(command.period))
    order = PaymentOrder(
        order_id=order_id,
        set_id=command.set_id,
        project=command.project,
        county=command.county,
        period=command.period,
        year=book.year,
        state="issued",
        lines=len(drawn.payable),
        total_fen=drawn.total_fen,
        withheld=len(drawn.withheld),
        command_id=cause,
        work_item_id=command.work_item_id,
        actor=command.actor,
        issued_at=tx.now,
    )
    await tx.insert(order)
    await tx.insert(*_slices(order_id, slices, drawn))
    common = (command.set_id, order_id, command.project, command.county)
    rows = {row["line_id"]: (one, row) for one in slices for row in one.lines}
    places = list(_places(drawn.payable))
    records = (
        _record(common, place, one, *rows[one.line.line_id], held.posting_id or None)
        for place, one in zip(places, drawn.payable, strict=True)
    )
    await tx.copy("payment", _COLUMNS, records)
    await tx.insert(*(_withheld(order_id, one) for one in drawn.withheld))
    await _plan_files(tx, order, places[-1][0] if places else 0)
    await tx.execute("UPDATE reservation SET order_id = $2 WHERE set_id = $1", command.set_id, order_id)
    about = About(
        "order",
        "支付申请，释放多余挂账 (order drawn, rest released)",
        command.actor,
        command.set_id,
        order_id,
    )
    await ledger.post(
        tx, book, [Move(Kind.COMMITTED, Kind.BUDGET, held.reserved_fen - drawn.total_fen)], about
    )


def file_id(order_id: str, number: int) -> str:
    """The bank's idempotency key of a file: the same for every try."""
    return f"{order_id}-{number}"


def _slices(order_id: str, slices: list[SignedSlice], drawn: Drawn) -> list[OrderSlice]:
    amounts: dict[str, list[int]] = {one.frozen.slice_id: [] for one in slices}
    for payable in drawn.payable:
        amounts[payable.line.slice_id].append(
            payable.line.amount_fen
        )  # deductions below zero: the sum is net
    return [
        OrderSlice(
            order_id=order_id,
            slice_id=one.frozen.slice_id,
            revision=one.frozen.revision,
            root=one.root,
            exclusions=one.frozen.exclusions,
            township=one.township,
            category=one.category,
            lines=len(amounts[one.frozen.slice_id]),
            total_fen=sum(amounts[one.frozen.slice_id]),
        )
        for one in slices
    ]


def _withheld(order_id: str, one: Withheld) -> WithheldRow:
    line = one.line
    return WithheldRow(
        order_id=order_id,
        slice_id=line.slice_id,
        line_id=line.line_id,
        payment_id=line.payment_id,
        amount_fen=line.amount_fen,
        reason=one.reason,
    )


def _places(payable: Sequence[Payable]) -> Iterator[tuple[int, int]]:
    """File number and place in it; a line and the deductions kept back from it stay in one file."""
    file, seq = 1, 0
    for one in payable:
        if seq >= FILE_LINES and one.paid_with is None:
            file, seq = file + 1, 0
        seq += 1
        yield file, seq


def _record(
    common: tuple[str, str, str, str],
    place: tuple[int, int],
    one: Payable,
    of: SignedSlice,
    row: Mapping[str, Any],
    posting: str | None,
) -> tuple[Any, ...]:
    line = one.line
    return (
        line.payment_id,
        one.attempt,
        line.line_id,
        line.slice_id,
        *common,
        file_id(common[1], place[0]),
        place[1],
        of.township,
        row["village"],
        row["subject_id"],
        row["payee_id"],
        row["entitlement_period"],
        row["kind"],
        int(row["installment"]),
        line.amount_fen,
        one.net_fen,
        *(one.paid_with or (None, None)),
        State.COMMITTED.value,
        posting,
    )


async def _plan_files(tx: Tx, order: PaymentOrder, count: int) -> None:
    await tx.execute(
        "INSERT INTO bank_file (file_id, order_id, project, county, number, state, next_try_at) "
        "SELECT $1 || '-' || n, $1, $2, $3, n, 'planned', $5 FROM generate_series(1, $4::int) AS n",
        order.order_id,
        order.project,
        order.county,
        count,
        tx.wall,
    )
