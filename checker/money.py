"""I2 and I3: sums per batch, project and region; one unreturned payment per entitlement, by the bank's own book."""

import uuid
from collections import Counter, defaultdict

from checker.invariant import Invariant
from checker.sources import Sources

PAYMENT_NAMESPACE = uuid.UUID("c1d7a3b2-8a54-5e0f-b6c9-2b90c6f5e7d3")
"""Of decisions §6; written here once more on purpose, so that a changed one is noticed."""
OPEN = ("PLANNED", "COMMITTED", "SUBMITTED", "ACCEPTED", "UNKNOWN")


async def sums(found: Invariant, sources: Sources) -> None:
    """I2: paid + returned + rejected + open = submitted ≤ approved ≤ budget."""
    approved = {
        row["set_id"]: row["total_fen"] or 0
        for row in await sources.rows(
            "batch",
            "SELECT subject AS set_id, total_fen FROM manifest WHERE node = 'finance_review' "
            "AND subject = set_id AND superseded_at IS NULL",
        )
    }
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for row in await sources.rows(
        "payment", "SELECT order_id, state, sum(amount_fen)::bigint AS fen FROM payment GROUP BY 1, 2"
    ):
        states[row["order_id"]][row["state"]] += row["fen"]
    by_year: Counter[tuple[str, str, int]] = Counter()
    for order in await sources.rows("payment", "SELECT * FROM payment_order"):
        name = f"order {order['order_id']} ({order['project']} {order['period']} {order['county']})"
        outcome = states[order["order_id"]]
        total, limit = order["total_fen"], approved.get(order["set_id"], 0)
        found.expect(outcome.total() == total, f"{name}: submitted {total}, payments {dict(outcome)}")
        found.expect(total <= limit, f"{name}: submitted {total}, approved {limit}")
        by_year[order["project"], order["county"], order["year"]] += outcome["PAID"] + sum(
            outcome[s] for s in OPEN
        )
        for state, fen in outcome.items():
            found.figures[f"{state.lower()}_fen"] += fen
        found.figures["submitted_fen"] += total
    found.figures["approved_fen"] = sum(approved.values())
    await _townships(found, sources)
    await _budgets(found, sources, by_year)


async def _townships(found: Invariant, sources: Sources) -> None:
    """The same per slice, so per batch and township: nothing is submitted that its slice was not approved for."""
    approved = {
        row["subject"]: row["total_fen"] or 0
        for row in await sources.rows(
            "batch",
            "SELECT subject, total_fen FROM manifest WHERE node = 'finance_review' AND subject <> set_id "
            "AND superseded_at IS NULL",
        )
    }
    for row in await sources.rows(
        "payment",
        "SELECT s.slice_id, s.township, s.total_fen, coalesce(sum(p.amount_fen), 0)::bigint AS fen, s.lines, "
        "count(p.line_id) AS paid_lines FROM order_slice s "
        "LEFT JOIN payment p ON p.order_id = s.order_id AND p.slice_id = s.slice_id "
        "GROUP BY s.order_id, s.slice_id",
    ):
        limit = approved.get(row["slice_id"], 0)
        same = row["fen"] == row["total_fen"] and row["paid_lines"] == row["lines"]
        found.expect(same, f"slice {row['slice_id']} of {row['township']}: payments differ from the order")
        found.expect(
            row["fen"] <= limit, f"slice {row['slice_id']}: submitted {row['fen']}, approved {limit}"
        )


async def _budgets(found: Invariant, sources: Sources, spent: Counter[tuple[str, str, int]]) -> None:
    budgets = {
        (row["project"], row["county"], row["year"]): row["fen"]
        for row in await sources.rows(
            "payment",
            "SELECT project, county, year, sum(amount_fen)::bigint AS fen FROM quota JOIN quota_grant "
            "USING (quota_id) GROUP BY 1, 2, 3",
        )
    }
    for place, fen in spent.items():
        budget = budgets.get(place, 0)
        found.expect(fen <= budget, f"{' '.join(map(str, place))}: spent {fen} of {budget}")
    found.figures["budget_fen"] = sum(budgets.values())


async def payments(found: Invariant, sources: Sources) -> int:
    """I3; returns how many entitlements the bank's book credited more than once."""
    ours = await sources.rows("payment", "SELECT * FROM payment")
    expected: dict[str, tuple[str, int]] = {}
    keys: dict[str, str] = {}
    live: Counter[str] = Counter()
    kept_back: Counter[str] = Counter()
    for row in ours:
        fields = ("subject_id", "project", "entitlement_period", "kind", "installment")
        key = "|".join(str(row[name]) for name in fields)
        payment = uuid.uuid5(PAYMENT_NAMESPACE, key)
        found.expect(
            str(payment) == row["payment_id"], f"payment {row['payment_id']} is not that of its entitlement"
        )
        keys[payment.hex] = key
        live[key] += row["live"]
        if row["paid_with"] is None:
            expected[f"{payment.hex}-{row['attempt']}"] = (row["state"], row["amount_fen"])
        else:
            kept_back[f"{uuid.UUID(row['paid_with']).hex}-{row['paid_with_attempt']}"] += row["amount_fen"]
    for key, count in live.items():
        if count > 1:
            found.fail(f"{count} live payments for {key}")
    # 扣回 is kept back from the payment it goes with: the bank is told what remains, and nothing when nothing does.
    for end_to_end_id, fen in kept_back.items():
        if found.expect(
            end_to_end_id in expected, f"a deduction goes with {end_to_end_id}, which is not there"
        ):
            state, amount = expected[end_to_end_id]
            found.expect(amount + fen >= 0, f"{end_to_end_id}: deductions of {-fen} from {amount}")
            expected[end_to_end_id] = (state if amount + fen else "kept back whole", amount + fen)
    found.figures["kept_back_fen"] = -kept_back.total()
    return _book(found, sources, expected, keys)


def _book(
    found: Invariant, sources: Sources, expected: dict[str, tuple[str, int]], keys: dict[str, str]
) -> int:
    """The bank's own credits against what we hold for paid."""
    credits = sources.bank("SELECT end_to_end_id, payment_id, amount_fen FROM credits")
    came_back = {row[0] for row in sources.bank("SELECT end_to_end_id FROM returns")}
    per_key: Counter[str] = Counter()
    for end_to_end_id, payment, fen in credits:
        state, amount = expected.get(end_to_end_id, ("no payment of ours", 0))
        # A payment without its result yet may be in the bank's book already; a rejected one may not.
        held = state in ("PAID", "RETURNED", *OPEN) and amount == fen
        found.expect(held, f"the bank credited {end_to_end_id} with {fen}; we hold: {state} {amount}")
        per_key[keys.get(payment, payment)] += state != "RETURNED"
        back = end_to_end_id in came_back or state != "RETURNED"
        found.expect(back, f"{end_to_end_id} has come back with us, not in the bank's book")
    credited = {end_to_end_id for end_to_end_id, _, _ in credits}
    for end_to_end_id, (state, _) in expected.items():
        if state == "PAID":
            found.expect(
                end_to_end_id in credited, f"{end_to_end_id} is paid with us, not in the bank's book"
            )
    twice = [key for key, count in per_key.items() if count > 1]
    for key in twice:
        found.fail(f"credited {per_key[key]} times: {key}")
    found.figures["credits"], found.figures["credited_fen"] = len(credits), sum(fen for _, _, fen in credits)
    return len(twice)
