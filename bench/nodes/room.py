"""`python -m bench.nodes.room ROOM LINES [--agency URL] [--bank URL]`: one room, figures as JSON lines.

`DAOHU_DSN` names its empty database, `DAOHU_KEY_DIR` a folder for keys.
A process of its own, so that its memory is the room's.
"""

import argparse
import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from bench.nodes.desk import Desk
from bench.nodes.opening import room

ROOMS = ("card_matching", "verification", "batch", "payment", "publicity")
Run = Callable[[Desk, int], Awaitable[None]]


async def measure(name: str, lines: int, dsn: str, keys: Path, agency: str = "", bank: str = "") -> list[str]:
    """The room's figures, one JSON object each; those before a failure are printed too."""
    run: Run = import_module(f"bench.nodes.{name}").run
    async with room(name, dsn, keys, agency, bank) as desk:
        try:
            await run(desk, lines)
        finally:
            found = [json.dumps(asdict(one), ensure_ascii=False) for one in desk.meter.figures]
            print(*found, sep="\n", flush=True)
    return found


def main() -> None:
    """Measure one room."""
    parser = argparse.ArgumentParser()
    parser.add_argument("room", choices=ROOMS)
    parser.add_argument("lines", type=int)
    parser.add_argument("--agency", default="")
    parser.add_argument("--bank", default="")
    told = parser.parse_args()
    dsn, keys = os.environ["DAOHU_DSN"], Path(os.environ["DAOHU_KEY_DIR"])
    asyncio.run(measure(told.room, told.lines, dsn, keys, told.agency, told.bank))


if __name__ == "__main__":
    main()
