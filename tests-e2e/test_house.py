"""Every room has the same shape, nothing stands empty, operations say who may, messages say where they belong."""

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rooms
from sqlalchemy import MetaData
from sqlmodel import SQLModel

from contracts.base import REGISTRY, Zone
from kit.auth import EXTENSION, undeclared
from kit.db import Database, migrate
from kit.service import migration_sources
from stack.rooms import ROOMS

MUST = {"README.md", "__init__.py", "app", "api", "handlers", "domain", "store", "migrations", "tests"}
MAY = {"ports"}
OWN = {"orchestrator": {"engine", "steps", "check"}}
"""Beside the common shape: the one importer of the engine's runtime, its steps, and the diagrams' check."""


def shape(folder: Path) -> set[str]:
    """The entries of a room: a module and a package of the same name are the same thing."""
    return {
        path.stem if path.suffix == ".py" and path.name != "__init__.py" else path.name
        for path in folder.iterdir()
        if path.name != "__pycache__"
    }


def misshapen(folder: Path) -> list[str]:
    """What a room lacks or has too much."""
    found = shape(folder)
    allowed = MUST | MAY | OWN.get(folder.name, set())
    return [
        *(f"lacks {one}" for one in sorted(MUST - found)),
        *(f"has {one}" for one in sorted(found - allowed)),
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_the_shape_of_all_rooms(room: str) -> None:
    assert misshapen(rooms.SERVICES / room) == []


def test_a_file_too_many_or_too_few_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "batch"
    for name in MUST - {"README.md", "domain"}:
        (folder / name).mkdir(parents=True)
    (folder / "helpers.py").touch()
    assert misshapen(folder) == ["lacks README.md", "lacks domain", "has helpers"]


def test_the_rooms_on_disk_are_the_rooms_that_run() -> None:
    assert {path.name for path in rooms.folders()} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_stands_empty(room: str) -> None:
    service = rooms.composed(room)
    own = [path for path in service.app.openapi()["paths"] if "/parked" not in path]
    handled, tests = service.handlers.types(), list((rooms.SERVICES / room / "tests").glob("test_*.py"))
    assert own or handled, "neither operations nor messages"
    assert tests, "no tests"
    assert 10 <= len((rooms.SERVICES / room / "README.md").read_text(encoding="utf-8").splitlines()) <= 80


@pytest.mark.parametrize("room", ROOMS)
def test_every_operation_says_who_may(room: str) -> None:
    document = rooms.composed(room).app.openapi()
    assert undeclared(document) == []
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert operations
    for one in operations:
        rule = one[EXTENSION]
        assert rule["public"] or rule["roles"] or rule["rooms"] or rule["agencies"], one
        assert rule["zone"] in {zone.value for zone in Zone}


def test_an_operation_that_says_nothing_is_noticed() -> None:
    document: dict[str, Any] = {"paths": {"/x": {"get": {EXTENSION: {}}, "post": {}}}}
    assert undeclared(document) == ["POST /x"]


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_message_says_where_it_belongs(name: str) -> None:
    message = REGISTRY[name]
    assert isinstance(message.ZONE, Zone)
    assert isinstance(message.CROSSES, bool)
    assert message.KEY in message.model_fields
    for outcome in message.OUTCOMES:
        assert outcome in REGISTRY, f"{name} may end in {outcome}, which nobody states"
        crosses = (
            message.CROSSES
            or REGISTRY[outcome].CROSSES
            or Zone.BOTH in (message.ZONE, REGISTRY[outcome].ZONE)
        )
        assert crosses or REGISTRY[outcome].ZONE is message.ZONE, f"{outcome} leaves the zone of {name}"


def tables_of(room: str) -> dict[str, set[tuple[str, bool]]]:
    """Table → (column, may be null) by the room's SQLModel classes."""
    store = importlib.import_module(f"services.{room}.store")
    for module in pkgutil.iter_modules(getattr(store, "__path__", [])):
        importlib.import_module(f"services.{room}.store.{module.name}")
    found: dict[str, set[tuple[str, bool]]] = {}
    pending = list(SQLModel.__subclasses__())
    while pending:
        cls = pending.pop()
        pending += cls.__subclasses__()
        metadata = getattr(cls, "metadata", None)
        if cls.__module__.startswith(f"services.{room}.") and isinstance(metadata, MetaData):
            for table in metadata.tables.values():
                found[table.name] = {(one.name, bool(one.nullable)) for one in table.columns}
    return found


@pytest.mark.parametrize("room", ROOMS)
async def test_table_classes_are_what_the_migrations_make(
    room: str, postgres_dsn_factory: Callable[[], str]
) -> None:
    classes = tables_of(room)
    database = Database(postgres_dsn_factory(), pool_size=1)
    await database.open()
    try:
        await migrate(database, migration_sources(f"services.{room}"))
        rows = await database.pool.fetch(
            "SELECT table_name, column_name, is_nullable = 'YES' AS nullable FROM information_schema.columns "
            "WHERE table_schema = 'public' ORDER BY 1, 2"
        )
    finally:
        await database.close()
    made: dict[str, set[tuple[str, bool]]] = {}
    for row in rows:
        made.setdefault(row["table_name"], set()).add((row["column_name"], row["nullable"]))
    assert {name: columns for name, columns in classes.items() if made.get(name) != columns} == {}
    if room not in ("orchestrator", "portal"):  # the one writes by COPY alone, the other owns no table
        assert classes, "no table has a class"
