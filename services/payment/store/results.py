"""Applying what the bank says: guarded bulk updates, one posting per result, contradictions kept apart."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from kit.db import Tx
from kit.ids import end_to_end_id, parse_end_to_end_id
from services.payment.domain.codes import REASONS
from services.payment.domain.ledger import Kind, Move
from services.payment.domain.results import Claim, Held, Outcome
from services.payment.domain.states import State
from services.payment.store import conflicts, ledger, returns
from services.payment.store.files import book_of
from services.payment.store.ledger import About

FIRST_QUERY_SECONDS = 1.0


async def held(tx: Tx, file_id: str) -> dict[str, Held]:
    """Every payment that was sent with a file, by its end-to-end id."""
    rows = await tx.fetch(
        "SELECT payment_id, attempt, state, net_fen, bank_ref FROM payment "
        "WHERE file_id = $1 AND sent_posting IS NOT NULL AND net_fen > 0",
        file_id,
    )
    return {
        end_to_end_id(row["payment_id"], row["attempt"]): Held(
            State(row["state"]), row["net_fen"], row["bank_ref"]
        )
        for row in rows
    }


async def lock_file(tx: Tx, file_id: str) -> Mapping[str, Any] | None:
    """The file with its order's book; one result at a time applies to an order."""
    row = await tx.fetchrow(
        "SELECT bank_file.file_id, bank_file.order_id, bank_file.state, bank_file.project, bank_file.county, "
        "payment_order.year, payment_order.set_id FROM bank_file JOIN payment_order USING (order_id) "
        "WHERE file_id = $1 FOR UPDATE OF payment_order",
        file_id,
    )
    return dict(row) if row else None


async def lock_order(tx: Tx, order_id: str, decision_id: str | None = None) -> dict[str, Any]:
    """An order with its book, as `apply` wants it; nobody else moves its payments meanwhile."""
    row = await tx.fetchrow(
        "SELECT order_id, set_id, project, county, year, NULL AS file_id FROM payment_order "
        "WHERE order_id = $1 FOR UPDATE",
        order_id,
    )
    assert row is not None, "payments belong to an order"
    return dict(row) | {"decision_id": decision_id}


async def apply(tx: Tx, file: Mapping[str, Any], outcome: Outcome, source: str) -> None:
    """Move the payments and their money.

    `file` names book, set, order and file id (None for a query), and the decision if one moves them.
    """
    for target, claims in outcome.moves.items():
        await _move(tx, file, target, claims, source)
    if outcome.contradictions:
        await conflicts.keep_apart(tx, file, outcome.contradictions, source)


async def _move(tx: Tx, file: Mapping[str, Any], target: State, claims: Sequence[Claim], source: str) -> None:
    ids, attempts = _identities(claims)
    sums = await tx.fetch(
        "SELECT state, sum(net_fen)::bigint AS fen FROM payment JOIN unnest($1::text[], $2::int[]) "
        "AS one(payment_id, attempt) USING (payment_id, attempt) GROUP BY state",
        ids,
        attempts,
    )
    riders = await returns.riders(tx, ids, attempts)
    moves = [move for row in sums for move in _moves(State(row["state"]), target, row["fen"])]
    if target is State.RETURNED:
        moves += await returns.came_home(tx, ids, attempts)
    about = About(
        "return" if target is State.RETURNED else "result",
        f"{_MEMOS.get(target, '')} [{source}]",
        "payment",
        file["set_id"],
        file["order_id"],
        file["file_id"],
    )
    posting = await ledger.post(tx, book_of(file), moves, about)
    column = "returned_posting" if target is State.RETURNED else "settled_posting"
    await tx.execute(
        f"UPDATE payment SET state = $3, code = nullif(one.code, ''), reason = nullif(one.reason, ''), "
        f"bank_ref = coalesce(nullif(one.serial, ''), bank_ref), paid_at = coalesce(nullif(one.at, ''), "
        f"paid_at), "
        f"{column} = coalesce($8, {column}), decision_id = coalesce($9, decision_id) "
        "FROM unnest($1::text[], $2::int[], $4::text[], $5::text[], $6::text[], $7::text[]) "
        "AS one(payment_id, attempt, code, reason, serial, at) "
        "WHERE payment.payment_id = one.payment_id AND payment.attempt = one.attempt",
        ids,
        attempts,
        target.value,
        [one.code for one in claims],
        [REASONS.get(one.code, "") for one in claims],
        [one.bank_serial for one in claims],
        [one.paid_at for one in claims],
        posting,
        file.get("decision_id"),
    )
    if riders:
        await returns.settle_riders(tx, riders, target)
    await _restore(tx, file, target, moves)
    if target is State.RETURNED:
        await returns.state_returned(tx, file["order_id"], ids, attempts)
    if target is State.UNKNOWN:
        await _ask_later(tx, file["order_id"], ids, attempts)
    else:
        await _asked_enough(tx, ids, attempts)


async def settle_kept_whole(tx: Tx, file_id: str) -> None:
    """Payments of a file of which nothing is left to send: the deductions kept back are all of it."""
    rows = await tx.fetch(
        "UPDATE payment SET state = 'PAID', paid_at = $2 WHERE file_id = $1 AND net_fen = 0 "
        "AND paid_with IS NULL AND state = 'COMMITTED' RETURNING payment_id, attempt",
        file_id,
        tx.today.isoformat(),
    )
    if rows:
        found = await returns.riders(
            tx, [one["payment_id"] for one in rows], [one["attempt"] for one in rows]
        )
        await returns.settle_riders(tx, found, State.PAID)


_MEMOS = {
    State.PAID: "银行回盘：已发放 (paid)",
    State.REJECTED: "银行回盘：失败退回指标 (rejected, back to budget)",
    State.RETURNED: "银行退回 (returned after payment)",
}


def _moves(before: State, target: State, fen: int) -> list[Move]:
    match target:
        case State.PAID:
            # What was held as failed and is decided to have been paid was set aside when the bank claimed it.
            return [Move(Kind.SUSPENSE if before is State.REJECTED else Kind.IN_TRANSIT, Kind.PAID, fen)]
        case State.REJECTED:
            return [Move(Kind.IN_TRANSIT, Kind.BUDGET, fen)]
        case State.RETURNED:
            return [Move(Kind.PAID if before is State.PAID else Kind.IN_TRANSIT, Kind.RETURNED, fen)]
    return []


async def _restore(tx: Tx, file: Mapping[str, Any], target: State, moves: Sequence[Move]) -> None:
    """Returned money restores the quota the same day: a posting of its own, so that both sides are seen."""
    if target is not State.RETURNED:
        return
    about = About(
        "restore",
        "退回恢复指标 (quota restored)",
        "payment",
        file["set_id"],
        file["order_id"],
        file["file_id"],
    )
    fen = sum(move.fen for move in moves if move.target is Kind.RETURNED)
    fen -= sum(move.fen for move in moves if move.source is Kind.RETURNED)
    await ledger.post(tx, book_of(file), [Move(Kind.RETURNED, Kind.BUDGET, fen)], about)


async def _ask_later(tx: Tx, order_id: str, ids: list[str], attempts: list[int]) -> None:
    await tx.execute(
        "INSERT INTO unknown_payment (payment_id, attempt, order_id, since, next_query_at) "
        "SELECT payment_id, attempt, $3, $4, $5 FROM unnest($1::text[], $2::int[]) AS one(payment_id, "
        "attempt) "
        "ON CONFLICT DO NOTHING",
        ids,
        attempts,
        order_id,
        tx.wall,
        tx.wall + timedelta(seconds=FIRST_QUERY_SECONDS),
    )


async def _asked_enough(tx: Tx, ids: list[str], attempts: list[int]) -> None:
    await tx.execute(
        "DELETE FROM unknown_payment AS gone USING unnest($1::text[], $2::int[]) AS one(payment_id, attempt) "
        "WHERE gone.payment_id = one.payment_id AND gone.attempt = one.attempt",
        ids,
        attempts,
    )


def _identities(claims: Sequence[Claim]) -> tuple[list[str], list[int]]:
    pairs = [parse_end_to_end_id(one.end_to_end_id) for one in claims]
    return [one[0] for one in pairs if one], [one[1] for one in pairs if one]
