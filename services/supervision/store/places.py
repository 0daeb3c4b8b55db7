"""Where applications, slices, sets and lines belong; bulk statements, and each place is kept once."""

from collections.abc import Sequence
from datetime import datetime

from contracts.application import ApplicationListed, ApplicationSubmitted
from contracts.base import Message
from contracts.batch import LinesStated, SetOpened, SliceOpened
from contracts.orchestrator import ProjectDeployed
from kit.db import Tx
from services.supervision.store.tables import Application, LineRow, SetRow, SliceRow


async def keep(tx: Tx, messages: Sequence[Message]) -> None:
    """Applications, slices and sets that these events name for the first time."""
    applications = [m for m in messages if isinstance(m, ApplicationSubmitted | ApplicationListed)]
    await tx.executemany(
        "INSERT INTO application VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        [(m.application_id, m.project, m.township, m.subject_id) for m in applications],
    )
    slices = [m for m in messages if isinstance(m, SliceOpened)]
    await tx.executemany(
        "INSERT INTO slice VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        [(m.slice_id, m.batch_id, m.project, m.period, m.county, m.township, m.category) for m in slices],
    )
    sets = [m for m in messages if isinstance(m, SetOpened)]
    await tx.executemany(
        "INSERT INTO settlement_set VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        [(m.set_id, m.batch_id, m.project, m.period, m.county) for m in sets],
    )
    await tx.executemany(
        "INSERT INTO set_slice VALUES ($1, $2) ON CONFLICT DO NOTHING",
        [(m.set_id, part.slice_id) for m in sets for part in m.slices],
    )


async def keep_project(tx: Tx, message: ProjectDeployed) -> None:
    """The newest names; a manifest without names leaves the codes to be shown."""
    nodes = message.manifest.get("nodes")
    named = {
        element: str(one.get("name", element))
        for element, one in (nodes.items() if isinstance(nodes, dict) else ())
        if isinstance(one, dict)
    }
    await tx.execute(
        "INSERT INTO project VALUES ($1, $2, $3, $4) ON CONFLICT (project) DO UPDATE "
        "SET version = excluded.version, name = excluded.name, nodes = excluded.nodes",
        message.project,
        message.version,
        str(message.manifest.get("name", message.project)),
        named,
    )


async def keep_lines(tx: Tx, message: LinesStated, since: datetime) -> None:
    """The complete revision's lines; the newer rev wins, and a place once taken stays known."""
    await tx.execute(
        "INSERT INTO slice VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        message.stream_id, message.batch_id, message.project, message.period, message.county,
        message.township, message.category,
    )  # fmt: skip
    await tx.execute(
        "INSERT INTO line AS kept SELECT line.line_id, line.application_id, line.subject_id, $1, line.rev, "
        "line.state, line.entitlement_period, $3, $4, $5 FROM chunk_rows($1, $2) AS part, "
        "jsonb_to_record(part) AS line(line_id text, application_id text, subject_id text, rev int, "
        "state text, entitlement_period text) ON CONFLICT (line_id) DO UPDATE SET "
        "slice_id = excluded.slice_id, rev = excluded.rev, state = excluded.state, "
        "township = excluded.township WHERE excluded.rev >= kept.rev",
        message.stream_id, message.revision, message.project, message.county, message.township,
    )  # fmt: skip
    await tx.execute(
        "INSERT INTO line_place SELECT part->>'line_id', $1, $3 FROM chunk_rows($1, $2) AS part "
        "ON CONFLICT DO NOTHING",
        message.stream_id,
        message.revision,
        since,
    )


async def project_names(tx: Tx) -> dict[str, str]:
    """Code → name of all deployed projects."""
    return {row["project"]: row["name"] for row in await tx.fetch("SELECT project, name FROM project")}


async def node_names(tx: Tx) -> dict[str, dict[str, str]]:
    """Project → element id → name."""
    return {row["project"]: row["nodes"] for row in await tx.fetch("SELECT project, nodes FROM project")}


async def application(tx: Tx, application_id: str) -> Application | None:
    """An application; one that only its lines are known of (线下 roster) is found by them."""
    row = await tx.fetchrow(
        "SELECT application_id, project, township, subject_id FROM application WHERE application_id = $1 "
        "UNION ALL SELECT application_id, project, township, subject_id FROM line WHERE application_id = $1 LIMIT 1",
        application_id,
    )
    return Application(**row) if row else None


async def line(tx: Tx, line_id: str) -> LineRow | None:
    """A line as last stated."""
    row = await tx.fetchrow("SELECT * FROM line WHERE line_id = $1", line_id)
    return LineRow(**row) if row else None


async def slice_(tx: Tx, slice_id: str) -> SliceRow | None:
    """A slice."""
    row = await tx.fetchrow("SELECT * FROM slice WHERE slice_id = $1", slice_id)
    return SliceRow(**row) if row else None


async def set_(tx: Tx, set_id: str) -> SetRow | None:
    """A 送审集."""
    row = await tx.fetchrow("SELECT * FROM settlement_set WHERE set_id = $1", set_id)
    return SetRow(**row) if row else None
