"""A planted wrong ends the main job red, by the invariant that is meant to see it."""

from pathlib import Path

import pytest

from demo import population
from demo.__main__ import START, drive
from demo.options import Options
from demo.progress import Board
from stack.rooms import Stack


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("sabotage", "invariant"), [("double-pay", "I3"), ("lose", "I1"), ("cut-audit", "I6")]
)
async def test_the_wrong_is_seen(sabotage: str, invariant: str, tmp_path: Path) -> None:
    options = Options(
        people=60, seed=3, sabotage=sabotage, data_dir=tmp_path / "data", run_dir=tmp_path / "run"
    )
    people = population.generate(options.people, options.seed, options.period)
    with (
        Board() as board,
        Stack(
            data_dir=options.data_dir, run_dir=options.run_dir, say=board.say, business_now=START, fast=True
        ) as stack,
    ):
        last = await drive(options, people, stack, board)
    assert not last["ok"]
    assert not last["invariants"][invariant]["ok"]
    assert last["invariants"]["I5"]["ok"], "only what was planted is wrong"
