"""What came back or was freed: corrected, checked again, and paid in a later set."""

from typing import Any

from demo import county, township
from demo.run import Count, Run


async def follow(run: Run) -> None:
    """The slice that was sent back and the dismissed objection's line go their way, then a second set is paid."""
    wanted = await _wanted(run)
    if not wanted:
        return
    seen: set[str] = set()

    async def steps() -> Count:
        for item in await run.items():
            if item["business_key"] in wanted and item["id"] not in seen:
                seen.add(item["id"])
                await _act(run, item)
        pending = {one["slice_id"] for one in await township.notices(run, wanted, 1) if one["state"] in _OPEN}
        if pending:
            await township.hang(run, pending, 1, "补报公示①")
            await township.take_down(run, pending, 1, "补报公示①确认")
        arrived = [
            one["slice_id"]
            for one in await run.slices()
            if one["slice_id"] in wanted and one["state"] in ("arrived", "in_set", "settled")
        ]
        return len(arrived), len(wanted), ""

    await run.wait("退回与补报", steps)
    sets = await county.open_sets(run)
    await county.settle(run, sets, send_one_back=False)


_OPEN = ("to_generate", "to_publish", "published", "ended")


async def _wanted(run: Run) -> set[str]:
    """The slices to bring to an end: the one sent back, and those in which dismissed objections' lines wait."""
    found: set[str] = set()
    if "sent_back" in run.facts:
        found.add(str(run.facts["sent_back"]))
    for filed in run.facts.get("objections", [])[1:]:
        path = f"/api/batch/v1/lines/{filed['line_id']}/history"
        line = await run.portal.get(f"county_handler@{filed['county']}", path)
        found.add(str(line["slice_id"]))
    return found


async def _act(run: Run, item: dict[str, Any]) -> None:
    if item["node"] == "correct_lines":
        await run.complete(f"township_handler@{item['region']}", item, "done")
    elif item["node"] == "township_confirm":
        await run.complete(f"township_handler@{item['region']}", item, "approve")
    elif item["node"] == "township_review":
        await township.sign(run, item)
