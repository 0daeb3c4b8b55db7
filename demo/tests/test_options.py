"""Options of `make demo`: what is meant, and what is refused before anything starts."""

from pathlib import Path

import pytest

from demo.harm import STRIKES_AT
from demo.options import KILLABLE, BadOption, from_environment


def test_defaults() -> None:
    options = from_environment({})
    assert (options.people, options.seed, options.kill, options.sabotage) == (500, 1, (), None)
    assert options.roster is None


def test_everything_given(tmp_path: Path) -> None:
    roster = tmp_path / "名册.xlsx"
    roster.touch()
    options = from_environment(
        {"PEOPLE": "80", "SEED": "7", "KILL": "payment, broker", "SABOTAGE": "lose", "ROSTER": str(roster)}
    )
    assert (options.people, options.seed, options.kill) == (80, 7, ("payment", "broker"))
    assert options.sabotage == "lose" and options.roster == roster


@pytest.mark.parametrize(
    "wrong",
    [
        {"PEOPLE": "many"}, {"PEOPLE": "3"}, {"PEOPLE": "-80"}, {"SABOTAGE": "flood"}, {"KILL": "nobody"},
        {"KILL": "portal"}, {"ROSTER": "/nowhere.xlsx"},
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(BadOption):
        from_environment(wrong)


def test_everybody_who_can_be_killed_has_a_moment() -> None:
    assert set(STRIKES_AT) == set(KILLABLE) - {"portal"}
