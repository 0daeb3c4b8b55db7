"""UNKNOWN payments: whom to ask about next, and what an answer settles."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from kit.db import Tx
from kit.ids import end_to_end_id, parse_end_to_end_id
from services.payment.domain.results import Claim, Outcome, answered
from services.payment.domain.states import State
from services.payment.store import results, settling

QUERY_LINES = 1000
SLOWEST_SECONDS = 300


async def due(tx: Tx) -> tuple[str, list[str]] | None:
    """An order and its end-to-end ids whose turn it is, at most 1,000; None when nobody's is."""
    rows = await tx.fetch(
        "SELECT order_id, payment_id, attempt FROM unknown_payment WHERE order_id = (SELECT order_id FROM "
        "unknown_payment WHERE next_query_at <= $1 ORDER BY next_query_at LIMIT 1) AND next_query_at <= $1 "
        "ORDER BY next_query_at, payment_id LIMIT $2",
        tx.wall,
        QUERY_LINES,
    )
    if not rows:
        return None
    return rows[0]["order_id"], [end_to_end_id(row["payment_id"], row["attempt"]) for row in rows]


async def settle(tx: Tx, order_id: str, answers: Sequence[Mapping[str, Any]]) -> bool:
    """Apply the bank's answers to payments that are still UNKNOWN; the others wait ever longer.

    NOT_FOUND settles nothing: the bank may still be booking. True when the order was settled by it.
    """
    order = await results.lock_order(tx, order_id)
    open_ = {
        end_to_end_id(row["payment_id"], row["attempt"])
        for row in await tx.fetch(
            "SELECT payment_id, attempt FROM unknown_payment JOIN payment USING (payment_id, attempt) "
            "WHERE payment.order_id = $1 AND state = 'UNKNOWN'",
            order_id,
        )
    }
    outcome = Outcome({}, [], 0)
    for one in answers:
        found = answered(one["status"], one.get("code") or "")
        if found is None or one["end_to_end_id"] not in open_:
            continue
        claim = Claim(
            one["end_to_end_id"], "", found[1], one.get("bank_serial") or "", one.get("paid_at") or ""
        )
        outcome.moves.setdefault(found[0], []).append(claim)
    await results.apply(tx, order, outcome, "query")
    await _ask_again(tx, answers)
    return await settling.settle_if_done(tx, order_id)


async def _ask_again(tx: Tx, answers: Sequence[Mapping[str, Any]]) -> None:
    asked = [(parse_end_to_end_id(one["end_to_end_id"]), str(one["status"])[:20]) for one in answers]
    known = [(*identity, status) for identity, status in asked if identity]
    await tx.execute(
        "UPDATE unknown_payment AS one SET queries = queries + 1, last_answer = asked.status, "
        "next_query_at = $4::timestamptz + least($5::float8, 2.0 ^ least(queries, 20)) * interval '1 second' "
        "FROM unnest($1::text[], $2::int[], $3::text[]) AS asked(payment_id, attempt, status) "
        "WHERE one.payment_id = asked.payment_id AND one.attempt = asked.attempt",
        [one[0] for one in known],
        [one[1] for one in known],
        [one[2] for one in known],
        tx.wall,
        float(SLOWEST_SECONDS),
    )


async def postpone(tx: Tx, ids: Sequence[str], seconds: float) -> None:
    """The bank did not answer at all: ask about these again later."""
    known = [identity for identity in map(parse_end_to_end_id, ids) if identity]
    await tx.execute(
        "UPDATE unknown_payment AS one SET next_query_at = $3 FROM unnest($1::text[], $2::int[]) "
        "AS asked(payment_id, attempt) WHERE one.payment_id = asked.payment_id AND one.attempt = "
        "asked.attempt",
        [one[0] for one in known],
        [one[1] for one in known],
        tx.wall + timedelta(seconds=seconds),
    )


async def give_up_on_results(tx: Tx, file_id: str) -> int:
    """The result file stays unusable: what has no result becomes UNKNOWN, to be settled by query alone."""
    file = await results.lock_file(tx, file_id)
    assert file is not None
    rows = await results.held(tx, file_id)
    claims = [Claim(one, "unknown", "", "", "") for one, held in rows.items() if held.state is State.ACCEPTED]
    if claims:
        await results.apply(tx, file, Outcome({State.UNKNOWN: claims}, [], 0), "no usable result file")
    await tx.execute(
        "UPDATE bank_file SET state = 'settled' WHERE file_id = $1 AND state = 'accepted'", file_id
    )
    return len(claims)
