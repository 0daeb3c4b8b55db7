"""I5: every posting balances, balances follow from entries, no account is below zero, and payments agree."""

from checker.invariant import Invariant
from checker.sources import Sources

BY_STATE = {
    "PAID": "paid",
    "COMMITTED": "committed",
    "SUBMITTED": "in_transit",
    "ACCEPTED": "in_transit",
    "UNKNOWN": "in_transit",
}
"""Account on which the money of a payment stands; what was rejected went back to the budget."""

OUTSIDE = ("appropriation", "clearing")
"""Accounts that stand for the world outside: what was appropriated, what came to the bank unexplained."""


async def ledger(found: Invariant, sources: Sources) -> None:
    """Recompute the whole book from its entries."""
    postings = await sources.rows(
        "payment",
        "SELECT p.posting_id, count(e.account_id) AS sides, coalesce(sum(e.amount_fen), 0)::bigint AS fen "
        "FROM posting p LEFT JOIN entry e USING (posting_id) GROUP BY 1",
    )
    for row in postings:
        balanced = row["fen"] == 0 and row["sides"] >= 2
        found.expect(balanced, f"posting {row['posting_id']}: {row['sides']} sides, sum {row['fen']}")
    accounts = await sources.rows(
        "payment",
        "SELECT a.*, coalesce(sum(e.amount_fen), 0)::bigint AS fen FROM account a "
        "LEFT JOIN entry e USING (account_id) GROUP BY a.account_id",
    )
    for row in accounts:
        name = f"account {row['project']} {row['county']} {row['year']} {row['kind']}"
        found.expect(
            row["fen"] == row["balance_fen"], f"{name}: {row['balance_fen']}, entries say {row['fen']}"
        )
        found.expect(row["fen"] >= 0 or row["kind"] in OUTSIDE, f"{name} is below zero: {row['fen']}")
    found.figures["postings"], found.figures["accounts"] = len(postings), len(accounts)
    await _payments(
        found, sources, {(r["project"], r["county"], r["year"], r["kind"]): r["fen"] for r in accounts}
    )


async def _payments(
    found: Invariant, sources: Sources, balances: dict[tuple[str, str, int, str], int]
) -> None:
    """What stands on `paid` and `in_transit` is what the payments say."""
    sums: dict[tuple[str, str, int, str], int] = {}
    for row in await sources.rows(
        "payment",
        "SELECT p.project, p.county, o.year, p.state, sum(amount_fen)::bigint AS fen FROM payment p "
        "JOIN payment_order o USING (order_id) GROUP BY 1, 2, 3, 4",
    ):
        kind = BY_STATE.get(row["state"])
        if kind:
            place = (row["project"], row["county"], row["year"], kind)
            sums[place] = sums.get(place, 0) + row["fen"]
    await _recoveries(sources, sums)
    for place in balances:
        if place[3] in ("paid", "in_transit", "receivable"):
            held, said = balances[place], sums.get(place, 0)
            found.expect(held == said, f"{' '.join(map(str, place))}: ledger {held}, payments {said}")


async def _recoveries(sources: Sources, sums: dict[tuple[str, str, int, str], int]) -> None:
    """追回: what is claimed back of a payment is owed to the county until it is kept back, repaid or given up."""
    for row in await sources.rows("payment", "SELECT * FROM recovery"):
        place = (row["project"], row["county"], row["year"])
        claimed, deducted = row["claimed_fen"] - row["withdrawn_fen"], row["deducted_fen"]
        still = claimed - deducted - row["repaid_fen"] - row["written_off_fen"]
        sums[*place, "receivable"] = sums.get((*place, "receivable"), 0) + still
        from_paid = claimed if row["source"] == "paid" else 0
        sums[*place, "paid"] = sums.get((*place, "paid"), 0) - from_paid + deducted
