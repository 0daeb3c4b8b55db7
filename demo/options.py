"""What `make demo` was asked for, read from the environment and checked before anything is started."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stack.paths import HOME
from stack.rooms import BROKER, POSTGRES, ROOMS, SIMULATORS

SABOTAGE = ("double-pay", "lose", "cut-audit")
KILLABLE = (*ROOMS, *SIMULATORS, BROKER, POSTGRES)
DATA = HOME / "data" / "demo"
RUN = HOME / "run" / "demo"


class BadOption(ValueError):
    """An option that can't be meant; the text says which and what is possible."""


@dataclass(frozen=True, slots=True)
class Options:
    """One run. `people` counts applications, the bad and double ones included."""

    people: int = 500
    seed: int = 1
    roster: Path | None = None
    sabotage: str | None = None
    kill: tuple[str, ...] = ()
    months: int = 1
    project: str = "11810"
    period: str = "202305"
    data_dir: Path = DATA
    run_dir: Path = RUN


def from_environment(environ: Mapping[str, str]) -> Options:
    """PEOPLE, SEED, ROSTER, SABOTAGE, KILL, MONTHS. Raises BadOption."""
    people, seed = _whole(environ, "PEOPLE", 500), _whole(environ, "SEED", 1)
    if people < 60:
        raise BadOption("PEOPLE 至少 60 (at least 60: three counties need somebody to pay)")
    roster = environ.get("ROSTER", "").strip()
    if roster and not Path(roster).is_file():
        raise BadOption("ROSTER 文件不存在 (no such file)")
    months = _whole(environ, "MONTHS", 1)
    if months not in (1, 3):
        raise BadOption("MONTHS 可选 1 或 3 (one month, or three)")
    if months > 1 and (roster or people < 120):
        raise BadOption("MONTHS=3 需要虚构的人，至少 120 (invented people, at least 120)")
    sabotage = environ.get("SABOTAGE", "").strip() or None
    if sabotage not in (None, *SABOTAGE):
        raise BadOption(f"SABOTAGE 可选 (one of): {', '.join(SABOTAGE)}")
    kill = tuple(one.strip() for one in environ.get("KILL", "").split(",") if one.strip())
    if unknown := [one for one in kill if one not in KILLABLE or one == "portal"]:
        possible = ", ".join(one for one in KILLABLE if one != "portal")
        raise BadOption(f"KILL 无法识别 (unknown): {', '.join(unknown)}; 可选 (one or more of): {possible}")
    return Options(people, seed, Path(roster) if roster else None, sabotage, kill, months)


def _whole(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal():
        raise BadOption(f"{name} 应为正整数 (must be a whole number)")
    return int(text)
