"""The townships' desks: checks are awaited, lines confirmed, notices hung and confirmed, manifests signed."""

import struct
import zlib
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from demo.run import OPERATOR, Count, Run

DAYS = 7
SHEET = "/api/publicity/v1/notices"


async def verified(run: Run) -> None:
    """人社匹卡 and 预警核实 of every first slice; each then waits for its township, or has nobody left."""

    async def cards() -> Count:
        counters = [one["counters"] for one in await run.slices() if one["kind"] == "first"]
        # Lines that were set aside have left the first slices: only those still 处理中 are not matched yet.
        total = sum(one["lines"] for one in counters)
        return total - sum(one["processing"] for one in counters), total, ""

    async def alerts() -> Count:
        first = {one["slice_id"] for one in await run.slices() if one["kind"] == "first"}
        asked = {one["business_key"] for one in await run.items(state="all", node="township_confirm")}
        over = await ended(run, "township")
        held = sum(one["counters"]["held"] for one in await run.slices())
        return len(first & (asked | over)), len(first), f"拦截 {held}"

    await run.wait("人社匹卡", cards)
    await run.wait("预警核实", alerts)


async def ended(run: Run, process: str) -> set[str]:
    """Business keys of the instances that have ended."""
    found = await run.portal.get(
        OPERATOR, "/api/orchestrator/v1/instances", process=process, status="ended", limit=1000
    )
    return {str(one["business_key"]) for one in found["instances"]}


async def confirm(run: Run) -> set[str]:
    """乡镇确认 in all townships but the silent one; returns the slices that went on."""
    stage = await run.begin("乡镇确认")
    todo = [one for one in await run.items(node="township_confirm") if one["region"] != run.silent]
    slices = {one["slice_id"]: one for one in await run.slices()}

    async def one(item: dict[str, Any]) -> None:
        counted = slices[item["business_key"]]["counters"]
        who = f"township_handler@{item['region']}"
        lines = await run.portal.get(
            who, f"/api/batch/v1/slices/{item['business_key']}/lines", state="normal", limit=5000
        )
        if len(lines) != counted["normal"]:
            raise RuntimeError("人数与明细不符 (the count differs from the lines)")
        await run.complete(who, item, "approve")
        run.facts["confirmed"] = run.facts.get("confirmed", 0) + len(lines)

    await run.together(one, todo, stage)
    return {str(one["business_key"]) for one in todo}


async def notices(run: Run, slices: Collection[str], round_: int) -> list[dict[str, Any]]:
    """The notices of these slices in a round (the newest of each), over all counties."""
    found: dict[str, dict[str, Any]] = {}
    for county in run.counties:
        async for one in run.pages(f"county_handler@{county}", SHEET, limit=500):
            if one["round"] == round_ and one["slice_id"] in slices:
                found[one["notice_id"]] = one
    return list(found.values())


async def hang(run: Run, slices: Collection[str], round_: int, name: str) -> None:
    """公示: generated, filled in, published, and photographed on the first day."""
    working: set[str] = set()

    async def steps() -> Count:
        found = await notices(run, slices, round_)
        fresh = [one for one in found if one["state"] == "to_generate" and one["notice_id"] not in working]
        working.update(one["notice_id"] for one in fresh)
        await run.all(_generate(run, one) for one in fresh)
        await run.all(_publish(run, one) for one in found if one["state"] == "to_publish")
        up = sum(one["state"] in ("published", "ended", "confirmed") for one in found)
        return up, len(slices), ""

    await run.wait(name, steps)


def _desk(notice: dict[str, Any]) -> tuple[str, str]:
    """Who works on a notice, and its address."""
    return f"township_handler@{notice['township']}", f"{SHEET}/{notice['notice_id']}"


async def _generate(run: Run, one: dict[str, Any]) -> None:
    who, path = _desk(one)
    await run.portal.post(who, f"{path}:generate")
    run.portal.receipt("notice", f"{one['notice_id']}/generate")


async def _publish(run: Run, one: dict[str, Any]) -> None:
    who, path = _desk(one)
    first = run.today().date()
    body = {
        "medium": "offline", "place": "村务公开栏", "starts_on": first.isoformat(),
        "ends_on": (first + timedelta(days=DAYS)).isoformat(),
    }  # fmt: skip
    await run.portal.put(who, path, body)
    await run.portal.post(who, f"{path}:publish")
    run.portal.receipt("notice", f"{one['notice_id']}/publish")
    await _photo(run, who, path, "start", first.isoformat(), one["notice_id"])


async def _photo(run: Run, who: str, path: str, moment: str, day: str, notice_id: str) -> None:
    picture = png(f"{notice_id}{moment}".encode())
    answer = await run.portal.post(
        who,
        f"{path}/photos",
        files={"file": (f"{moment}.png", picture, "image/png")},
        data={"moment": moment, "taken_on": day},
    )
    run.portal.receipt("notice", f"{notice_id}/photo/{answer['photo_id']}")


def png(content: bytes) -> bytes:
    """A small picture of its own for every content (a stand-in for the photo of a notice board)."""
    rows = b"".join(b"\x00" + bytes(content[(x + y) % len(content)] for x in range(16)) for y in range(16))
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


async def take_down(run: Run, slices: Collection[str], round_: int, name: str) -> None:
    """After the last day: photographed again, and confirmed by a person (M58)."""
    stage = await run.begin(name)
    pending = [one for one in await notices(run, slices, round_) if one["state"] in ("published", "ended")]
    latest = max((one["ends_on"] for one in pending), default=None)
    if latest is not None and run.today().date().isoformat() <= latest:
        run.move_clock(DAYS + 1)

    async def one(notice: dict[str, Any]) -> None:
        who, path = _desk(notice)
        await _photo(run, who, path, "end", run.today().date().isoformat(), notice["notice_id"])
        await run.portal.post(who, f"{path}:confirm")
        run.portal.receipt("notice", f"{notice['notice_id']}/confirm")

    await run.together(one, pending, stage)


async def review(run: Run, slices: Collection[str]) -> None:
    """乡镇审核: a second person signs the manifest they were shown; then the slice goes to the county."""
    seen: set[str] = set()

    async def steps() -> Count:
        todo = [
            item
            for item in await run.items(node="township_review")
            if item["business_key"] in slices and item["id"] not in seen
        ]
        seen.update(item["id"] for item in todo)
        await run.all(sign(run, item) for item in todo)
        done = [
            one
            for one in await run.slices()
            if one["slice_id"] in slices and one["state"] in ("arrived", "in_set", "settled")
        ]
        over = await ended(run, "township") & set(slices)
        return len({one["slice_id"] for one in done} | over), len(slices), ""

    await run.wait("乡镇审核", steps)


async def sign(run: Run, item: dict[str, Any]) -> None:
    """Approve with the root of what stands now."""
    who = f"township_reviewer@{item['region']}"
    path = f"/api/batch/v1/slices/{item['business_key']}/manifest"
    manifest = await run.portal.get(who, path, node="township_review")
    await run.complete(who, item, "approve", root=manifest["root"])
