"""What the run is doing, never silent: moving bars on a terminal, plain lines elsewhere; all on stderr."""

import sys
import time
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

PLAIN_EVERY_S = 2.0


class Stage:
    """One stage with its moving count."""

    def __init__(self, board: "Board", name: str, task: TaskID | None) -> None:
        self._board, self.name, self._task = board, name, task
        self._shown, self._at = "", 0.0
        self.began = time.monotonic()

    def show(self, done: int, total: int, note: str = "") -> None:
        """Tell the count; lines off a terminal come at most every two seconds, the last one always.

        On a terminal a finished stage becomes a line above the moving bars, so that these never fill the screen.
        """
        text = f"{done}/{total}{'  ' + note if note else ''}"
        now = time.monotonic()
        if self._board.moving:
            if self._task is None:
                return
            self._board.bars.update(self._task, completed=done, total=max(total, 1), note=note)
            if done >= total:
                self._board.bars.remove_task(self._task)
                self._task = None
                self._board.say(f"✓ {self.name}  {text}  {now - self.began:.0f} s")
        elif text != self._shown and (now - self._at > PLAIN_EVERY_S or done >= total):
            self._shown, self._at = text, now
            self._board.say(f"  {self.name:<8} {text}")


class Board:
    """All stages of a run; a context manager."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self.moving = self._console.is_terminal
        self._began = time.monotonic()
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:>6.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", style="dim"),
            console=self._console,
        )

    def __enter__(self) -> Self:
        if self.moving:
            self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def finish(self) -> None:
        """Leave the bars as they are; from here on stdout belongs to the report."""
        if self.moving:
            self.bars.stop()

    def say(self, text: str) -> None:
        """One line for people."""
        if self.moving:
            self._console.print(text, markup=False)
        else:
            print(f"[{time.monotonic() - self._began:6.1f} s] {text}", file=sys.stderr, flush=True)

    def stage(self, name: str) -> Stage:
        """Begin a stage."""
        return Stage(self, name, self.bars.add_task(name, total=1, note="") if self.moving else None)
