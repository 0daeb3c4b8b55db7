"""Reading lists for one actor: what lies outside their region, project or person is not in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kit.db import Tx


@dataclass(frozen=True, slots=True)
class Sight:
    """What an actor may see; None means no limit of that kind, an empty sight sees nothing by region ''."""

    region: str | None = None
    projects: Sequence[str] | None = None
    subject_id: str | None = None
    submitted_by: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller asked for, and where to go on."""

    township: str | None = None
    project: str | None = None
    state: str | None = None
    subject_id: str | None = None
    after: str = ""
    limit: int = 100


async def applications(tx: Tx, sight: Sight, wanted: Wanted) -> list[dict[str, Any]]:
    """Applications by id, at most `limit`."""
    return await listed(tx, "application", "application_id", sight, wanted, sight.submitted_by)


async def enrolments(tx: Tx, sight: Sight, wanted: Wanted) -> list[dict[str, Any]]:
    """Enrolments by id, at most `limit`."""
    return await listed(tx, "enrolment", "enrolment_id", sight, wanted)


async def listed(
    tx: Tx, table: str, key: str, sight: Sight, wanted: Wanted, submitted_by: str | None = None
) -> list[dict[str, Any]]:
    """Rows of a table with township and project that the actor may see, by key."""
    tests = [f"{key} > $1"]
    values: list[Any] = [wanted.after]

    def limit_to(test: str, value: Any) -> None:
        if value is not None:
            values.append(value)
            tests.append(test.format(f"${len(values)}"))

    # A code's length is its level: a prefix as long as a valid region is that region, never half of one.
    limit_to("left(township, length({0})) = {0}", sight.region)
    limit_to("project = ANY({0}::text[])", list(sight.projects) if sight.projects is not None else None)
    limit_to("subject_id = {0}", sight.subject_id)
    limit_to("submitted_by = {0}", submitted_by)
    limit_to("township = {0}", wanted.township)
    limit_to("project = {0}", wanted.project)
    limit_to("state = {0}", wanted.state)
    limit_to("subject_id = {0}", wanted.subject_id)
    values.append(wanted.limit)
    rows = await tx.fetch(
        f"SELECT * FROM {table} WHERE {' AND '.join(tests)} ORDER BY {key} LIMIT ${len(values)}", *values
    )
    return [dict(row) for row in rows]
