"""The room's leader: one process at a time runs the relay and the background workers.

Leadership is a session advisory lock on a connection of its own; when that connection breaks, everything that
needs leadership is cancelled before another process can begin.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from kit.handlers import Worker

log = logging.getLogger("daohu.workers")
LEADER_LOCK = 7204003


class Leader:
    """Holds leadership and runs what belongs to it."""

    def __init__(
        self, dsn: str, relay: Callable[[], Awaitable[None]], workers: list[Worker], room: Any
    ) -> None:
        self._dsn, self._relay, self._workers, self._room = dsn, relay, workers, room
        self._wakes = {worker.run: asyncio.Event() for worker in workers}
        self.leading = False

    def wake(self, runs: list[Callable[..., Any]]) -> None:
        """Run these workers soon; a worker that another process leads is simply found at its next tick."""
        for run in runs:
            if run in self._wakes:
                self._wakes[run].set()

    async def run(self) -> None:
        """Stand for leadership for ever."""
        while True:
            try:
                await self._term()
            except asyncio.CancelledError:
                raise
            except Exception as failure:
                log.info("leadership ended: %s", type(failure).__name__)
            await asyncio.sleep(0.5)

    async def _term(self) -> None:
        connection = await asyncpg.connect(self._dsn)
        tasks: list[asyncio.Task[None]] = []
        try:
            # Waits in the database until the former leader's connection is gone.
            await connection.execute("SELECT pg_advisory_lock($1)", LEADER_LOCK)
            self.leading = True
            tasks = [asyncio.ensure_future(self._relay())]
            tasks += [asyncio.create_task(self._loop(worker)) for worker in self._workers]
            while True:
                await asyncio.sleep(2.0)
                await connection.fetchval("SELECT 1")
        finally:
            self.leading = False
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await connection.close(timeout=2)

    async def _loop(self, worker: Worker) -> None:
        wake = self._wakes[worker.run]
        pause = worker.every
        while True:
            wake.clear()
            try:
                if await worker.run(self._room):
                    pause = worker.every
                    await asyncio.sleep(0)
                    continue
                pause = worker.every
            except asyncio.CancelledError:
                raise
            except Exception as failure:
                # Outside systems fail; the work stays due in the database and is tried again, ever slower.
                log.warning("worker %s: %s", worker.run.__name__, type(failure).__name__)
                pause = min(max(pause, 0.1) * 2, 30.0)
            try:
                await asyncio.wait_for(wake.wait(), timeout=pause)
            except TimeoutError:
                continue
