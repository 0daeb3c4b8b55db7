"""The rooms as they are composed, and their files: what the tests of the house walk over."""

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from contracts.base import Message
from kit.service import Service
from stack.paths import CHECKOUT
from stack.rooms import ROOMS

SERVICES = CHECKOUT / "services"


def composed(room: str) -> Service:
    """The room's composition root."""
    service: Service = importlib.import_module(f"services.{room}.app").service
    return service


def golden(room: str) -> Any:
    """The room's examples (`GOLDEN`) and what they need (`prepare`)."""
    return importlib.import_module(f"services.{room}.tests.golden")


def without_example(handled: set[type[Message]], examples: Mapping[type[Message], Message]) -> list[str]:
    """Wire types that a room handles and has no example of, and the other way round."""
    return sorted(one.TYPE for one in handled ^ set(examples))


def folders() -> list[Path]:
    """Folders of `services/` that hold a room."""
    return sorted(path for path in SERVICES.iterdir() if path.is_dir() and path.name != "__pycache__")


def every() -> Iterator[str]:
    """Names of all rooms."""
    yield from ROOMS
