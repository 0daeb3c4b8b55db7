"""I7: one instance per live application, slice and set, and nobody waits for what nobody will do."""

from collections import Counter

from checker.invariant import Invariant
from checker.sources import Row, Sources

LIVE = {
    "intake": ("application", "SELECT application_id AS key, state = 'submitted' AS live FROM application "
               "WHERE roster_id IS NULL"),
    "township": ("batch", "SELECT slice_id AS key, state NOT IN ('settled', 'ended') AS live FROM slice"),
    "county": ("batch", "SELECT set_id AS key, state NOT IN ('closed', 'ended') AS live FROM settlement_set"),
}  # fmt: skip
"""Process → where its subjects stand. Imported rows have their slice's instance, none of their own."""
SAME = {"slice": "township"}
"""A slice's process is called `township`, or `slice` where the county imports (route C)."""

PENDING = {
    "batch.hand_to_county": ("batch", "SELECT hand_command FROM slice WHERE state IN ('arrived', 'in_set') "
                             "AND hand_command IS NOT NULL"),
    "publicity.publish_slice": ("publicity", "SELECT command_id FROM notice WHERE set_id IS NULL AND state NOT IN "
                                "('confirmed', 'closed')"),
    "publicity.publish_set": ("publicity", "SELECT command_id FROM set_round WHERE closed_at IS NULL"),
    "payment.issue_order": ("payment", "SELECT command_id FROM payment_order WHERE state <> 'settled'"),
    "verification.check_eligibility": ("verification", "SELECT job_id FROM application_check WHERE done_at IS NULL"),
    "verification.verify_slice": ("verification", "SELECT job_id FROM line_check WHERE done_at IS NULL"),
    "verification.recheck_set": ("verification", "SELECT job_id FROM line_check WHERE done_at IS NULL"),
    "card_matching.match_slice": ("card_matching", "SELECT match_id FROM card_match WHERE done_at IS NULL"),
}  # fmt: skip
"""Commands that may wait long, and where their room keeps them meanwhile; all others answer at once."""


async def instances(found: Invariant, sources: Sources) -> None:
    """Both ways: every subject has its instance, every instance its subject, every wait its producer."""
    rows = await sources.rows("orchestrator", "SELECT id, process, business_key, status FROM instance")
    rows = [dict(row) | {"process": SAME.get(row["process"], row["process"])} for row in rows]
    by_key: Counter[tuple[str, str]] = Counter((row["process"], row["business_key"]) for row in rows)
    running = {(row["process"], row["business_key"]) for row in rows if row["status"] != "ended"}
    subjects: set[tuple[str, str]] = set()
    for process, (room, sql) in LIVE.items():
        for row in await sources.rows(room, sql):
            place = (process, row["key"])
            subjects.add(place)
            found.expect(by_key[place] == 1, f"{process} {row['key']} has {by_key[place]} instances")
            if by_key[place] == 1:
                stands = (place in running) == row["live"]
                found.expect(
                    stands, f"{process} {row['key']}: {'ended too early' if row['live'] else 'still running'}"
                )
    for row in rows:
        found.figures[f"{row['process']}_{row['status']}"] += 1
        if row["process"] in LIVE and (row["process"], row["business_key"]) not in subjects:
            found.fail(f"instance {row['id']} of {row['process']} has no subject")
        if row["status"] == "incident":
            found.fail(
                f"instance {row['id']} of {row['process']} {row['business_key']} stopped at an incident"
            )
    await _waits(found, sources, [row for row in rows if row["status"] != "ended"])


async def _waits(found: Invariant, sources: Sources, running: list[Row]) -> None:
    """A running instance waits for a person, a timer, a message or a command; and a command is in someone's hands."""
    waits: Counter[str] = Counter()
    for sql in (
        "SELECT instance_id FROM command_wait",
        "SELECT instance_id FROM message_wait",
        "SELECT instance_id FROM timer",
        "SELECT instance_id FROM work_item WHERE kind = 'act' AND state IN ('open', 'claimed')",
    ):
        waits.update(row["instance_id"] for row in await sources.rows("orchestrator", sql))
    alive = {row["id"] for row in running}
    for row in running:
        found.expect(waits[row["id"]] > 0, f"{row['process']} {row['business_key']} waits for nothing at all")
    for orphan in waits.keys() - alive:
        found.fail(f"something waits in instance {orphan}, which does not run")
    await _commands(found, sources)


async def _commands(found: Invariant, sources: Sources) -> None:
    held: dict[str, set[str]] = {}
    for row in await sources.rows(
        "orchestrator",
        "SELECT command_id, operator, o.id IS NOT NULL AS sent FROM command_wait "
        "LEFT JOIN outbox o ON o.id = command_id",
    ):
        operator = row["operator"]
        if operator not in held:
            held[operator] = await _held(sources, operator)
        name = f"command {row['command_id']} ({operator})"
        found.expect(row["sent"], f"{name} is waited for and was never sent")
        found.expect(
            row["command_id"] in held[operator], f"{name} is waited for, and nobody is working on it"
        )
        found.figures[f"waiting_{operator}"] += 1


async def _held(sources: Sources, operator: str) -> set[str]:
    """Ids of commands of this operator that its room still works on, or keeps until parts have come."""
    room = operator.partition(".")[0]
    ids = {row["id"] for row in await sources.rows(room, "SELECT id FROM waiting")}
    if operator in PENDING:
        place, sql = PENDING[operator]
        ids |= {next(iter(row.values())) for row in await sources.rows(place, sql)}
    return ids
