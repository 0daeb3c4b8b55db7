"""I1: every accepted application is there, and finished, or open with a reason, an owner and a due work item."""

import json
from collections import defaultdict
from collections.abc import Mapping

from checker.invariant import Invariant
from checker.sources import Row, Sources

FINAL = ("paid", "failed", "void")
CANDIDATES = (
    "SELECT c.*, EXISTS (SELECT FROM slice s WHERE s.township = c.township AND s.project = c.project) AS submitted "
    "FROM candidate c"
)
"""Whom the townships' lists hold, and whether the township has submitted anything at all."""
LONG_WAITS = {"card_matching.match_slice": "card_waiting"}
"""Commands that wait for another agency: the room itself owns the wait."""


async def applications(found: Invariant, sources: Sources) -> tuple[int, int]:
    """Returns how many are lost and how many are open as they should be."""
    rows = {
        row["application_id"]: row for row in await sources.rows("application", "SELECT * FROM application")
    }
    accepted = await _accepted(sources)
    lost = set()
    for application_id, said in accepted.items():
        if not found.expect(
            application_id in rows, f"application {application_id} was accepted ({said}) and is gone"
        ):
            lost.add(application_id)
    desks = await _desks(sources)
    candidates = {row["application_id"]: row for row in await sources.rows("batch", CANDIDATES)}
    lines: dict[str, list[Row]] = defaultdict(list)
    for line in await sources.rows(
        "batch", "SELECT l.*, s.state AS slice_state, s.set_id FROM line l JOIN slice s USING (slice_id)"
    ):
        lines[line["application_id"]].append(line)
    withheld = {row["line_id"] for row in await sources.rows("payment", "SELECT line_id FROM withheld")}
    opened = 0
    for application_id, row in rows.items():
        where = _where(row, candidates.get(application_id), lines[application_id], desks, withheld)
        found.figures[where.partition(":")[0]] += 1
        opened += where not in ENDED
        if not found.expect(not where.startswith("lost"), f"application {application_id} {where}"):
            lost.add(application_id)
    await _rosters(found, sources)
    await _receipts(found, sources)
    return len(lost), opened


ENDED = frozenset({"refused", "paid", "failed", "void"})


async def _accepted(sources: Sources) -> dict[str, str]:
    """Ids that were accepted, and who says so: the client's journal, the outbox, the audit."""
    accepted: dict[str, str] = {}
    for row in await sources.rows(
        "application", "SELECT resource FROM audit WHERE action = 'application.submit'"
    ):
        accepted[row["resource"].partition(":")[2]] = "audit"
    for row in await sources.rows(
        "application", "SELECT key FROM outbox WHERE type LIKE 'subsidy.application.application_submitted.v%'"
    ):
        accepted[row["key"]] = "outbox"
    for row in await sources.rows(
        "application", "SELECT body FROM outbox WHERE type LIKE 'subsidy.application.offline_recorded.v%'"
    ):
        for result in json.loads(row["body"])["results"]:
            if result.get("application_id"):
                accepted[result["application_id"]] = "outbox of the roster"
    for receipt in sources.journal:
        if receipt["kind"] == "application":
            accepted[receipt["id"]] = "receipt"
    return accepted


async def _desks(sources: Sources) -> dict[str, str]:
    """Business key → what its instance waits for: the desk's node, or another agency."""
    desks = {
        row["business_key"]: LONG_WAITS[row["operator"]]
        for row in await sources.rows(
            "orchestrator",
            "SELECT business_key, operator FROM command_wait JOIN instance ON instance.id = instance_id",
        )
        if row["operator"] in LONG_WAITS
    }
    for row in await sources.rows(
        "orchestrator",
        "SELECT business_key, node FROM work_item WHERE state IN ('open', 'claimed') AND role <> '' "
        "AND region <> '' AND due_at IS NOT NULL",
    ):
        desks[row["business_key"]] = row["node"]
    return desks


def _where(
    row: Row, candidate: Row | None, lines: list[Row], desks: Mapping[str, str], withheld: set[str]
) -> str:
    """One word for where an application stands; "lost: …" when nobody would ever look at it again."""
    if row["state"] == "refused":
        return "refused" if row["reasons"] else "lost: refused without a reason"
    if row["state"] == "submitted":
        if desks.get(row["application_id"]):
            return "intake"
        return "lost: submitted, and no desk has it"
    if candidate is None:
        return "lost: listed, and not in its township's list"
    if candidate["state"] == "refused":
        return "refused" if candidate["reason"] else "lost: not taken, without a reason"
    if candidate["state"] == "open":
        # Nobody has put it into a submission yet: it stands in its township's list (补贴清单), which is a desk.
        return "listed_later" if candidate["submitted"] else "listed_with_silent_township"
    if not lines:
        return "lost: submitted by its township, and has no line"
    return _line(max(lines, key=lambda line: (line["state"] != "void", line["period"])), desks, withheld)


def _line(line: Row, desks: Mapping[str, str], withheld: set[str]) -> str:
    state: str = line["state"]
    if state in FINAL:
        return state
    if line["line_id"] in withheld:
        return "withheld"
    key = line["set_id"] if line["slice_state"] == "in_set" else line["slice_id"]
    desk = desks.get(key)
    if line["slice_state"] in ("settled", "ended") or desk is None:
        return f"lost: line {state}, slice {line['slice_state']}, and no desk has it"
    if state != "normal" and not line["reason"] and desk != "card_waiting":
        return f"lost: line {state} without a reason"
    if state == "held":
        return "held"
    if state in ("abnormal", "processing"):
        return "card_waiting"
    if line["slice_state"] == "arrived":
        return "later_set"
    return "at_the_county" if line["slice_state"] == "in_set" else "silent_township"


async def _rosters(found: Invariant, sources: Sources) -> None:
    """Rows that an import took have become applications, or were refused with a reason."""
    for row in await sources.rows(
        "batch",
        "SELECT roster_id, accepted, count(*) FILTER (WHERE r.state = 'listed') AS listed, "
        "count(*) FILTER (WHERE r.state = 'refused' AND r.reasons <> '[]') AS refused "
        "FROM roster JOIN roster_row r USING (roster_id) GROUP BY 1, 2",
    ):
        whole = row["accepted"] == row["listed"] + row["refused"]
        found.expect(whole, f"roster {row['roster_id']}: {row['accepted']} taken, {row['listed']} listed")
        found.figures["roster_rows"] += row["accepted"]


RECEIPTS = {
    "batch": ("batch", "SELECT batch_id FROM batch"),
    "roster": ("batch", "SELECT roster_id FROM roster"),
    "set": ("batch", "SELECT set_id FROM settlement_set"),
    "work_item": ("orchestrator", "SELECT id FROM work_item WHERE state IN ('completing', 'done')"),
    "notice": ("publicity", "SELECT notice_id FROM notice"),
    "objection": ("grievance", "SELECT objection_id FROM objection"),
}
"""Kind of a receipt → where what it names must stand (the part of its id before a slash)."""


async def _receipts(found: Invariant, sources: Sources) -> None:
    """Whatever else the client holds a receipt for is there."""
    for kind, (room, sql) in RECEIPTS.items():
        wanted = {one["id"].partition("/")[0] for one in sources.journal if one["kind"] == kind}
        if wanted:
            there = {next(iter(row.values())) for row in await sources.rows(room, sql)}
            for identity in wanted:
                found.expect(identity in there, f"{kind} {identity} was accepted and is not there")
            found.figures["receipts"] += len(wanted)
