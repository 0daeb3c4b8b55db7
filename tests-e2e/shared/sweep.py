"""Crash points: all that the code names, and a running system that is killed at each of them, once."""

import ast
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stack.paths import CHECKOUT
from stack.rooms import ROOMS, Stack
from stack.supervisor import Exit

KILLED = -9
LOOK_S = 0.1
PARTS = ("kit", "services")
FLOW = ("profiles", "accounts", "agency", "names", "send", "receipt", "result", "query")
"""Outside calls of the rooms, in the order in which a payment meets them."""


def named(text: str) -> Iterator[str]:
    """Names of the crash points of one module. Raises ValueError for one without a written-out name."""
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", getattr(node.func, "attr", "")) == "crashpoint"
        ):
            if len(node.args) != 1 or not isinstance(node.args[0], ast.Constant):
                raise ValueError(f"line {node.lineno}: a crash point's name must be written out")
            yield str(node.args[0].value)


def registered(root: Path = CHECKOUT) -> set[str]:
    """Every crash point in the code of kit and rooms, by its name."""
    files = [
        path for part in PARTS for path in sorted((root / part).rglob("*.py")) if "tests" not in path.parts
    ]
    return {name for path in files for name in named(path.read_text(encoding="utf-8"))}


def plan(names: set[str], shared: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Room → its crash points in order of the flow; those of the kit go to the rooms that `shared` names."""
    found: dict[str, list[str]] = {room: [] for room in ROOMS}
    for room, points in shared.items():
        found[room] += points
    own = [name for name in names if name.partition(".")[0] in found]
    for name in sorted(own, key=_in_flow):
        found[name.partition(".")[0]].append(name)
    return {room: points for room, points in found.items() if points}


def _in_flow(name: str) -> tuple[int, int]:
    """A crash point that comes earlier in the flow is armed earlier: later ones are not passed again."""
    _, _, point = name.partition(".")
    moment, _, call = point.partition("_")
    return FLOW.index(call) if call in FLOW else len(FLOW), ("before", "after").index(moment)


class Sweeping(Stack):
    """Arms each room with its next crash point; a room that died there comes back armed with the one after."""

    def __init__(self, points: Mapping[str, Sequence[str]], **options: Any) -> None:
        self.left = {room: deque(names) for room, names in points.items()}
        self.visited: list[tuple[str, str]] = []
        self.unplanned: list[Exit] = []
        armed = {room: {"DAOHU_CRASH": names[0]} for room, names in points.items()}
        super().__init__(**options, room_env=armed)
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def start(self) -> None:
        """Also watches from now on, so that a death in the middle of a request is followed by a return."""
        super().start()
        self._watch.start()

    def stop(self) -> None:
        """No more returns."""
        self._over.set()
        if self._watch.is_alive():
            self._watch.join()
        super().stop()

    def check(self) -> list[Exit]:
        """Start again whoever has ended, with the next crash point or none."""
        with self.supervisor._lock:  # two threads look
            ended = super().check()
            for one in ended:
                self._return(one)
        return []

    def _return(self, one: Exit) -> None:
        queue = self.left.get(one.name)
        if one.code == KILLED and queue:
            self.visited.append((one.name, queue.popleft()))
        else:
            self.unplanned.append(one)
        self._room_env[one.name] = {"DAOHU_CRASH": queue[0]} if queue else {}
        self.supervisor.start(self._room(one.name))

    def _look(self) -> None:
        while not self._over.wait(LOOK_S):
            self.check()
