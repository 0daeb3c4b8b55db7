"""Waits until nothing moves any more, then has the independent checker read databases, bank book and logs."""

import asyncio
import json
import sys
import time
from collections.abc import Iterable
from typing import Any

import httpx

from demo import expected
from demo.figures import Figures
from demo.people import Population
from demo.run import Count, Run
from stack.paths import CHECKOUT
from stack.rooms import ROOMS

QUIET_TWICE_S = 1.0


async def quiet(run: Run) -> None:
    """Every room: nothing to send, nothing waiting, no lag; twice, a second apart."""
    last = 0.0
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:

        async def probe() -> Count:
            nonlocal last
            still = 0
            for room in ROOMS:
                state = (await client.get(f"{run.stack.urls[room]}/health/ready")).json()
                lag = state.get("lag") or 0
                behind = sum(lag.values()) if isinstance(lag, dict) else lag
                still += not (state["pending"] or state["waiting"] or behind)
            if still < len(ROOMS):
                last = 0.0
                return still, len(ROOMS), ""
            last = last or time.monotonic()
            return len(ROOMS) - (time.monotonic() - last < QUIET_TWICE_S), len(ROOMS), ""

        await run.wait("收尾", probe)


def canaries(people: Population, later: Iterable[str] = ()) -> list[str]:
    """Every number, name, phone and account of the invented people, and what came `later`.

    None of them may stand outside the vault.
    """
    found: set[str] = set(later)
    for one in people.people:
        found |= {one.id_no, one.name, one.phone}
        if one.card is not None:
            found |= {one.card.account_no, one.card.ssc_no}
    for helper in people.helpers:
        found |= {helper.id_no, helper.name, helper.phone}
    return sorted(found)


async def check(run: Run, figures: Figures) -> dict[str, Any]:
    """Run the checker as a program of its own, and add I11; its report. Raises RuntimeError when it gives none.

    A user's own roster has no truth behind it that could predict anything: I11 stays null.
    """
    run.board.say("核对 (checking) I1–I10 …")
    folder = run.options.run_dir
    planted = folder / "canaries.txt"
    later = run.facts["year"].fates.numbers if "year" in run.facts else ()
    planted.write_text("\n".join(canaries(run.people, later)), encoding="utf-8")
    out = folder / "checker.json"
    out.unlink(missing_ok=True)
    arguments = [
        "--stack", folder / "stack.json", "--journal", folder / "journal.ndjson", "--canaries", planted,
        "--responses", folder / "answers", "--heads", folder / "audit-heads.json", "--out", out,
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "checker", *map(str, arguments), cwd=CHECKOUT,
        stdout=sys.stderr, stderr=sys.stderr,
    )  # fmt: skip
    await process.wait()
    if not out.exists():
        raise RuntimeError(f"checker 没有给出报告 (no report, exit {process.returncode})")
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    if run.options.roster is None:
        predicted = found["invariants"]["I11"] = expected.compare(
            run.people, run.silent, figures, run.facts.get("year")
        )
        found["ok"] = found["ok"] and predicted["ok"]
        for one in predicted["detail"].get("examples", ()):
            run.board.say(f"I11 {one}")
    return found
