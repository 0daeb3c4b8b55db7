"""Six projects on one running system: all through the public API, each desk by what its manifest says."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

import httpx
from living import roster
from projects_chain import PROJECTS, Chain, Item
from projects_people import COUNTY, HEADINGS, TOWNSHIP, Someone
from projects_world import lists, worlds

from demo import deploy, regions, township
from demo.client import Refused
from demo.run import OPERATOR, Run

HANGING = ("to_generate", "to_publish")
UP = ("published", "ended")
GOOD = ("approve", "pass", "done")
PATIENCE_S = 300.0


class Six:
    """All chains, and the clients that work for them."""

    def __init__(self, run: Run, chains: Iterable[Chain]) -> None:
        self.run, self.portal = run, run.portal
        self.chains = {one.code: one for one in chains}
        self.seen: set[str] = set()

    # -- before anything -------------------------------------------------------------------------------------------

    async def prepare(self, everybody: Iterable[Someone]) -> None:
        """Worlds outside, projects, reference lists, standards, quotas, batches."""
        people = list(everybody)
        await worlds(self.run.stack.urls, people)
        await lists(self.portal, people)
        for chain in self.chains.values():
            await deploy.deploy(self.portal, OPERATOR, PROJECTS / chain.slug)
            handler, base = f"county_handler@{COUNTY}", "/api/payment/v1"
            for category, price in chain.prices.items():
                body = {
                    "project": chain.code, "county": COUNTY, "category": category, "unit_price": price,
                    "unit": chain.manifest["payment"]["unit"], "valid_from": f"{chain.period[:4]}-01-01",
                }  # fmt: skip
                await self.portal.post(handler, f"{base}/standards", body)
            body = {
                "project": chain.code, "county": COUNTY, "year": int(chain.period[:4]),
                "amount_fen": 10_000_000_00, "document_no": f"霁财〔2023〕{chain.code}号",
            }  # fmt: skip
            await self.portal.post(f"finance_reviewer@{COUNTY}", f"{base}/quotas", body)
        for chain in self.chains.values():
            body = {"project": chain.code, "period": chain.period, "county": COUNTY}
            opened = await self.patiently(
                partial(self.portal.post, f"county_handler@{COUNTY}", "/api/batch/v1/batches", body),
                "unknown-project",
            )
            chain.batch = str(opened["batch_id"])

    # -- people come in --------------------------------------------------------------------------------------------

    async def come_in(self) -> None:
        """Who applies applies, whoever stands on a list is sent in; then intake has its desks answered."""
        consent = (await self.portal.get(None, "/api/application/v1/consent"))["version"]
        for chain in self.chains.values():
            for one in chain.people:
                if one.channel != "roster":
                    await self._apply(chain, one, consent)
            await self.upload(chain, TOWNSHIP)
        await self.work("intake")
        for chain in self.chains.values():
            await self._arrived(chain)

    async def _apply(self, chain: Chain, one: Someone, consent: str) -> None:
        body = {
            "project": chain.code, "id_no": one.id_no, "name": one.name, "phone": one.phone,
            "township": one.township, "village": one.village, "category": one.category, "form": dict(one.form),
            "consent": {"version": consent, "signature": one.name},
        }  # fmt: skip
        if one.quantity != "1":
            body["quantity"] = one.quantity
        who = {"counter": f"township_handler@{one.township}", "helper": f"helper@{one.township}"}
        caller = who.get(one.channel) or await self.portal.sign_in_citizen(one.id_no, one.name)
        answer = await self.patiently(
            lambda: self.portal.post(caller, "/api/application/v1/applications", body), "unknown-project"
        )
        chain.applications[one.id_no] = str(answer["application_id"])
        self.portal.receipt("application", chain.applications[one.id_no])

    async def upload(self, chain: Chain, place: str) -> None:
        """The list of a township, if anybody stands on it."""
        rows = [
            one.row(quantity=chain.counts)
            for one in chain.people
            if one.channel == "roster" and one.township == place
        ]
        if not rows:
            return
        headings = HEADINGS if chain.counts else HEADINGS[:-1]
        who = f"county_handler@{COUNTY}" if chain.by_county else f"township_handler@{place}"
        answer = await self.portal.post(
            who,
            f"/api/batch/v1/batches/{chain.batch}/rosters",
            files={"file": ("名册.xlsx", roster(*rows, headings=headings))},
            data={"township": place},
        )
        assert answer["accepted"] == len(rows), answer
        self.portal.receipt("roster", str(answer["roster_id"]))
        chain.rosters.append(answer)
        await self._arrived(chain)

    async def _arrived(self, chain: Chain) -> None:
        """Until everybody who was not refused stands on the 补贴清单."""
        online = [one for one in chain.people if one.channel != "roster" and ("refused" not in one.marks)]
        wanted = sum(int(one["accepted"]) for one in chain.rosters)
        wanted += len(online) if chain.applications and "intake" in chain.visited else 0

        async def there() -> bool:
            path = f"/api/batch/v1/batches/{chain.batch}/candidates"
            found = await self.portal.get(f"county_handler@{COUNTY}", path, limit=1)
            return bool(sum(found["counts"].values()) >= wanted)

        await self.until(f"{chain.code}: {wanted} candidates", there)

    async def send_lists(self, chain: Chain, place: str) -> None:
        """补贴清单确认: candidates become lines."""
        who = f"county_handler@{COUNTY}" if chain.by_county else f"township_handler@{place}"
        path = f"/api/batch/v1/batches/{chain.batch}/slices"
        await self.portal.post(who, path, {"township": place, "application_ids": "all"})
        self.portal.receipt("slices", f"{chain.batch}/{place}")

    # -- the desks -------------------------------------------------------------------------------------------------

    async def work(self, phase: str) -> None:
        """All desks, notices and sets, until nothing runs any more."""
        for chain in self.chains.values():
            chain.visited.add(phase)
        idle = 0

        async def done() -> bool:
            nonlocal idle
            items = [one for one in await self.run.items() if one["id"] not in self.seen]
            for item in items:
                self.seen.add(item["id"])
                await self._act(item)
            running = await self._running()
            if not items and running:
                slices = {one["slice_id"]: one for one in await self.run.slices(COUNTY)}
                await self._notices(set(slices))
                await self._sets(slices, {str(one["business_key"]) for one in running})
            applications = await self._waiting()
            idle = 0 if items or running or applications else idle + 1
            return idle > 2

        await self.until(phase, done)

    async def _running(self) -> list[Item]:
        path = "/api/orchestrator/v1/instances"
        return list((await self.portal.get(OPERATOR, path, status="running", limit=1000))["instances"])

    async def _waiting(self) -> int:
        path = "/api/application/v1/applications"
        found = await self.portal.get(f"county_handler@{COUNTY}", path, state="submitted", limit=500)
        return len(found["items"])

    async def _act(self, item: Item) -> None:
        chain, node = self.chains[item["project"]], str(item["node"])
        chain.visited.add(node)
        described = chain.nodes[node]
        who = f"{described['role']}@{item['region']}"
        assert (item["role"], item["decisions"]) == (
            described["role"],
            described.get("decisions", ["approve"]),
        )
        turn = chain.turns.get(node)
        told = await turn(self, item) if turn else None
        decision, form = told or (next(one for one in GOOD if one in item["decisions"]), {})
        if "root" in described.get("requires", {}).get(decision, ()):
            form = form | {"root": await self._root(item, who)}
        if node == "correct_lines":
            await self._decide_hits(chain)
            await self._correct(chain, item, who)
        await self.run.complete(who, item, decision, **form)

    async def _root(self, item: Item, who: str) -> str:
        """What stands on the sheet that is signed."""
        kind = "sets" if item["process"] == "county" else "slices"
        path = f"/api/batch/v1/{kind}/{item['business_key']}/manifest"
        return str((await self.portal.get(who, path, node=item["node"]))["root"])

    async def lines(self, item: Item) -> list[dict[str, Any]]:
        """The normal lines behind an item: of its slice, or of all slices of its set."""
        who, key = f"county_handler@{COUNTY}", str(item["business_key"])
        keys = [key]
        if item["process"] == "county":
            keys = [
                one["slice_id"] for one in (await self.portal.get(who, f"/api/batch/v1/sets/{key}"))["slices"]
            ]
        found: list[dict[str, Any]] = []
        for one in keys:
            found += await self.portal.get(
                who, f"/api/batch/v1/slices/{one}/lines", state="normal", limit=500
            )
        return found

    async def _decide_hits(self, chain: Chain) -> None:
        """Two people look at what holds a line: it is all true."""
        path, reviewer = "/api/verification/v1/hits", f"county_reviewer@{COUNTY}"
        found = await self.portal.get(
            f"county_handler@{COUNTY}", path, state="open", project=chain.code, limit=500
        )
        for hit in found["items"]:
            if hit["effect"] == "warn" or not hit["line_id"]:
                continue
            body = {"decision": "confirm", "reason": "已核实，情况属实。"}
            where = f"{path}/{hit['hit_id']}"
            await self.portal.post(f"township_handler@{hit['township']}", f"{where}:propose", body)
            await self.portal.post(reviewer, f"{where}:decide", {"answer": "approve"})

            async def left(line: str = hit["line_id"]) -> bool:
                history = f"/api/batch/v1/lines/{line}/history"
                return bool((await self.portal.get(f"county_handler@{COUNTY}", history))["state"] != "held")

            await self.until(f"{chain.code}: the line leaves", left)

    async def _correct(self, chain: Chain, item: Item, who: str) -> None:
        """更正: a returned line gets the right village, and the area that was measured."""
        for line in await self.portal.get(
            who, f"/api/batch/v1/slices/{item['business_key']}/lines", limit=500
        ):
            if line["line_id"] not in chain.returned:
                continue
            body = {"village": regions.at("village", TOWNSHIP)[1].code}
            if right := chain.measured.get(line["quantity"]):
                body["quantity"] = right
            await self.portal.post(who, f"/api/batch/v1/lines/{line['line_id']}:correct", body)
            chain.corrected[line["line_id"]] = body

    async def _notices(self, slices: set[str]) -> None:
        """Hang what is to be hung; with nothing else to do, the days pass and the notices come down."""
        for round_ in (1, 2):
            found = await township.notices(self.run, slices, round_)
            if fresh := {one["slice_id"] for one in found if one["state"] in HANGING}:
                await township.hang(self.run, fresh, round_, "公示")
        for round_ in (1, 2):
            found = await township.notices(self.run, slices, round_)
            if up := {one["slice_id"] for one in found if one["state"] in UP}:
                await township.take_down(self.run, up, round_, "公示确认")

    async def _sets(self, slices: dict[str, Item], running: set[str]) -> None:
        """A batch's arrived slices become a set once nothing of it is on its way to the county."""
        coming = {
            one["batch_id"] for key, one in slices.items() if key in running and one["state"] == "township"
        }
        for batch in sorted(
            {one["batch_id"] for one in slices.values() if one["state"] == "arrived"} - coming
        ):
            body = {"batch_id": batch, "slice_ids": "all_arrived"}
            answer = await self.portal.post(
                f"county_handler@{COUNTY}", "/api/batch/v1/sets", body, again=("not-arrived",)
            )
            self.portal.receipt("set", str(answer["set_id"]))

    # -- afterwards ------------------------------------------------------------------------------------------------

    async def credits(self) -> dict[str, int]:
        """Fen by account, from the bank's own book."""
        async with httpx.AsyncClient(timeout=60, trust_env=False) as outside:
            text = (await outside.get(f"{self.run.stack.urls['bank']}/v1/book")).text
        found: dict[str, int] = {}
        for row in map(json.loads, text.splitlines()):
            found[row["account"]] = found.get(row["account"], 0) + row["amount_fen"]
        return found

    async def until(self, what: str, probe: Callable[[], Awaitable[bool]]) -> None:
        """Ask until it is so. Raises AssertionError that says where things stand."""
        deadline = time.monotonic() + PATIENCE_S
        while not await probe():
            assert time.monotonic() < deadline, f"{what}: {await self.run.standstill()}"
            await asyncio.sleep(0.3)

    async def patiently(self, call: Callable[[], Awaitable[Any]], slug: str) -> Any:
        """Again while it is refused for this one reason: what another room has not heard yet."""
        for _ in range(150):
            try:
                return await call()
            except Refused as refused:
                if refused.slug != slug:
                    raise
            await asyncio.sleep(0.2)
        raise AssertionError(f"still {slug}")
