"""I6: every audit trail verifies, reaches the heads kept elsewhere, and has a row for every act we can see."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from typing import Any, NamedTuple

import orjson

from checker.invariant import Invariant
from checker.sources import Row, Sources

GENESIS = "sha256:" + "0" * 64


class Evidence(NamedTuple):
    """Acts that left something else behind than their audit row: `acts` yields the resource of each one."""

    room: str
    action: str
    acts: str


EVIDENCE = (
    Evidence("application", "application.submit", "SELECT 'application:' || application_id FROM application "
             "WHERE roster_id IS NULL"),
    Evidence("application", "application.approve_change", "SELECT 'enrolment:' || enrolment_id FROM enrolment_change "
             "WHERE state = 'approved'"),
    Evidence("batch", "batch.approve_adjustment", "SELECT 'adjustment:' || adjustment_id FROM adjustment "
             "WHERE state = 'approved'"),
    Evidence("batch", "batch.open_batch", "SELECT 'batch:' || batch_id FROM batch"),
    Evidence("batch", "batch.upload_roster", "SELECT 'roster:' || roster_id FROM roster"),
    Evidence("batch", "batch.submit_slice", "SELECT 'slice:' || slice_id FROM slice WHERE kind = 'first'"),
    Evidence("batch", "batch.open_set", "SELECT 'set:' || set_id FROM settlement_set"),
    Evidence("batch", "batch.sign", "SELECT 'manifest:' || subject FROM manifest WHERE signature IS NOT NULL"),
    Evidence("grievance", "grievance.file", "SELECT 'objection:' || objection_id FROM objection"),
    Evidence("grievance", "grievance.conclude", "SELECT 'objection:' || objection_id FROM objection "
             "WHERE concluded_at IS NOT NULL"),
    Evidence("orchestrator", "project.deploy", "SELECT 'project/' || project FROM project_version"),
    Evidence("orchestrator", "work_item.complete", "SELECT 'work_item/' || (convert_from(body, 'UTF8')::jsonb "
             "->> 'work_item_id') FROM outbox WHERE type = 'subsidy.orchestrator.complete_work_item.v1'"),
    Evidence("payment", "payment.maintain_standard", "SELECT 'standard:' || standard_id FROM standard"),
    Evidence("payment", "payment.grant_quota", "SELECT 'quota:' || quota_id FROM quota_grant"),
    Evidence("payment", "payment.decide", "SELECT about || ':' || resource FROM decision WHERE state <> 'proposed'"),
    Evidence("payment", "payment.open_recovery", "SELECT 'recovery:' || case_id FROM recovery"),
    Evidence("payment", "payment.issue_order", "SELECT 'order:' || order_id FROM payment_order"),
    Evidence("publicity", "publicity.publish", "SELECT 'notice:' || notice_id FROM notice "
             "WHERE published_at IS NOT NULL"),
    Evidence("publicity", "publicity.confirm", "SELECT 'notice:' || notice_id FROM notice WHERE state = 'confirmed'"),
    Evidence("publicity", "publicity.upload_photo", "SELECT 'notice:' || notice_id FROM photo"),
    Evidence("supervision", "supervision.urge", "SELECT 'order:' || order_id FROM urge_order"),
    Evidence("verification", "verification.decide_hit", "SELECT 'hit:' || hit_id FROM hit_proposal "
             "WHERE answer IS NOT NULL"),
    Evidence("verification", "verification.load_reference", "SELECT 'reference:' || file_id FROM reference_file"),
)  # fmt: skip


async def trails(found: Invariant, sources: Sources) -> dict[str, dict[str, Any]]:
    """Check all trails; returns their present heads, to be kept elsewhere."""
    heads: dict[str, dict[str, Any]] = {}
    for room in sources.rooms:
        rows = await sources.rows(room, "SELECT * FROM audit ORDER BY seq")
        hashes = _chain(found, room, rows)
        found.figures["rows"] += len(rows)
        if hashes:
            heads[room] = {"seq": len(hashes), "hash": hashes[-1]}
        kept = sources.heads.get(room)
        if kept:
            there = kept["seq"] <= len(hashes) and hashes[kept["seq"] - 1] == kept["hash"]
            found.expect(there, f"{room}: the trail no longer reaches row {kept['seq']} that was seen before")
        await _acts(found, sources, room, rows)
    return heads


def _chain(found: Invariant, room: str, rows: Sequence[Row]) -> list[str]:
    """Recompute every hash; after the first wrong row the rest proves nothing."""
    prev, hashes = GENESIS, list[str]()
    for seq, row in enumerate(rows, 1):
        fields = {
            "seq": seq,
            "at": row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
            "prev": prev,
            **{name: row[name] for name in ("actor", "action", "resource", "detail")},
        }
        digest = hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).hexdigest()
        prev = f"sha256:{digest}"
        if not found.expect(
            row["seq"] == seq and row["hash"] == prev, f"{room}: audit row {seq} is wrong or missing"
        ):
            break
        hashes.append(prev)
    return hashes


async def _acts(found: Invariant, sources: Sources, room: str, rows: Sequence[Row]) -> None:
    """As many audit rows per act and resource as the act left traces: a cut tail lacks some."""
    for action in sorted({one.action for one in EVIDENCE if one.room == room}):
        written = Counter(row["resource"] for row in rows if row["action"] == action)
        acts: Counter[str] = Counter()
        for one in EVIDENCE:
            if (one.room, one.action) == (room, action):
                acts.update(next(iter(row.values())) for row in await sources.rows(room, one.acts))
        found.figures["acts"] += acts.total()
        for resource, times in acts.items():
            said = written.get(resource, 0)
            found.expect(
                said >= times, f"{room}: {action} of {resource} happened {times} times, audit has {said}"
            )
        for resource in written.keys() - acts.keys():
            if action in EXACT:
                found.fail(f"{room}: audit says {action} of {resource}, which is not there")


EXACT = frozenset(
    {"application.submit", "batch.sign", "batch.open_set", "payment.issue_order", "work_item.complete"}
)
"""Acts whose traces never go away: an audit row without one is as wrong as the other way round."""
