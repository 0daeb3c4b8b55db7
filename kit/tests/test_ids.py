import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import ids

KEY = ("subject-1", "11810", "202305", "normal", 1)


def test_new_ids_are_random_version_4() -> None:
    made = {ids.new_id() for _ in range(100)}
    assert len(made) == 100
    assert {uuid.UUID(one).version for one in made} == {4}


def test_payment_id_never_changes() -> None:
    # A golden value: if this test has to change, every payment ever made gets a second identity.
    assert ids.payment_id(*KEY) == "5ce316b2-ea3d-5f6d-8901-887cd3fbc2ab"


@pytest.mark.parametrize("place", range(5))
def test_every_part_of_the_key_counts(place: int) -> None:
    other: list[str | int] = list(KEY)
    other[place] = 2 if place == 4 else f"{other[place]}x"
    assert ids.payment_id(*other) != ids.payment_id(*KEY)  # type: ignore[arg-type] # mixed list on purpose


def test_parts_cannot_run_into_each_other() -> None:
    with pytest.raises(ValueError, match="free of"):
        ids.named_id("x", "a|b", "c")
    with pytest.raises(ValueError, match="free of"):
        ids.named_id("x", "a", "")
    with pytest.raises(ValueError, match="installment"):
        ids.payment_id("s", "p", "202305", "normal", 0)


def test_namespaces_are_apart() -> None:
    assert ids.named_id("slice", "1") != ids.named_id("set", "1")
    assert ids.named_id(ids.HOUSE_NAMESPACE, "1") == str(uuid.uuid5(ids.HOUSE_NAMESPACE, "1"))


@given(st.uuids(), st.integers(1, 99))
def test_end_to_end_id_goes_both_ways_within_35_characters(payment: uuid.UUID, attempt: int) -> None:
    text = ids.end_to_end_id(str(payment), attempt)
    assert len(text) <= ids.END_TO_END_ID_MAX_LENGTH
    assert ids.parse_end_to_end_id(text) == (str(payment), attempt)


@pytest.mark.parametrize("attempt", [0, 100, -1])
def test_an_attempt_has_two_digits(attempt: int) -> None:
    with pytest.raises(ValueError, match="attempt"):
        ids.end_to_end_id(ids.new_id(), attempt)


@pytest.mark.parametrize("text", ["", "x" * 34, "0" * 32 + "-01", "0" * 32 + "-100", "0" * 32 + "-1\n"])
def test_a_foreign_key_is_nobodys(text: str) -> None:
    assert ids.parse_end_to_end_id(text) is None
