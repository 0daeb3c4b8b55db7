"""When the agency misbehaves: a list of calls by number, so that a seed gives the same bad day every time."""

import random
from typing import Literal, get_args

from pydantic import BaseModel, Field

Kind = Literal[
    "slow", "refuse_503", "refuse_429", "wrong_ref", "missing", "other_name", "malformed", "lost_reply"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
# An account in another's name can't be told from a real finding, so it comes only when asked for by name.
SEEDED: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind != "other_name")


class Step(BaseModel):
    """At call number `call` (from 1, counted since the schedule was set) do `kind`."""

    call: int = Field(ge=1)
    kind: Kind
    ms: int = Field(default=300, ge=0, le=60_000, description="slow: milliseconds to wait")
    retry_after: int = Field(default=1, ge=0, le=3600, description="refuse_429: seconds")


class Schedule(BaseModel):
    """Either explicit `steps`, or a `seed`: then about `rate` of the first `calls` calls go wrong."""

    seed: int | None = None
    calls: int = Field(default=24, ge=1, le=100_000)
    rate: float = Field(default=0.35, ge=0, le=1)
    kinds: list[Kind] = list(SEEDED)
    steps: list[Step] = []


def steps_of(schedule: Schedule) -> list[Step]:
    """The calls that go wrong. A seeded day shows every kind once before any kind twice, then recovers."""
    if schedule.seed is None or not schedule.kinds:
        return schedule.steps
    rng = random.Random(schedule.seed)
    wrong = sorted(rng.sample(range(1, schedule.calls + 1), round(schedule.calls * schedule.rate)))
    kinds: list[Kind] = []
    while len(kinds) < len(wrong):
        kinds += rng.sample(schedule.kinds, len(schedule.kinds))
    return schedule.steps + [Step(call=call, kind=kind) for call, kind in zip(wrong, kinds, strict=False)]
