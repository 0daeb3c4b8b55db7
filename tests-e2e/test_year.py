"""Three months of the same people: carry-over, deaths, moves, returns, recoveries; and every invariant at the end."""

import os
import zipfile
from pathlib import Path

import pytest

from demo import population
from demo.__main__ import START, drive
from demo.options import Options
from demo.progress import Board
from demo.year import periods
from stack.rooms import Stack


@pytest.mark.skipif("DAOHU_YEAR" not in os.environ, reason="a soak of its own: make test-year")
@pytest.mark.timeout(1500)
async def test_a_quarter_of_a_year_to_the_fen(tmp_path: Path) -> None:
    options = Options(people=120, seed=5, months=3, data_dir=tmp_path / "data", run_dir=tmp_path / "run")
    people = population.generate(options.people, options.seed, options.period)
    with (
        Board() as board,
        Stack(
            data_dir=options.data_dir,
            run_dir=options.run_dir,
            say=board.say,
            business_now=START,
            fast=True,
            restart_ended=True,
        ) as stack,
    ):
        last = await drive(options, people, stack, board)
    assert [name for name, one in last["invariants"].items() if not (one["ok"] and one["checked"])] == []
    assert last["ok"]
    assert (last["lost"], last["paid_twice"], last["parked"]) == (0, 0, 0)
    assert last["failed"] >= 1, "the returned payment was issued anew, and its first attempt stays"
    with zipfile.ZipFile(options.run_dir / "evidence.zip") as pack:
        assert {"payment.json", "application.json", "chain.json"} <= set(pack.namelist())


def test_periods_go_over_the_turn_of_the_year() -> None:
    assert periods("202311", 3) == ["202311", "202312", "202401"]
