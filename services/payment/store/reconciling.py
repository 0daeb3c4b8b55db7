"""A day's reconciliation: the same money counted where it was signed, ordered, sent, told and stated."""

from datetime import date
from typing import Any

from kit.db import Tx
from services.payment.store.statements import Place

_ORDERS = """
SELECT o.order_id, o.set_id, o.state, o.total_fen AS order_fen, o.withheld,
    (SELECT sum(total_fen)::bigint FROM order_slice AS s WHERE s.order_id = o.order_id) AS lines_fen,
    coalesce(p.payments_fen, 0) AS payments_fen, coalesce(p.sent, 0) AS sent, coalesce(p.success, 0) AS success,
    coalesce(p.failed, 0) AS failed, coalesce(p.unknown, 0) AS unknown,
    coalesce(p.paid_out_fen, 0) AS paid_out_fen, coalesce(p.returned_fen, 0) AS returned_fen,
    (SELECT v.amount_fen FROM voucher AS v WHERE v.order_id = o.order_id AND v.refusal IS NULL) AS voucher_fen,
    coalesce(d.debit_fen, 0) AS debit_fen, coalesce(q.restored_fen, 0) AS restored_fen,
    coalesce(q.twice_fen, 0) AS twice_fen
FROM payment_order AS o
LEFT JOIN LATERAL (SELECT sum(net_fen)::bigint AS payments_fen,
    count(*) FILTER (WHERE sent_posting IS NOT NULL AND net_fen > 0) AS sent,
    count(*) FILTER (WHERE sent_posting IS NOT NULL AND net_fen > 0 AND state IN ('PAID', 'RETURNED')) AS success,
    count(*) FILTER (WHERE sent_posting IS NOT NULL AND net_fen > 0 AND state = 'REJECTED') AS failed,
    count(*) FILTER (WHERE sent_posting IS NOT NULL AND net_fen > 0
        AND state IN ('SUBMITTED', 'ACCEPTED', 'UNKNOWN')) AS unknown,
    sum(net_fen) FILTER (WHERE state = 'PAID' OR settled_posting IS NOT NULL AND state = 'RETURNED')::bigint
        AS paid_out_fen,
    sum(net_fen) FILTER (WHERE state = 'RETURNED')::bigint AS returned_fen
    FROM payment WHERE payment.order_id = o.order_id) AS p ON true
LEFT JOIN LATERAL (SELECT sum(e.amount_fen)::bigint AS debit_fen FROM statement_entry AS e
    JOIN payment USING (payment_id, attempt) WHERE payment.order_id = o.order_id AND e.kind = 'payment'
    AND (e.state = 'matched' OR e.why = 'contradicts' AND e.state = 'resolved' AND payment.state = 'PAID')) AS d
    ON true
LEFT JOIN LATERAL (SELECT
    sum(entry.amount_fen) FILTER (WHERE posting.kind = 'restore' AND account.kind = 'budget')::bigint AS restored_fen,
    sum(entry.amount_fen) FILTER (WHERE posting.kind = 'return' AND account.kind = 'suspense')::bigint AS twice_fen
    FROM posting JOIN entry USING (posting_id) JOIN account USING (account_id)
    WHERE posting.order_id = o.order_id) AS q ON true
WHERE o.project = $1 AND o.county = $2 AND (
    EXISTS (SELECT FROM posting WHERE posting.order_id = o.order_id AND posting.business_day = $3)
    OR EXISTS (SELECT FROM statement_entry AS e JOIN payment USING (payment_id, attempt)
        WHERE payment.order_id = o.order_id AND e.day = $3 AND e.project = $1 AND e.county = $2))
ORDER BY o.issued_at, o.order_id
"""

_DAY = """
SELECT count(*) AS entries,
    coalesce(sum(amount_fen) FILTER (WHERE direction = 'debit'), 0)::bigint AS debit_fen,
    coalesce(sum(amount_fen) FILTER (WHERE direction = 'credit'), 0)::bigint AS credit_fen,
    count(*) FILTER (WHERE state = 'matched') AS matched,
    count(*) FILTER (WHERE state = 'resolved') AS resolved,
    count(*) FILTER (WHERE state = 'suspended') AS suspended,
    count(*) FILTER (WHERE state = 'new') AS waiting,
    coalesce(sum(amount_fen) FILTER (WHERE state = 'suspended'), 0)::bigint AS suspended_fen
FROM statement_entry WHERE project = $1 AND county = $2 AND day = $3
"""

_SUSPENSE = """
SELECT (SELECT coalesce(sum(balance_fen), 0)::bigint FROM account
        WHERE project = $1 AND county = $2 AND kind = 'suspense') AS suspense_fen,
    (SELECT coalesce(sum(suspended_fen), 0)::bigint FROM statement_entry
        WHERE project = $1 AND county = $2 AND state = 'suspended')
    + (SELECT coalesce(sum(suspended_fen), 0)::bigint FROM conflict
        WHERE project = $1 AND county = $2 AND settled_as IS NULL)
    + (SELECT coalesce(sum(withdrawn_fen), 0)::bigint FROM recovery
        WHERE project = $1 AND county = $2 AND source = 'suspense') AS explained_fen,
    (SELECT count(*) FROM conflict WHERE project = $1 AND county = $2 AND settled_as IS NULL) AS conflicts
"""

_UNSTATED = """
SELECT count(*) AS lines, coalesce(sum(net_fen), 0)::bigint AS fen FROM payment
WHERE project = $1 AND county = $2 AND state = 'PAID' AND net_fen > 0 AND left(paid_at, 10) <= $3
    AND NOT EXISTS (SELECT FROM statement_entry AS e WHERE e.payment_id = payment.payment_id
        AND e.attempt = payment.attempt AND e.kind = 'payment' AND e.state IN ('matched', 'resolved'))
"""


async def of_day(tx: Tx, place: Place, day: date) -> dict[str, Any]:
    """Every order that the day touched, the day's entries, and what is on suspense now; amounts in fen."""
    orders = [_order(dict(row)) for row in await tx.fetch(_ORDERS, *place, day)]
    entries = await tx.fetchrow(_DAY, *place, day)
    suspense = await tx.fetchrow(_SUSPENSE, *place)
    unstated = await tx.fetchrow(_UNSTATED, *place, day.isoformat())
    assert entries is not None, "a sum always has a row"
    assert suspense is not None, "a sum always has a row"
    assert unstated is not None, "a sum always has a row"
    told = {
        "paid_not_stated": unstated["lines"],
        "paid_not_stated_fen": unstated["fen"],
        "suspense_explained": suspense["suspense_fen"] == suspense["explained_fen"],
    }
    agrees = (
        all(one["agrees"] for one in orders)
        and told["suspense_explained"]
        and not (unstated["lines"] or entries["suspended"] or entries["waiting"] or suspense["conflicts"])
    )
    return {"orders": orders, "agrees": agrees} | dict(entries) | dict(suspense) | told


EQUATIONS = (
    "lines_are_order",
    "order_is_voucher",
    "paid_is_debit",
    "results_are_sent",
    "returned_is_restored",
)


def differences(found: dict[str, Any]) -> dict[str, int]:
    """What does not agree in a day that `of_day` told: by name, how many orders, lines or entries."""
    counts = {name: sum(not one[name] for one in found["orders"]) for name in EQUATIONS}
    counts |= {name: found[name] for name in ("suspended", "waiting", "conflicts", "paid_not_stated")}
    counts["suspense_explained"] = int(not found["suspense_explained"])
    return {name: count for name, count in counts.items() if count}


def _order(row: dict[str, Any]) -> dict[str, Any]:
    """The field's own equations (domain §4), each said by itself, so that a difference shows where it is."""
    checks = {
        "lines_are_order": row["lines_fen"] == row["order_fen"] == row["payments_fen"],
        # Without a voucher nothing is sent; an order of before the vouchers has none.
        "order_is_voucher": row["voucher_fen"] in (None, row["order_fen"]),
        "paid_is_debit": row["paid_out_fen"] == row["debit_fen"],
        "results_are_sent": row["success"] + row["failed"] + row["unknown"] == row["sent"],
        # What a payee had repaid in cash before the payment itself came back stands on suspense instead.
        "returned_is_restored": row["returned_fen"] == row["restored_fen"] + row["twice_fen"],
    }
    return row | checks | {"agrees": all(checks.values())}


async def entries(tx: Tx, place: Place, day: date | None, state: str | None) -> list[dict[str, Any]]:
    """Statement entries of a day, or those of any day in one state; 1,000 at most."""
    rows = await tx.fetch(
        "SELECT entry_id, day, bank_ref, direction, kind, amount_fen, end_to_end_id, reference, code, state, why, "
        "case_id, suspended_fen, decision_id FROM statement_entry WHERE project = $1 AND county = $2 "
        "AND ($3::date IS NULL OR day = $3) AND ($4::text IS NULL OR state = $4) ORDER BY day, entry_id LIMIT 1000",
        *place,
        day,
        state,
    )
    return [dict(row) for row in rows]
