"""Writing what a check found: the same matter stays one hit, and what is no longer found is withdrawn."""

from collections.abc import Sequence
from typing import Any

from kit.db import Tx

HIT_COLUMNS = (
    "check_id", "stage", "project", "county", "township", "slice_id", "line_id", "rev", "application_id",
    "subject_id", "rule", "effect", "source", "text", "at", "period", "fact", "fact_value", "fingerprint",
    "consequence", "last_period",
)  # fmt: skip
_COLUMNS = ", ".join(HIT_COLUMNS)


async def prepare(tx: Tx) -> None:
    """The temporary table that hits pass through."""
    await tx.execute(f"CREATE TEMP TABLE found_hit ON COMMIT DROP AS SELECT {_COLUMNS} FROM hit WITH NO DATA")


async def save(tx: Tx, records: Sequence[tuple[Any, ...]]) -> None:
    """Store hits; an open or proposed one about the same line, rule and evidence goes on instead."""
    if not records:
        return
    await tx.copy("found_hit", HIT_COLUMNS, records)
    await tx.execute(
        f"INSERT INTO hit ({_COLUMNS}) SELECT {_COLUMNS} FROM found_hit "
        "ON CONFLICT (line_id, rule, fingerprint) WHERE line_id IS NOT NULL AND state IN ('open', 'proposed') "
        "DO UPDATE SET check_id = excluded.check_id, slice_id = excluded.slice_id, rev = excluded.rev, "
        "effect = excluded.effect, source = excluded.source, text = excluded.text, at = excluded.at, "
        "township = excluded.township"
    )
    await tx.execute("TRUNCATE found_hit")


async def withdraw(tx: Tx, stage: str) -> None:
    """Close undecided hits that the same stage raised earlier for what is checked now, and did not find again."""
    # Two statements: joined by OR they would compare every hit with every line.
    for matter in ("hit.line_id = c.line_id", "c.line_id IS NULL AND hit.application_id = c.application_id"):
        await tx.execute(
            f"UPDATE hit SET state = 'withdrawn' FROM checked AS c WHERE {matter} AND hit.stage = $1 "
            "AND hit.state IN ('open', 'proposed') AND hit.check_id <> c.job_id "
            "AND (hit.line_id IS NULL) = (c.line_id IS NULL)",
            stage,
        )


async def follow(tx: Tx, line_id: str, slice_id: str) -> None:
    """A line moved on: its undecided hits go with it."""
    await tx.execute(
        "UPDATE hit SET slice_id = $2 WHERE line_id = $1 AND state IN ('open', 'proposed')", line_id, slice_id
    )
