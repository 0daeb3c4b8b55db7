"""Whatever a bank says in whatever order, and whatever two people decide: nobody is live twice, no fen is lost."""

import random
from typing import Any

import httpx
import pytest

from kit.auth import Actor, Role
from kit.testing import official
from services.payment.tests.bank import result, upload
from services.payment.tests.test_netting import agrees
from services.payment.tests.world import API, COUNTY, PAYER, PROJECT, REVIEWER, World, line, overpaid

CHECKER = official(Role.COUNTY_REVIEWER, COUNTY)
LINES = [line("sl1", n) for n in range(6)]
STATUSES = (("success", ""), ("failed", "F03"), ("returned", "F04"), ("unknown", "F99"))


class Bank:
    """A bank out of its mind, and two patient people."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.dice, self.refs, self.sets = world, random.Random(seed), 0, 1

    async def post(self, path: str, actor: Actor, body: dict[str, Any] | None = None) -> httpx.Response:
        async with self.world.harness.client(actor) as client:
            return await client.post(API + path, json=body)

    async def payments(self) -> list[dict[str, Any]]:
        rows = await self.world.rows(
            "SELECT payment_id, attempt, replace(payment_id, '-', '') || '-' || attempt AS key, order_id, line_id, "
            "subject_id, state, file_id FROM payment WHERE sent_posting IS NOT NULL ORDER BY order_id, seq"
        )
        return [dict(row) for row in rows]

    async def results(self) -> None:
        """A result file over some payments of one order, each with any status."""
        rows = await self.payments()
        order_id = self.dice.choice(rows)["order_id"]
        chosen = [row for row in rows if row["order_id"] == order_id and self.dice.random() < 0.6]
        told = [(row["key"], *self.dice.choice(STATUSES)) for row in chosen]
        self.refs += 1
        answer = await upload(self.world, order_id, result(order_id, *told), f"R{self.refs}")
        assert answer.status_code in (200, 409), answer.text

    async def statement(self) -> None:
        """A statement with entries right, doubled, of other amounts, and unheard of."""
        entries = []
        for row in await self.payments():
            if self.dice.random() < 0.4:
                kind = self.dice.choice(("payment", "payment", "return"))
                entries.append(self.entry(kind, self.dice.choice((5000, 5000, 5000, 4999)), row["key"]))
        entries.append(self.entry("other", 100, ""))
        body = {"project": PROJECT, "county": COUNTY, "day": "2023-06-01", "entries": entries}
        answer = await self.post("/statements", PAYER, body)
        assert answer.status_code == 201, answer.text

    def entry(self, kind: str, fen: int, key: str) -> dict[str, Any]:
        self.refs += 1
        direction = "debit" if kind == "payment" else "credit"
        return {
            "bank_ref": f"S{self.refs}",
            "direction": direction,
            "kind": kind,
            "amount_fen": fen,
            "end_to_end_id": key,
        }

    async def finding(self) -> None:
        """A payment turns out not to have been owed."""
        await self.world.harness.deliver(overpaid(self.dice.choice(LINES)))

    async def reissue(self) -> None:
        """Every entitlement again: whatever is not surely unpaid must be withheld."""
        self.sets += 1
        name = f"re{self.sets}"
        again = [
            line(name, n, subject_id=one.subject_id, application_id=one.application_id)
            for n, one in enumerate(LINES)
        ]
        await self.world.ordered(again, name, f"set{self.sets}")
        await self.world.send()

    async def decide(self) -> None:
        """Two people decide something that is open, either way."""
        open_ = [
            *(
                (f"/conflicts/{row['number']}:propose", self.dice.choice(("paid", "not_paid")))
                for row in await self.world.rows("SELECT number FROM conflict WHERE settled_as IS NULL")
            ),
            *(
                (f"/payments/{row['key']}:propose", self.dice.choice(("paid", "not_paid")))
                for row in await self.payments()
                if row["state"] == "UNKNOWN"
            ),
            *(
                (
                    f"/statement-entries/{row['entry_id']}:propose",
                    "corrected" if row["direction"] == "debit" else "refund",
                )
                for row in await self.world.rows(
                    "SELECT entry_id, direction FROM statement_entry WHERE state = 'suspended' "
                    "AND why <> 'contradicts'"
                )
            ),
        ]
        if not open_:
            return
        path, choice = self.dice.choice(open_)
        proposed = await self.post(path, PAYER, {"choice": choice, "evidence": "e"})
        assert proposed.status_code == 201, proposed.text
        path = f"/decisions/{proposed.json()['decision_id']}"
        answer = await self.post(f"{path}:approve", REVIEWER)
        if answer.status_code != 200:
            assert answer.status_code == 409, answer.text
            assert (await self.post(f"{path}:refuse", REVIEWER)).status_code == 200


async def holds(world: World) -> None:
    """Every account is what payments, cases, contradictions and statement entries say."""
    await agrees(world)
    balances = await world.balances()
    for kind, states in (("in_transit", "{SUBMITTED,ACCEPTED,UNKNOWN}"), ("committed", "{COMMITTED}")):
        fen = await world.value(
            "SELECT coalesce(sum(net_fen), 0) FROM payment WHERE state = ANY($1::text[])",
            states[1:-1].split(","),
        )
        assert balances.get(kind, 0) == fen, kind
    aside = await world.value(
        "SELECT (SELECT coalesce(sum(suspended_fen), 0) FROM statement_entry WHERE state = 'suspended') "
        "+ (SELECT coalesce(sum(suspended_fen), 0) FROM conflict WHERE settled_as IS NULL)"
    )
    assert balances.get("suspense", 0) == aside
    assert balances.get("returned", 0) == 0
    twice = await world.value(
        "SELECT count(*) FROM (SELECT FROM payment WHERE live GROUP BY payment_id HAVING count(*) > 1) AS one"
    )
    assert twice == 0


@pytest.mark.parametrize("seed", range(4))
async def test_no_order_of_words_pays_twice_or_loses_a_fen(world: World, seed: int) -> None:
    bank = Bank(world, seed)
    await world.grant(1_000_000)
    await world.ordered(LINES)
    await world.send()
    acts = [bank.results, bank.results, bank.statement, bank.finding, bank.reissue, bank.decide, bank.decide]
    for _ in range(25):
        await bank.dice.choice(acts)()
        await holds(world)
