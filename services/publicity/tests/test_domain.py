"""Dates, terms and photos, without a database."""

from datetime import date, timedelta

import pytest

from kit.mask import mask_name
from kit.workdays import add_working_days
from services.publicity.domain import photos, states, terms
from services.publicity.domain.photos import Moment
from services.publicity.domain.states import State
from services.publicity.domain.terms import DayKind, Terms, terms_of

START, END = date(2023, 5, 8), date(2023, 5, 15)


def test_the_default_is_seven_natural_days_and_the_first_does_not_count() -> None:
    assert terms_of({}, 1) == Terms(7, DayKind.NATURAL)
    assert terms_of({}, 1).earliest_end(START, add_working_days) == END


def test_working_days_leave_out_the_holiday() -> None:
    # 28 April 2023: the labour holiday follows, 6 May is worked.
    assert Terms(5, DayKind.WORKING).earliest_end(date(2023, 4, 28), add_working_days) == date(2023, 5, 9)


def test_a_round_may_have_its_own_terms() -> None:
    manifest = {"publicity": {"days": 5, "rounds": [{"round": 2, "days": 3, "kind_of_days": "working"}]}}
    assert terms_of(manifest, 1) == Terms(5)
    assert terms_of(manifest, 2) == Terms(3, DayKind.WORKING)


@pytest.mark.parametrize(
    "table", [{"days": 0}, {"days": "7"}, {"days": True}, {"days": 999}, {"kind_of_days": "lunar"}]
)
def test_a_senseless_manifest_is_never_the_default(table: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"publicity\.days|lunar"):
        terms_of({"publicity": table}, 1)


def test_the_last_day_belongs_to_the_notice_and_the_list_stays_thirty_days() -> None:
    assert not states.has_ended(END, END)
    assert states.has_ended(END, END + timedelta(days=1))
    assert not states.has_ended(None, END)
    for day, open_ in ((-1, False), (0, True), (7, True), (37, True), (38, False)):
        assert states.shown(State.PUBLISHED, START, END, START + timedelta(days=day)) is open_
    assert not states.shown(State.TO_PUBLISH, START, END, START)
    assert not states.shown(State.CLOSED, START, END, START)


@pytest.mark.parametrize(
    ("moment", "taken", "today", "fits"),
    [
        (Moment.START, START, START, True),
        (Moment.START, START - timedelta(days=1), START, False),
        (Moment.START, END + timedelta(days=1), END + timedelta(days=2), False),
        (Moment.START, START + timedelta(days=1), START, False),
        (Moment.END, END, END, True),
        (Moment.END, END - timedelta(days=1), END, False),
        (Moment.END, END + timedelta(days=1), END, False),
    ],
)
def test_photos_must_be_from_their_end_of_the_notice(
    moment: Moment, taken: date, today: date, fits: bool
) -> None:
    assert photos.date_fits(moment, taken, START, END, today) is fits


def test_bytes_say_what_a_photo_is() -> None:
    assert photos.media_type(b"\x89PNG\r\n\x1a\nxxxx") == "image/png"
    assert photos.media_type(b"\xff\xd8\xff\xe0xxxx") == "image/jpeg"
    assert photos.media_type(b"<svg onload=alert(1)>") is None
    assert photos.media_type(b"GIF89a") is None


def test_online_notices_need_no_photo() -> None:
    assert photos.lacking(True, frozenset({Moment.END})) == [Moment.START]
    assert photos.lacking(False, frozenset()) == []


def test_names_of_two_characters_are_masked_like_longer_ones() -> None:
    assert (mask_name("陶砚"), mask_name("陶砚秋")) == ("陶*", "陶*秋")
    assert terms.period_label("202305") == "2023年5月"
