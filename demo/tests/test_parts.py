"""Small parts of the driver: clock, photos, deployment folder, canaries, the numbers of `make person`."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from demo import population, setup
from demo.checking import canaries
from demo.expected import compare, predict
from demo.figures import Figures
from demo.life import place
from demo.person import NoSuchPerson, resolve
from demo.run import set_clock
from demo.township import png
from kit.clock import CHINA, parse_offset, wall_now


def test_the_clock_file_says_what_rooms_read(tmp_path: Path) -> None:
    moment = datetime(2023, 5, 12, 9, tzinfo=CHINA)
    file = tmp_path / "business-clock"
    set_clock(file, moment)
    read = wall_now() + parse_offset(file.read_text())
    assert timedelta() <= read - moment < timedelta(seconds=5)


def test_photos_are_pictures_and_differ() -> None:
    one, two = png(b"notice-a start"), png(b"notice-b end")
    assert one.startswith(b"\x89PNG\r\n\x1a\n") and one.endswith(b"IEND\xaeB`\x82") and one != two


def test_prices_cover_the_projects_categories() -> None:
    manifest = (setup.PROJECT_FOLDER / "project.toml").read_text(encoding="utf-8")
    assert all(f"\n{category} = " in manifest for category in setup.PRICES)


def test_canaries_name_everybody() -> None:
    people = population.generate(60, seed=3)
    planted = set(canaries(people))
    assert {one.id_no for one in people.people} <= planted
    assert {one.card.account_no for one in people.people if one.card} <= planted
    assert {helper.phone for helper in people.helpers} <= planted


def test_a_person_is_found_by_number_id_or_receipt() -> None:
    index = ["0014eb64-2f66-45bd-9e27-0583e1d6b463", "a014eb64-2f66-45bd-9e27-0583e1d6b463"]
    assert resolve("2", index) == index[1]
    assert resolve(index[0], index) == index[0]
    assert resolve("11810-20230504-0014EB642F66", index) == index[0]
    for wrong in ("0", "3", "b014", ""):
        with pytest.raises(NoSuchPerson):
            resolve(wrong, index)


def test_places_have_names() -> None:
    assert place({"township": "539901101", "village": "539901101201"}) == "鹭汀镇絮樵村"
    assert place({"township": "539901101", "village": "絮樵村三组"}) == "鹭汀镇絮樵村三组"


def test_the_model_predicts_from_the_truth_alone() -> None:
    people = population.generate(500, seed=1)
    silent = "539903106"
    predicted = predict(people, silent, upheld=1)
    assert predicted["intercepted"] == sum(one.expect == "intercepted" for one in people.people)
    without = predict(people, silent, upheld=0)
    assert without["paid"] == predicted["paid"] + 1 and without["paid_fen"] == predicted["paid_fen"] + 5000
    found = Figures(objections_upheld=1)
    for name, value in predicted.items():
        setattr(found, name, value)
    assert compare(people, silent, found)["ok"]
    found.paid += 1
    wrong = compare(people, silent, found)
    assert not wrong["ok"] and wrong["checked"] == 500 and "paid" in wrong["detail"]["examples"][0]
