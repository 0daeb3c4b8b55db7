"""Names have one spelling; children are recognised to the day; only named rooms read anything."""

from datetime import date

import pytest

from services.registry.domain import (
    ALLOWED_ROOMS,
    NameProblem,
    RoomOperation,
    canonical_name,
    digest_of,
    is_child,
)


@pytest.mark.parametrize(
    "typed", ["阿依古丽·买买提", "阿依古丽•买买提", " 阿依古丽・ 买买提", "阿依古丽\u3000·买买提"]
)
def test_one_spelling_per_name(typed: str) -> None:
    assert canonical_name(typed) == "阿依古丽·买买提"


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", NameProblem.EMPTY),
        (" \u3000", NameProblem.EMPTY),
        ("王" * 61, NameProblem.TOO_LONG),
        ("=SUM(A1)", NameProblem.CHARACTERS),
        ("王1", NameProblem.CHARACTERS),
        ("王\u200b二", NameProblem.CHARACTERS),
        ("-cmd", NameProblem.CHARACTERS),
    ],
)
def test_what_is_no_name(typed: str, problem: NameProblem) -> None:
    assert canonical_name(typed) is problem


def test_rare_characters_are_names() -> None:
    assert canonical_name("𬱖\U000323b0") == "𬱖\U000323b0"


def test_a_child_until_the_day_of_the_fourteenth_birthday() -> None:
    assert is_child(date(2010, 5, 2), date(2024, 5, 1))
    assert not is_child(date(2010, 5, 2), date(2024, 5, 2))


def test_digest_names_a_set_of_persons() -> None:
    assert digest_of(["b", "a", "a"]) == digest_of(["a", "b"])
    assert digest_of(["a"]) != digest_of(["b"])


def test_every_operation_has_its_rooms_and_numbers_go_to_card_matching_alone() -> None:
    assert set(ALLOWED_ROOMS) == set(RoomOperation)
    assert ALLOWED_ROOMS[RoomOperation.IDENTITIES] == {"card_matching"}
    assert ALLOWED_ROOMS[RoomOperation.READ_ACCOUNTS] == {"payment"}
