"""The county's and finance's desks: sets, 测算, reviews with manifests, 公示②, quota, payment, results."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from demo import setup, township
from demo.run import Count, Run

Act = Callable[[dict[str, Any]], Awaitable[None]]


async def open_sets(run: Run) -> list[str]:
    """Every county gathers what has arrived; nobody is waited for."""
    stage = await run.begin("送审集")
    made: list[str] = []
    arrived = {one["county"] for one in await run.slices() if one["state"] == "arrived"}

    async def county(code: str) -> None:
        body = {"batch_id": run.batches[code], "slice_ids": "all_arrived"}
        answer = await run.portal.post(
            f"county_handler@{code}", "/api/batch/v1/sets", body, again=("not-arrived",)
        )
        if "set_id" not in answer:
            path = "/api/batch/v1/sets"
            known = await run.portal.get(f"county_handler@{code}", path, batch_id=run.batches[code])
            answer = next(one for one in known if one["set_id"] not in run.sets)
        made.append(str(answer["set_id"]))
        run.portal.receipt("set", made[-1])

    await run.together(county, sorted(arrived), stage)
    run.sets += made
    return made


async def settle(run: Run, sets: list[str], *, send_one_back: bool) -> None:
    """From 测算 to the last bank result of these sets."""
    run.facts["send_back"] = send_one_back
    where = {one["set_id"]: one for one in await all_sets(run) if one["set_id"] in sets}
    await _stage(run, "项目测算", sets, _submit(run), "county_submit", "maintain_standard")
    await _stage(run, "部门审核", sets, _sign(run, "county_reviewer"), "department_review")
    members = await _members(run, sets)
    await township.hang(run, members, 2, "公示②")
    await township.take_down(run, members, 2, "公示②确认")
    await _stage(run, "财政复核", sets, _sign(run, "finance_reviewer"), "finance_review")
    await _stage(run, "审核挂账", sets, _raise(run), "raise_quota", until=("payment_request",))
    await _stage(run, "支付申请", sets, _pay(run), "payment_request")
    await paid(run, where)


async def all_sets(run: Run) -> list[dict[str, Any]]:
    """All sets of the city."""
    found: list[dict[str, Any]] = []
    for county in run.counties:
        found += await run.portal.get(f"county_handler@{county}", "/api/batch/v1/sets")
    return found


async def _members(run: Run, sets: Collection[str]) -> set[str]:
    return {one["slice_id"] for one in await run.slices() if one["set_id"] in sets}


async def _stage(
    run: Run, name: str, sets: Collection[str], act: Act, *nodes: str, until: tuple[str, ...] = ()
) -> None:
    """Do what lies on a desk for these sets, until each has a finished item of the last node (or of `until`)."""
    seen: set[str] = set()
    goal = until or nodes[:1]

    async def steps() -> Count:
        over: set[str] = set()
        for item in await run.items(state="all"):
            if item["business_key"] not in sets:
                continue
            if item["node"] in nodes and item["state"] in ("open", "claimed") and item["id"] not in seen:
                seen.add(item["id"])
                await act(item)
            if item["node"] in goal and (
                until or (item["state"] == "done" and item["decision"] == "approve")
            ):
                over.add(item["business_key"])
        return len(over), len(sets), ""

    await run.wait(name, steps)


def _submit(run: Run) -> Act:
    async def act(item: dict[str, Any]) -> None:
        county = item["region"]
        who = f"county_handler@{county}"
        if item["node"] == "maintain_standard":
            for category, price in setup.PRICES.items():
                await setup.standard(run, county, category, price)
            await run.complete(who, item, "done")
            return
        inside = sorted(await _members(run, [item["business_key"]]))
        if run.facts["send_back"] and county == run.counties[1] and len(inside) > 1:
            run.facts["send_back"] = False
            run.facts["sent_back"] = inside[0]
            await run.complete(
                who,
                item,
                "return",
                slice_ids=inside[:1],
                target="township_review",
                return_reason="请复核人数",
            )
            return
        await run.complete(who, item, "approve")

    return act


def _sign(run: Run, role: str) -> Act:
    async def act(item: dict[str, Any]) -> None:
        who = f"{role}@{item['region']}"
        path = f"/api/batch/v1/sets/{item['business_key']}/manifest"
        manifest = await run.portal.get(who, path, node=item["node"])
        await run.complete(who, item, "approve", root=manifest["root"])

    return act


def _raise(run: Run) -> Act:
    async def act(item: dict[str, Any]) -> None:
        county, year = item["region"], int(run.options.period[:4])
        await setup.quota(run, county, year, setup.QUOTA_FEN, "2")
        await run.complete(f"finance_reviewer@{county}", item, "done")

    return act


def _pay(run: Run) -> Act:
    async def act(item: dict[str, Any]) -> None:
        await run.complete(f"finance_payer@{item['region']}", item, "approve")

    return act


ACTS: dict[str, Callable[[Run], Act]] = {
    "maintain_standard": _submit,
    "county_submit": _submit,
    "department_review": lambda run: _sign(run, "county_reviewer"),
    "finance_review": lambda run: _sign(run, "finance_reviewer"),
    "raise_quota": _raise,
    "payment_request": _pay,
}
"""Node → what the county's desks do about it."""


async def paid(run: Run, sets: dict[str, dict[str, Any]]) -> None:
    """发放结果: until every set is closed, counting the lines the bank has settled."""

    async def results() -> Count:
        now = [one for one in await all_sets(run) if one["set_id"] in sets]
        settled = sum(one["paid"] + one["failed"] for one in now)
        payable = sum(one["normal"] + one["failed"] for one in now)  # 正常 counts the paid ones too
        closed = sum(one["state"] in ("closed", "ended") for one in now)
        note = f"送审集办结 {closed}/{len(now)}"
        return (settled if closed == len(now) else min(settled, payable - 1)), payable, note

    await run.wait("发放结果", results)
