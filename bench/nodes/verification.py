"""预警核实 of one slice and the check before the file, by the elderly project's real decision table."""

import tomllib
from collections.abc import Iterable
from datetime import date

from bench.nodes import world
from bench.nodes.desk import Desk
from contracts.batch import SliceRevision
from contracts.orchestrator import ProjectDeployed
from contracts.verification import RecheckSet, SetRechecked, SliceVerified, VerifySlice
from engine.folder import read_folder
from kit.db import Tx
from services.verification.handlers.checking import check_lines
from stack.paths import CHECKOUT

FOLDER = CHECKOUT / "bpmn" / "projects" / "elderly-service-subsidy"
VERSION = "v1"
DEAD_OF = 1000
"""One person of so many stands on the list of the dead."""


async def run(desk: Desk, count: int) -> None:
    """Receive, verify, check before the file."""
    await desk.send(_project())
    async with desk.room.tx() as tx:
        await _list(tx, "membership", ((at, date(2022, 1, 1), world.CATEGORY) for at in range(count)))
        await _list(tx, "deaths", ((at, date(2022, 6, 1), None) for at in range(0, count, DEAD_OF)))
    first = world.stated(count, 1)
    async with desk.meter.node("接收一版 receive a revision"):
        await desk.receive(first)
    names = {"project": world.PROJECT, "period": world.PERIOD, "project_version": VERSION}
    async with desk.meter.node("预警核实 verify_slice"):
        await desk.send(VerifySlice(slice_id=world.SLICE, revision=1, **names))
        await desk.work(lambda: desk.answered(SliceVerified), check_lines)
    found = await desk.answer(SliceVerified)
    dead = -(-count // DEAD_OF)
    if (found.passed, found.intercepted) != (count - dead, dead):
        raise RuntimeError(f"{found.passed} passed, {found.intercepted} held; {dead} dead of {count}")
    slices = [SliceRevision(slice_id=world.SLICE, revision=1)]
    async with desk.meter.node("文件前核实 recheck_set"):
        await desk.send(RecheckSet(set_id=world.SET, slices=slices, **names))
        await desk.work(lambda: desk.answered(SetRechecked), check_lines)


def _project() -> ProjectDeployed:
    files = read_folder(FOLDER)
    return ProjectDeployed(
        project=world.PROJECT,
        version=VERSION,
        manifest=tomllib.loads(files["project.toml"]),
        rules={"rules.dmn": files["rules.dmn"]},
        form_schema={},
    )


async def _list(tx: Tx, kind: str, rows: Iterable[tuple[int, date, str | None]]) -> None:
    """A department's list as the room stores it: keyed indexes alone."""
    await tx.execute(
        "INSERT INTO reference_file VALUES ($1, $1, $1 || ' 来源', '5399', '', 0, 0, NULL, 'x', now(), NULL)",
        kind,
    )
    records = ((kind, kind, world.blind_index(at), day, detail) for at, day, detail in rows)
    await tx.copy("reference_row", ("file_id", "kind", "blind_index", "day", "detail"), records)
