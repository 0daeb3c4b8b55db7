"""SIGKILL at every crash point: each time a real process dies and comes back, and in the end the money is right."""

from pathlib import Path

import httpx
import pytest
import sweep
from living import until
from subscriber import Subscriber

from demo import population, setup
from demo.__main__ import START, drive
from demo.options import Options
from demo.progress import Board
from services.exchange.tests.endpoint import Endpoint
from stack.rooms import ROOMS

PEOPLE, SEED = 60, 7
CITY = "5399"
SHARED = {
    "application": ["peers.before_call", "peers.after_call", "relay.published_before_mark"],
    "batch": ["bus.before_commit:3", "bus.after_commit:3"],
    "orchestrator": ["bus.before_commit:9", "bus.after_commit:9", "relay.published_before_mark:3"],
    "grievance": ["bus.after_commit"],
    "verification": ["bus.before_commit:2"],
    "payment": ["relay.published_before_mark"],
}
"""The kit's points, where most hangs on them; `:k` is the k-th visit."""


def test_the_names_are_written_out_and_belong_to_somebody() -> None:
    names = sweep.registered()
    assert len(names) > 20
    assert {name.partition(".")[0] for name in names} <= {*ROOMS, "bus", "relay", "peers"}
    for room in ("verification", "card_matching", "publicity", "payment", "exchange"):
        own = {name.partition(".")[2] for name in names if name.startswith(f"{room}.")}
        before = {name.removeprefix("before_") for name in own if name.startswith("before_")}
        assert before, f"{room} calls the outside and has no crash point before it"
        assert {f"after_{name}" for name in before} <= own


def test_a_name_that_is_not_written_out_is_noticed() -> None:
    assert list(sweep.named("crashpoint('a.b')\nkit.crashpoint('c.d')")) == ["a.b", "c.d"]
    with pytest.raises(ValueError, match="written out"):
        list(sweep.named("crashpoint(f'{room}.x')"))


def test_the_plan_visits_every_registered_point() -> None:
    points = sweep.plan(sweep.registered(), SHARED)
    assert {name.partition(":")[0] for names in points.values() for name in names} == sweep.registered()


@pytest.mark.timeout(900)
async def test_killed_at_every_crash_point_nothing_is_lost_or_paid_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(setup.BANK, "unknown_rate", 0.3)  # so that there is something to query
    points = sweep.plan(sweep.registered(), SHARED)
    options = Options(people=PEOPLE, seed=SEED, data_dir=tmp_path / "data", run_dir=tmp_path / "run")
    people = population.generate(options.people, options.seed, options.period)
    with Board() as board:
        stack = sweep.Sweeping(
            points,
            data_dir=options.data_dir,
            run_dir=options.run_dir,
            say=board.say,
            business_now=START,
            fast=True,
            env={"DAOHU_KAFKA_SESSION_TIMEOUT_MS": "6000"},
        )
        endpoint = Endpoint()
        with stack:
            async with httpx.AsyncClient(base_url=stack.urls["portal"], timeout=60, trust_env=False) as http:
                agency = Subscriber(http, endpoint, options.project, CITY)
                await agency.subscribe()
                last = await drive(options, people, stack, board)

                async def delivered() -> list[str] | None:
                    told = await agency.pulled()
                    return told if set(told) <= set(agency.received()) else None

                told = await until("every event has come to the webhook", delivered, 120)
        endpoint.close()
    assert last["ok"], last
    assert (last["lost"], last["paid_twice"], last["parked"]) == (0, 0, 0)
    assert last["paid"] > 0
    # The agency, too, misses nothing and is told in order; only what was under way at a death comes twice.
    received = agency.received()
    assert list(dict.fromkeys(received)) == told
    assert len(told) >= last["paid"]
    assert len(received) > len(told), "who died after the call called again"
    assert stack.unplanned == []
    assert {room: list(names) for room, names in stack.left.items() if names} == {}, "never reached"
    assert {name.partition(":")[0] for _, name in stack.visited} == sweep.registered()
    assert len(stack.visited) == sum(len(names) for names in points.values())
