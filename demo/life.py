"""Everything the rooms know of one application, each thing asked of its own room by an official who may."""

import re
from datetime import datetime
from itertools import pairwise
from typing import Any

from demo import regions
from demo.client import Portal, Refused
from demo.people import CATEGORY_LABELS
from demo.run import OPERATOR

STATES = {
    "normal": "正常", "abnormal": "异常", "processing": "处理中", "held": "挂起", "void": "作废", "paid": "已发放",
    "failed": "发放失败", "submitted": "资格校验中", "listed": "已列入补贴清单", "refused": "未通过",
    "proposed": "待定", "active": "在享", "suspended": "暂停", "stopped": "停发", "ended": "已终止",
}  # fmt: skip
"""States as the manual calls them."""
STAGES = {"application": "资格校验", "alert_verification": "预警核实", "before_file": "发放前核验"}
EFFECTS = {"block": "拦截", "hold": "挂起", "warn": "提示"}
TOPICS = {
    "not_entitled": "不符合条件", "wrong_quantity": "数量有误", "wrong_amount": "金额有误", "deceased": "已去世",
    "moved_away": "已迁出", "other": "其他",
}  # fmt: skip

_ELEMENT = re.compile(
    r'<(?:bpmn:)?(?:userTask|serviceTask|startEvent|endEvent) id="(?P<id>[^"]+)" name="(?P<name>[^"]+)"'
)


async def gather(portal: Portal, application_id: str) -> dict[str, Any]:
    """The life as one document; raises Refused when there is no such application."""
    application = await _application(portal, application_id)
    county, subject = application["county"], application["subject_id"]
    handler, payer = f"county_handler@{county}", f"finance_payer@{county}"
    person = await portal.get(handler, f"/api/registry/v1/persons/{subject}")
    enrolments = await portal.get(handler, "/api/application/v1/enrolments", subject_id=subject)
    own = [one for one in enrolments["items"] if one["application_id"] == application_id]
    lines = await portal.get(handler, "/api/batch/v1/lines", application_id=application_id)
    for line in lines:
        line.update(await portal.get(handler, f"/api/batch/v1/lines/{line['line_id']}/history"))
    slices = _slices(lines)
    payments = [
        payment
        for line in lines
        for payment in await portal.get(payer, "/api/payment/v1/payments", line_id=line["line_id"])
    ]
    named = await _names(portal, application["project"])
    return {
        "application": application,
        "person": person,
        "enrolment": own[0] if own else None,
        "hits": await _hits(portal, handler, application_id),
        "cards": await _cards(portal, handler, slices, subject),
        "lines": lines,
        "notices": await _notices(portal, handler, lines),
        "objections": await _objections(portal, county, lines),
        "steps": await _steps(portal, [application_id, *slices, *_sets(lines)], named, _left(lines)),
        "payments": payments,
        "waits": await _waits(portal, lines),
    }


async def _application(portal: Portal, application_id: str) -> dict[str, Any]:
    last: Refused | None = None
    for county in regions.at("county"):
        try:
            found: dict[str, Any] = await portal.get(
                f"county_handler@{county.code}", f"/api/application/v1/applications/{application_id}"
            )
            return found
        except Refused as refused:  # another county's: not theirs to see
            last = refused
    assert last is not None
    raise last


def _slices(lines: list[dict[str, Any]]) -> list[str]:
    """Every slice a line ever was in, in order."""
    seen = [change["slice_id"] for line in lines for change in line["changes"]]
    return list(dict.fromkeys(seen))


def _sets(lines: list[dict[str, Any]]) -> list[str]:
    seen = [sign["set_id"] for line in lines for sign in line["signatures"] if sign["set_id"]]
    return list(dict.fromkeys(seen))


async def _hits(portal: Portal, who: str, application_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = await portal.get(who, "/api/verification/v1/hits", after=after, limit=1000)
        found += [one for one in page["items"] if one["application_id"] == application_id]
        after = page["next"]
    return found


async def _cards(portal: Portal, who: str, slices: list[str], subject: str) -> list[dict[str, Any]]:
    found = []
    for slice_id in slices:
        after: str | None = ""
        while after is not None:
            try:
                page = await portal.get(
                    who, "/api/card_matching/v1/results", slice_id=slice_id, after=after, limit=1000
                )
            except Refused as refused:
                if refused.status != 404:
                    raise
                break
            found += [one for one in page["items"] if one["subject_id"] == subject]
            after = page["next"]
    return found


async def _notices(portal: Portal, who: str, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Round 1 wherever the line was published, round 2 only where it is now: what it left went on without it."""
    found: list[dict[str, Any]] = []
    for line in lines:
        for slice_id in _slices([line]):
            page = await portal.get(who, "/api/publicity/v1/notices", slice_id=slice_id, limit=500)
            here = slice_id == line["slice_id"]
            found += [one for one in page["items"] if here or (one["round"] == 1 and line["published"])]
    return sorted(found, key=lambda one: (one["round"], str(one["starts_on"])))


def _left(lines: list[dict[str, Any]]) -> dict[str, datetime]:
    """When a line left each slice that it is no longer in."""
    gone: dict[str, datetime] = {}
    for line in lines:
        for before, after in pairwise(line["changes"]):
            if before["slice_id"] != after["slice_id"]:
                gone[before["slice_id"]] = datetime.fromisoformat(after["at"])
    return gone


async def _waits(portal: Portal, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Whose desk the open lines lie on, since when and until when."""
    found: list[dict[str, Any]] = []
    for line in lines:
        if line["state"] not in ("paid", "failed", "void"):
            path = "/api/orchestrator/v1/work-items"
            listed = await portal.get(OPERATOR, path, business_key=line["slice_id"])
            found += listed["work_items"]
    return found


async def _objections(portal: Portal, county: str, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for line in lines:
        page = await portal.get(
            f"complaints_desk@{county}", "/api/grievance/v1/objections", line_id=line["line_id"]
        )
        found += page["items"]
    return found


async def _names(portal: Portal, project: str) -> dict[str, str]:
    """What the diagrams call their tasks, and what starts and ends them, by element id."""
    listed = await portal.get(OPERATOR, "/api/orchestrator/v1/projects")
    version = next(one["version"] for one in listed["projects"] if one["project"] == project)
    files = (await portal.get(OPERATOR, f"/api/orchestrator/v1/projects/{version}/files"))["files"]
    return {
        match["id"]: match["name"]
        for name, text in files.items()
        if name.endswith(".bpmn")
        for match in _ELEMENT.finditer(text)
    }


async def _steps(
    portal: Portal, keys: list[str], named: dict[str, str], left: dict[str, datetime]
) -> list[dict[str, Any]]:
    """What was done, by whom, in the person's own instance and those of their slices and sets; not the gateways."""
    found: list[dict[str, Any]] = []
    for key in keys:
        listed = await portal.get(OPERATOR, "/api/orchestrator/v1/instances", business_key=key)
        for one in listed["instances"]:
            path = f"/api/orchestrator/v1/instances/{one['id']}/history"
            actors: dict[str, str] = {}
            for step in (await portal.get(OPERATOR, path))["history"]:
                if step["what"] == "completed":
                    actors[step["element"]] = step["actor"] or ""
                elif key in left and datetime.fromisoformat(step["at"]) > left[key]:
                    break
                elif step["what"] == "left" and step["element"] in named:
                    actor = actors.pop(step["element"], "")
                    found.append({"at": step["at"], "name": named[step["element"]], "actor": actor})
    return sorted(found, key=lambda one: str(one["at"]))


def place(application: dict[str, Any]) -> str:
    """Township and village by name."""
    village = application["village"]
    named = village if village is None or not village.isdecimal() else regions.name(village)
    return f"{regions.name(application['township'])}{named or ''}"


def category(code: str) -> str:
    """A category's Chinese name."""
    return next((label for one, label in CATEGORY_LABELS.items() if one == code), code)
