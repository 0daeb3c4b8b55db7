"""Filters, the facts of an enrolment's change, and the pauses between tries."""

from datetime import date

import pytest

from contracts.application import Enrolment, EnrolmentState
from services.exchange.domain import (
    RETRY_SECONDS,
    Filter,
    enrolment_body,
    enrolment_fact,
    in_force,
    is_region,
    pause_after,
)

ALL = Filter(["payment_made", "batch_closed"], ["11810"], ["539901"])


@pytest.mark.parametrize(
    ("name", "project", "place", "passes"),
    [
        ("payment_made", "11810", "539901101", True),
        ("payment_made", "11810", "539902101", False),
        ("payment_made", "11811", "539901101", False),
        ("payment_returned", "11810", "539901101", False),
        ("batch_closed", "11810", "539901", True),
        ("batch_closed", "11810", "5399", False),
    ],
)
def test_a_filter_takes_what_all_its_lists_take(name: str, project: str, place: str, passes: bool) -> None:
    assert ALL.takes(name, project, place) is passes


def test_a_subscription_never_widens_its_agreement() -> None:
    assert Filter(["payment_made"], ["11810"], ["539901101"]).within(ALL)
    assert not Filter(["payment_returned"], ["11810"], ["539901101"]).within(ALL)
    assert not Filter(["payment_made"], ["11811"], ["539901101"]).within(ALL)
    assert not Filter(["payment_made"], ["11810"], ["5399"]).within(ALL)


def test_regions_are_cities_counties_and_townships() -> None:
    assert [is_region(one) for one in ("53", "5399", "539901", "539901101", "539901101201", "53x901")] == [
        False, True, True, True, False, False,
    ]  # fmt: skip


def enrolment(state: EnrolmentState, **changes: str) -> Enrolment:
    fields = {
        "enrolment_id": "e", "application_id": "a", "rev": 2, "subject_id": "s", "payee_id": "s", "township": "t",
        "village": "v", "category": "c", "state": state, "valid_from": "202305", "reason": "death",
    }  # fmt: skip
    return Enrolment.model_validate(fields | changes)


def before(state: EnrolmentState) -> dict[str, object]:
    return {
        "state": state.value, "township": "t", "category": "c", "quantity": "1", "valid_from": "202305",
        "valid_to": None,
    }  # fmt: skip


S = EnrolmentState


@pytest.mark.parametrize(
    ("known", "now", "changes", "fact"),
    [
        (None, S.PROPOSED, {}, None),
        (None, S.ACTIVE, {}, "enrolment_started"),
        (S.PROPOSED, S.ACTIVE, {}, "enrolment_started"),
        (S.SUSPENDED, S.ACTIVE, {}, "enrolment_started"),
        (S.ACTIVE, S.ACTIVE, {}, None),
        (S.ACTIVE, S.ACTIVE, {"category": "d"}, "enrolment_changed"),
        (S.ACTIVE, S.ACTIVE, {"village": "w"}, None),
        (S.ACTIVE, S.SUSPENDED, {}, "enrolment_stopped"),
        (S.ACTIVE, S.STOPPED, {}, "enrolment_stopped"),
        (S.SUSPENDED, S.STOPPED, {}, None),
        (None, S.STOPPED, {}, None),
    ],
)
def test_only_who_draws_and_who_no_longer_does_is_a_fact(
    known: S | None, now: S, changes: dict[str, str], fact: str | None
) -> None:
    assert enrolment_fact(before(known) if known else None, enrolment(now, **changes)) == fact


def test_why_it_stopped_is_not_told() -> None:
    body = enrolment_body("enrolment_stopped", enrolment(S.STOPPED))
    assert body["state"] == "stopped"
    assert "death" not in str(body)
    assert "village" not in body


def test_an_agreement_counts_on_both_its_days() -> None:
    days = [date(2023, 5, day) for day in (1, 2, 3, 4)]
    assert [in_force("active", days[1], days[2], one) for one in days] == [False, True, True, False]
    assert not in_force("revoked", days[0], None, days[1])
    assert in_force("active", days[0], None, date(2050, 1, 1))


def test_pauses_grow_and_end() -> None:
    pauses = [pause_after(number) for number in range(1, len(RETRY_SECONDS) + 2)]
    assert pauses[:-1] == sorted(RETRY_SECONDS)
    assert pauses[-1] is None
