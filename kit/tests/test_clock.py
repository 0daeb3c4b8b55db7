from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from kit import clock
from kit.profile import NotInDevelopment

MAY = datetime(2023, 5, 8, 9, 0, tzinfo=clock.CHINA)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    monkeypatch.delenv(clock.NOW_VARIABLE, raising=False)
    monkeypatch.delenv(clock.FILE_VARIABLE, raising=False)
    clock.reset_business_clock()
    yield
    clock.reset_business_clock()


def near(left: datetime, right: datetime) -> bool:
    return abs(left - right) < timedelta(seconds=5)


def test_unset_the_clocks_agree() -> None:
    assert near(clock.business_now(), clock.wall_now())
    assert clock.wall_now().tzinfo is UTC


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(clock.NOW_VARIABLE, "2023-05-08T09:00:00")
    assert near(clock.business_now(), MAY)
    assert clock.business_today() == date(2023, 5, 8)
    assert clock.wall_now().year != 2023


def test_anchored_offsets_do_not_depend_on_when_a_room_starts() -> None:
    text = "2023-05-08T09:00:00+08:00@2026-01-01T00:00:00Z"
    expected = MAY - datetime(2026, 1, 1, tzinfo=UTC)
    assert clock.parse_offset(text) == clock.parse_offset(text) == expected


def test_the_business_day_is_chinas() -> None:
    clock.set_business_now(datetime(2023, 5, 8, 17, 0, tzinfo=UTC))
    assert clock.business_today() == date(2023, 5, 9)


def test_setting_reaches_every_room_that_shares_the_file(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    one, other = clock.BusinessClock(None, file), clock.BusinessClock(None, file)
    assert near(other.now(), clock.wall_now())
    one.set(MAY)
    assert near(other.now(), MAY)
    other.set(MAY + timedelta(days=40))
    assert near(one.now(), MAY + timedelta(days=40))


def test_production_refuses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DAOHU_PROFILE")
    with pytest.raises(NotInDevelopment):
        clock.set_business_now(MAY)
    assert near(clock.business_now(), clock.wall_now())
    with pytest.raises(NotInDevelopment):
        clock.BusinessClock("2023-05-08", None)
    with pytest.raises(NotInDevelopment):
        clock.BusinessClock(None, tmp_path / "clock")


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        clock.set_business_now(MAY.replace(tzinfo=None))
