"""Runs a room's module and samples where its main thread spends CPU: `DAOHU_BENCH_MODULE`, result in a file.

Only with `PROFILE=1`: a sample per 5 ms of CPU costs about a hundredth.
"""

import atexit
import os
import runpy
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

STEP_S = 0.005
DEPTH = 60

own: Counter[str] = Counter()
under: Counter[str] = Counter()


def _sample(_number: int, frame: FrameType | None) -> None:
    seen: set[str] = set()
    place = frame
    for depth in range(DEPTH):
        if place is None:
            break
        code = place.f_code
        name = f"{code.co_filename.rpartition('site-packages/')[2]}:{code.co_qualname}"
        if depth == 0:
            own[f"{name}:{place.f_lineno}"] += 1
        if name not in seen:
            seen.add(name)
            under[name] += 1
        place = place.f_back


def _write(path: Path) -> None:
    signal.setitimer(signal.ITIMER_PROF, 0)
    total = sum(own.values())
    lines = [f"{total} samples = {total * STEP_S:.1f} s CPU"]
    for title, counted in (("in it", own), ("in it or below", under)):
        lines += [f"--- {title}"]
        lines += [f"{count * STEP_S:8.2f} s  {name}" for name, count in counted.most_common(70)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    module = os.environ["DAOHU_BENCH_MODULE"]
    signal.signal(signal.SIGPROF, _sample)
    signal.setitimer(signal.ITIMER_PROF, STEP_S, STEP_S)
    # The server raises the signal that ended it once more: end by an exception, so that the file is written.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    atexit.register(_write, Path(os.environ["DAOHU_BENCH_PROFILE"]))
    runpy.run_module(module, run_name="__main__")
