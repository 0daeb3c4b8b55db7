"""Two citizens object to published lines: one objection is upheld, the other dismissed after the slice has gone on."""

import asyncio
from typing import Any

from demo import township
from demo.client import Refused
from demo.people import Person
from demo.run import Run

GRIEVANCE = "/api/grievance/v1/objections"


async def file(run: Run, slices: set[str]) -> None:
    """登记, 受理, 入户查实; the first one is also concluded while the notice still hangs."""
    stage = await run.begin("异议处理")
    citizens = [one for one in run.people.online() if one.channel == "citizen" and one.expect == "paid"]
    if len(citizens) < 2:
        stage.show(0, 0)
        return
    chosen = await _lines(run, slices)
    filed = []
    for number, (line, citizen) in enumerate(zip(chosen, citizens, strict=False)):
        filed.append(await _object(run, line, citizen))
        stage.show(number + 1, len(chosen) + 1, "已受理")
    run.facts["objections"] = filed
    if not filed:
        stage.show(0, 0)
    else:
        await _conclude(run, filed[0], upheld=True)
        stage.show(len(filed) + 1, len(filed) + 1, "一件成立")


async def _lines(run: Run, slices: set[str]) -> list[dict[str, Any]]:
    """One published line each of two townships' 低保 notices, as anybody can read them."""
    by_slice = {one["slice_id"]: one for one in await run.slices()}
    found = []
    places: set[str] = set()
    hung = await township.notices(run, slices, 1)
    for notice in sorted(hung, key=lambda one: (one["township"], one["slice_id"])):
        one = by_slice[notice["slice_id"]]
        if one["category"] != "minimum_living" or notice["township"] in places:
            continue
        rows = await run.portal.get(None, f"/api/publicity/v1/public/notices/{notice['notice_id']}/rows")
        if len(rows["items"]) < 3:
            continue
        places.add(notice["township"])
        line = min(rows["items"], key=lambda row: row["seq"])
        found.append({**line, "notice_id": notice["notice_id"], "county": notice["county"], **{"slice": one}})
        if len(found) == 2:
            break
    return found


async def _object(run: Run, line: dict[str, Any], citizen: Person) -> dict[str, Any]:
    who = await run.portal.sign_in_citizen(citizen.id_typed, citizen.name)
    body = {
        "notice_id": line["notice_id"], "line_id": line["line_id"], "topic": "not_entitled",
        "text": "此人家庭条件较好，请核实。",
    }  # fmt: skip
    for _ in range(100):  # grievance reads the lines from events: a moment later it knows them
        try:
            filed = await run.portal.post(who, GRIEVANCE, body, again=("already-open",))
            break
        except Refused as refused:
            if refused.status != 404:
                raise
            await asyncio.sleep(0.2)
    else:
        raise TimeoutError("异议室不知道这一行 (grievance does not know the line)")
    identity = str(filed["objection_id"])
    run.portal.receipt("objection", f"{identity}/file")
    desk = f"complaints_desk@{line['county']}"
    await run.portal.post(desk, f"{GRIEVANCE}/{identity}:accept")
    run.portal.receipt("objection", f"{identity}/accept")
    found = {"findings": ["not_confirmed"], "text": "已入户核实。"}
    await run.portal.post(desk, f"{GRIEVANCE}/{identity}:survey", found)
    run.portal.receipt("objection", f"{identity}/survey")
    await _held(run, line)
    return {"objection_id": identity, **line}


async def _held(run: Run, line: dict[str, Any]) -> None:
    """Until batch holds the line: the notice must not be confirmed with it."""
    who = f"county_handler@{line['county']}"
    for _ in range(150):
        history = await run.portal.get(who, f"/api/batch/v1/lines/{line['line_id']}/history")
        if history["state"] == "held":
            return
        await asyncio.sleep(0.2)
    raise TimeoutError("异议未挂起该行 (the objection did not hold the line)")


async def _conclude(run: Run, filed: dict[str, Any], *, upheld: bool) -> None:
    desk, identity = f"complaints_desk@{filed['county']}", filed["objection_id"]
    opinion = "情况属实，取消本期发放。" if upheld else "经核实符合条件，予以发放。"
    body = {"upheld": upheld, "opinion": opinion}
    await run.portal.post(desk, f"{GRIEVANCE}/{identity}:conclude", body)
    run.portal.receipt("objection", f"{identity}/conclude")


async def dismiss_rest(run: Run) -> None:
    """结论 of the other one: dismissed, after its slice was signed; the line joins a supplement submission."""
    stage = await run.begin("异议结论")
    rest = run.facts.get("objections", [])[1:]
    stage.show(0, len(rest))
    for number, filed in enumerate(rest, start=1):
        await _conclude(run, filed, upheld=False)
        stage.show(number, len(rest), "不成立，转补报")
