"""All desks at once: whatever lies there is done, until nothing moves that anybody could move.

The first month of the demonstration goes stage by stage; later months mix submissions of several batches, so each
item is simply done by whoever has it.
"""

from collections.abc import Callable, Collection
from typing import Any

from demo import county, township
from demo.run import OPERATOR, Count, Run

HANGING = ("to_generate", "to_publish", "published", "ended")
Item = dict[str, Any]


async def work(run: Run, name: str, *, corrected: Callable[[dict[str, Any]], bool]) -> None:
    """Until every submission is settled or waits for a correction that nobody has made.

    `corrected` tells of which slices the township has corrected the lines (a new card, a reviewed hit).
    """
    seen: set[str] = set()
    run.facts["send_back"] = False

    async def steps() -> Count:
        slices = {one["slice_id"]: one for one in await run.slices()}
        todo, left = [], set()
        for item in await run.items():
            if item["node"] == "correct_lines" and not corrected(slices[item["business_key"]]):
                left.add(item["business_key"])
            elif item["id"] not in seen:
                todo.append(item)
        for item in todo:
            seen.add(item["id"])
            await _act(run, item)
        if not todo:
            await _notices(run, slices, name)
            await _sets(run, slices)
        moving = await _moving(run, slices, left)
        return len(seen), len(seen) + len(moving), f"{len(left)} 份待更正"

    await run.wait(name, steps)


async def _act(run: Run, item: Item) -> None:
    node, place = item["node"], item["region"]
    if node == "correct_lines":
        await run.complete(f"township_handler@{place}", item, "done")
    elif node == "township_confirm":
        await run.complete(f"township_handler@{place}", item, "approve")
    elif node == "township_review":
        await township.sign(run, item)
    else:
        await county.ACTS[node](run)(item)


async def _notices(run: Run, slices: Collection[str], name: str) -> None:
    """Hang what is to be hung; with nothing else to do, the days pass and the notices come down."""
    for round_ in (1, 2):
        found = await township.notices(run, slices, round_)
        fresh = {one["slice_id"] for one in found if one["state"] in HANGING[:2]}
        if fresh:
            await township.hang(run, fresh, round_, f"{name}公示")
    for round_ in (1, 2):
        up = {
            one["slice_id"]
            for one in await township.notices(run, slices, round_)
            if one["state"] in HANGING[2:]
        }
        if up:
            await township.take_down(run, up, round_, f"{name}公示确认")


async def _sets(run: Run, slices: dict[str, dict[str, Any]]) -> None:
    """Each batch's arrived submissions become a set, once nothing of that batch is still with its township."""
    busy = await _busy(run)
    on_the_way = {
        one["batch_id"] for key, one in slices.items() if key in busy and one["state"] == "township"
    }
    arrived = {
        (one["county"], one["batch_id"])
        for one in slices.values()
        if one["state"] == "arrived" and one["batch_id"] not in on_the_way
    }
    for code, batch in sorted(arrived):
        body = {"batch_id": batch, "slice_ids": "all_arrived"}
        answer = await run.portal.post(
            f"county_handler@{code}", "/api/batch/v1/sets", body, again=("not-arrived",)
        )
        if "set_id" in answer:
            run.sets.append(str(answer["set_id"]))
            run.portal.receipt("set", run.sets[-1])


async def _busy(run: Run) -> set[str]:
    """Business keys of instances that run and have no open item of an official: a room is at work for them."""
    path = "/api/orchestrator/v1/instances"
    found = await run.portal.get(OPERATOR, path, process="township", status="running", limit=1000)
    waiting = {item["business_key"] for item in await run.items()}
    return {str(one["business_key"]) for one in found["instances"]} - waiting


async def _moving(run: Run, slices: dict[str, dict[str, Any]], left: set[str]) -> set[str]:
    """Slices and sets that are neither settled nor wait for a correction."""
    over = await township.ended(run, "township")
    moving = {key for key, one in slices.items() if one["state"] not in ("settled", "ended")} - left - over
    sets = {one["set_id"] for one in await county.all_sets(run) if one["state"] not in ("closed", "ended")}
    return moving | sets
