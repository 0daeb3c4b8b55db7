"""`python -m demo`: the whole main job on invented people, through the public HTTP API, checked at the end."""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from demo import (
    checking,
    county,
    figures,
    harm,
    intake,
    later,
    objections,
    papers,
    population,
    report,
    rosters,
    setup,
    year,
)
from demo import township as townships
from demo.client import Portal, Refused
from demo.journal import Journal
from demo.options import BadOption, Options, from_environment
from demo.people import Population
from demo.progress import Board
from demo.run import Run, Stuck
from kit.clock import CHINA
from stack.paths import StackError
from stack.rooms import Stack
from stack.supervisor import ends_cleanly

START = datetime(2023, 5, 4, 9, 0, tzinfo=CHINA)
"""Business time at the beginning: a Thursday of the period's own month."""


def main() -> int:
    """0 when the checker says that all is well; the last line of stdout is JSON in any case."""
    began = time.monotonic()
    with Board() as board:
        try:
            options = from_environment(os.environ)
            people = _people(options)
            with ends_cleanly(), _exclusive(options), _stack(options, board) as stack:
                last = asyncio.run(drive(options, people, stack, board))
        except KeyboardInterrupt:
            last = {"ok": False, "error": "interrupted"}
        except (BadOption, rosters.BadRoster, StackError, Stuck, Refused) as problem:
            board.say(f"失败 (failed): {problem}")
            last = {"ok": False, "error": f"{type(problem).__name__}: {problem}"}
        except Exception as failure:  # whatever it is: the stack is down by now, and the last line is JSON
            board.say("失败 (failed):\n" + "".join(traceback.format_exception(failure)))
            last = {"ok": False, "error": _reason(failure)}
    last.setdefault("total_seconds", round(time.monotonic() - began, 1))
    print(json.dumps(last, ensure_ascii=False), flush=True)
    return 0 if last["ok"] else 1


def _reason(failure: BaseException) -> str:
    """The first real failure inside a group."""
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return f"{type(failure).__name__}: {failure}"


def _people(options: Options) -> Population:
    if options.roster is not None:
        return rosters.read_roster(options.roster, options.seed, options.period)
    return population.generate(options.people, options.seed, options.period)


@contextlib.contextmanager
def _exclusive(options: Options) -> Iterator[None]:
    """One demonstration at a time, from an empty folder of its own; other data are not touched."""
    options.data_dir.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{options.data_dir}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError("另一个演示正在运行 (another demonstration is running)") from None
        for folder in (options.data_dir, options.run_dir):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        yield


def _stack(options: Options, board: Board) -> Stack:
    return Stack(
        data_dir=options.data_dir,
        run_dir=options.run_dir,
        say=board.say,
        business_now=START,
        restart_ended=True,
    )


async def drive(options: Options, people: Population, stack: Stack, board: Board) -> dict[str, Any]:
    """The main job, the harm that was asked for, the check, the report. Returns the last line."""
    killer = harm.Killer(options, stack, board)
    with Journal(options.run_dir) as journal:
        portal = Portal(stack.urls["portal"], journal, answers=options.run_dir / "answers" / "answers.txt")
        watching = asyncio.create_task(_watch(stack, board))
        try:
            run = Run(options, stack, portal, people, board, killer.strike)
            return await _job(run, killer)
        finally:
            watching.cancel()
            await portal.close()


async def _watch(stack: Stack, board: Board) -> None:
    """Tell which services ended by themselves (a consumer that lost its broker does); they are started again."""
    while True:
        for ended in stack.check():
            board.say(f"{ended.name} 已退出并重启 (ended with {ended.code}, started again)")
        await asyncio.sleep(1)


async def _job(run: Run, killer: harm.Killer) -> dict[str, Any]:
    await setup.prepare(run)
    began = time.monotonic()
    await intake.apply(run)
    await intake.checked(run)
    await intake.confirm_lists(run)
    await townships.verified(run)
    slices = await townships.confirm(run)
    await townships.hang(run, slices, 1, "业务公示①")
    await objections.file(run, slices)
    await townships.take_down(run, slices, 1, "公示①确认")
    await townships.review(run, slices)
    await objections.dismiss_rest(run)
    await county.settle(run, await county.open_sets(run), send_one_back=True)
    await later.follow(run)
    if run.options.months > 1:
        await year.go_on(run)
    await killer.finish()
    await checking.quiet(run)
    seconds = time.monotonic() - began
    found = await figures.gather(run)
    planted = None
    if run.options.sabotage:
        await checking.check(run, found)  # keeps the heads of the audit trails, as an operator's backup would
        planted = await harm.sabotage(run)
        run.board.say(f"!! 已植入错误 (planted): {planted}")
    checked = await checking.check(run, found)
    written = await papers.write(run, found)
    run.board.finish()
    report.show(run, found, written, checked, seconds)
    return _last(run, found, checked, seconds) | {"killed": killer.killed, "sabotage": planted}


def _last(run: Run, found: figures.Figures, checked: dict[str, Any], seconds: float) -> dict[str, Any]:
    names = (
        "applications", "rejected", "intercepted", "abnormal_cards", "confirmed", "published", "objections_upheld",
        "approved_fen", "paid", "paid_fen", "failed", "slices_sent_back",
    )  # fmt: skip
    return {
        **{name: getattr(found, name) for name in names},
        "townships_paid": len(found.townships_paid),
        "open": checked["open"],
        "lost": checked["lost"],
        "paid_twice": checked["paid_twice"],
        "parked": checked["counts"]["parked"],
        "events": checked["counts"]["events"],
        "broker": run.stack.broker.kind,
        "seconds": round(seconds, 1),
        "people_per_second": round(len(run.people.people) / seconds, 1),
        "invariants": {
            name: None if one is None else {"ok": one["ok"], "checked": one["checked"]}
            for name, one in checked["invariants"].items()
        },
        "ok": bool(checked["ok"]),
    }


if __name__ == "__main__":
    sys.exit(main())
