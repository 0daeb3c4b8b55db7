"""What came of it, read back through the public API: the figures of the report and of the last line."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from demo import intake, township
from demo.run import OPERATOR, Run
from stack.rooms import ROOMS

BLOCKING = ("block", "hold")
EFFECTS = {"block": "拦截", "hold": "挂起", "warn": "提示"}


@dataclass(slots=True)
class Figures:
    """Counts are of applications or lines, money is in fen."""

    applications: int = 0
    rejected: int = 0
    intercepted: int = 0
    abnormal_cards: int = 0
    confirmed: int = 0
    published: int = 0
    objections_upheld: int = 0
    approved_fen: int = 0
    paid: int = 0
    paid_fen: int = 0
    failed: int = 0
    slices_sent_back: int = 0
    parked: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    rule_examples: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Rule → its text, the evidence's source, and an application id that met it."""
    refusals: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    townships_paid: set[str] = field(default_factory=set)
    sets: list[dict[str, Any]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    examples: dict[str, str] = field(default_factory=dict)
    """What a figure is about → an application id with that fate."""
    index: list[str] = field(default_factory=list)
    """All application ids, in the order in which `make person N=` counts them."""


async def gather(run: Run) -> Figures:
    """Read everything."""
    found = Figures()
    await _applications(run, found)
    await _hits(run, found)
    slices = await run.slices()
    await _lines(run, found, slices)
    await _objections(run, found)
    await _sets(run, found)
    for room in (one for one in ROOMS if one != "portal"):
        parked = await run.portal.get(OPERATOR, f"/api/{room}/v1/parked")
        found.parked += sum(one.get("state", "parked") == "parked" for one in parked["parked"])
    confirmed = await township.notices(run, {one["slice_id"] for one in slices}, 1)
    found.published = sum(one["published_lines"] or 0 for one in confirmed if one["state"] == "confirmed")
    found.confirmed = int(run.facts.get("confirmed", 0))
    return found


async def _applications(run: Run, found: Figures) -> None:
    everything = sorted(await intake.applications(run), key=lambda one: str(one["application_id"]))
    found.applications = len(everything)
    found.index = [str(one["application_id"]) for one in everything]
    refused = [one for one in everything if one["state"] == "refused"]
    door, rows = run.facts["refused_at_door"], run.facts["roster_errors"]
    found.rejected = (
        len(refused) + door.total() + run.facts["roster_rejected"] + run.facts["roster_rows"]["refused"]
    )
    found.refusals = Counter(
        {
            "资格校验未通过 (not eligible)": len(refused),
            "名册中已申领 (a roster's row that had applied)": run.facts["roster_rows"]["refused"],
        }
    )
    found.refusals.update(door + rows)
    if refused:
        found.examples["资格校验未通过"] = str(refused[0]["application_id"])


async def _hits(run: Run, found: Figures) -> None:
    stopped: dict[str, str] = {}
    for county in run.counties:
        async for hit in run.pages(f"county_handler@{county}", "/api/verification/v1/hits", limit=1000):
            name = f"{hit['rule']} {EFFECTS.get(hit['effect'], hit['effect'])}"
            found.rules[name] += 1
            found.rule_examples.setdefault(name, (hit["text"], hit["source"], hit["application_id"]))
            if hit["stage"] != "application" and hit["effect"] in BLOCKING and hit["line_id"]:
                stopped.setdefault(hit["line_id"], hit["application_id"])
    found.intercepted = len(stopped)
    if stopped:
        found.examples["预警拦截"] = next(iter(stopped.values()))


_EXAMPLES = (("abnormal", "异常卡"), ("failed", "发放失败"), ("paid", "发放成功"), ("processing", "处理中"))


async def _lines(run: Run, found: Figures, slices: list[dict[str, Any]]) -> None:
    for one in slices:
        # What the bank refused waits for a card as well, but was no abnormal card.
        again = one["kind"] == "reissue"
        if not again:
            found.abnormal_cards += one["counters"]["abnormal"]
        for state in ("abnormal", "processing", "held"):
            found.waiting["reissue" if again else state] += one["counters"][state]
        if one["township"] == run.silent:
            found.waiting["silent"] += one["counters"]["normal"]
        if one["counters"]["paid"]:
            found.townships_paid.add(one["township"])
        silent = one["township"] == run.silent
        for state, name in _EXAMPLES + ((("normal", "沉默乡镇"),) if silent else ()):
            if one["counters"][state] and name not in found.examples:
                path = f"/api/batch/v1/slices/{one['slice_id']}/lines"
                who = f"county_handler@{one['county']}"
                (line,) = await run.portal.get(who, path, state=state, limit=1)
                found.examples[name] = str(line["application_id"])


async def _objections(run: Run, found: Figures) -> None:
    for county in run.counties:
        async for one in run.pages(f"complaints_desk@{county}", "/api/grievance/v1/objections", limit=500):
            found.objections_upheld += one["upheld"] is True
            path = f"/api/batch/v1/lines/{one['line_id']}/history"
            line = await run.portal.get(f"county_handler@{county}", path)
            name = "异议成立" if one["upheld"] else "异议不成立"
            found.examples.setdefault(name, str(line["application_id"]))


async def _sets(run: Run, found: Figures) -> None:
    for county in run.counties:
        who = f"finance_payer@{county}"
        for one in await run.portal.get(who, "/api/batch/v1/sets"):
            detail = await run.portal.get(who, f"/api/batch/v1/sets/{one['set_id']}")
            found.sets.append(detail)
            found.slices_sent_back += sum(
                str(stay["left_for"] or "").startswith("township") for stay in detail["stays"]
            )
            found.approved_fen += sum(
                sign["total_fen"] or 0
                for sign in detail["signatures"]
                if sign["subject"] == one["set_id"]
                and sign["node"] == "finance_review"
                and sign["superseded_at"] is None
            )
            if one["order_id"]:
                order = await run.portal.get(who, f"/api/payment/v1/sets/{one['set_id']}/order")
                found.orders.append(order)
                found.paid += order["payments"].get("PAID", 0)
                found.paid_fen += order["payments_fen"].get("PAID", 0)
                found.failed += sum(order["payments"].get(state, 0) for state in ("REJECTED", "RETURNED"))
