"""One person under two spellings is one person; another name is decided by two people; planted bugs are caught."""

from typing import Any

import pytest

from contracts.registry import PersonIn
from kit.auth import Role
from kit.idnumber import IdNumber, IdProblem, normalise
from kit.testing import RoomHarness, official
from services.registry.ports import Vault
from services.registry.store import persons, reads
from services.registry.tests.conftest import TOWNSHIP, number
from services.registry.tests.test_households import BASE, CHECKER, call, change, propose

OLD = "532699430512002"
NEW = "532699194305120029"
X = next(number(serial) for serial in range(999) if number(serial).endswith("X"))
SPELLINGS = [(OLD, "陶砚秋"), (NEW, "陶 砚秋"), (f" {NEW}\t", "\u3000陶砚秋")]
DOTS = [(X, f"乌兰{dot}其木格ALI") for dot in "·•・･‧∙．."] + [(X.lower(), "乌兰· 其木格ＡＬＩ")]


async def resolved(registry: RoomHarness, vault: Vault, *typed: tuple[str, str]) -> list[Any]:
    async with registry.room.tx() as tx:
        asked = [
            PersonIn(ref=str(place), id_no=id_no, name=name, township=TOWNSHIP)
            for place, (id_no, name) in enumerate(typed)
        ]
        return await persons.resolve(tx, vault, asked)


async def one_person(registry: RoomHarness, vault: Vault, spellings: list[tuple[str, str]]) -> str:
    """The guard: whatever the spelling and the call, one subject, and one row."""
    alone = [(await resolved(registry, vault, one))[0] for one in spellings]
    together = await resolved(registry, vault, *spellings)
    subjects = {one.subject_id for one in (*alone, *together)}
    assert len(subjects) == 1 and None not in subjects, "one person became several, or was turned away"
    async with registry.room.tx() as tx:
        assert await tx.fetchval("SELECT count(*) FROM subject") == 1
    return str(subjects.pop())


@pytest.mark.parametrize("spellings", [SPELLINGS, DOTS], ids=["number", "name"])
async def test_spellings_of_one_person_are_one_subject(
    registry: RoomHarness, vault: Vault, spellings: list[tuple[str, str]]
) -> None:
    await one_person(registry, vault, spellings)


async def test_the_guard_catches_a_number_kept_as_it_was_typed(
    registry: RoomHarness, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = normalise

    def planted(text: str, **more: Any) -> IdNumber | IdProblem:
        read = right(text, **more)
        return read if isinstance(read, IdProblem) else IdNumber(text.strip(), read.birth_date, read.gender)

    monkeypatch.setattr(persons, "normalise", planted)
    with pytest.raises(AssertionError, match="became several"):
        await one_person(registry, vault, SPELLINGS)


async def test_the_guard_catches_a_name_compared_as_it_was_typed(
    registry: RoomHarness, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persons, "canonical_name", lambda text: text)
    with pytest.raises(AssertionError, match="turned away"):
        await one_person(registry, vault, DOTS)


async def test_full_width_digits_are_turned_away_and_never_a_second_person(
    registry: RoomHarness, vault: Vault
) -> None:
    wide = "".join(chr(ord(character) + 0xFEE0) for character in NEW)
    first, second = await resolved(registry, vault, (NEW, "陶砚秋"), (wide, "陶砚秋"))
    assert first.subject_id is not None
    assert (second.subject_id, second.problem) == (None, "id_full_width")
    async with registry.room.tx() as tx:
        assert await tx.fetchval("SELECT count(*) FROM subject") == 1


async def test_a_variant_character_becomes_the_persons_by_two_people(
    registry: RoomHarness, vault: Vault
) -> None:
    [first] = await resolved(registry, vault, (NEW, "吕峰"))
    [other] = await resolved(registry, vault, (NEW, "呂峯"))
    assert other.problem == "name_differs"
    asked: dict[str, Any] = {"kind": "alias", "persons": [{"id_no": OLD, "name": "呂 峯"}]}
    made = await propose(registry, **asked)
    assert made.status_code == 201 and "呂" not in made.text and NEW not in made.text
    assert (await resolved(registry, vault, (NEW, "呂峯")))[0].problem == "name_differs"
    change_id = made.json()["change_id"]
    assert (await call(registry, CHECKER, f"{BASE}/changes/{change_id}:approve", {})).status_code == 200
    both = await resolved(registry, vault, (NEW, "呂峯"), (OLD, "吕峰"), (NEW, "别人"))
    assert [one.subject_id for one in both] == [first.subject_id, first.subject_id, None]
    assert both[2].problem == "name_differs"
    async with registry.room.tx() as tx:
        [(_, content)] = await reads.open_persons(tx, vault, [str(first.subject_id)])
        rows = await tx.fetch("SELECT c::text AS t FROM change AS c UNION ALL SELECT a::text FROM audit AS a")
    assert (content.name, content.aliases) == ("吕峰", ("呂峯",))
    assert not [row for row in rows if "呂" in row["t"] or "呂峯".encode().hex() in row["t"]]
    again = await propose(registry, **asked)
    assert (again.status_code, again.json()["code"]) == (422, "same_name")


async def test_a_refused_spelling_stays_a_problem(registry: RoomHarness, vault: Vault) -> None:
    await resolved(registry, vault, (NEW, "吕峰"))
    made = await propose(registry, kind="alias", persons=[{"id_no": NEW, "name": "别人"}])
    path = f"{BASE}/changes/{made.json()['change_id']}:refuse"
    assert (await call(registry, CHECKER, path, {})).json()["state"] == "refused"
    assert (await resolved(registry, vault, (NEW, "别人")))[0].problem == "name_differs"


async def test_the_right_spelling_may_become_the_name(registry: RoomHarness, vault: Vault) -> None:
    [first] = await resolved(registry, vault, (NEW, "吕风"))
    done = await change(registry, kind="alias", persons=[{"id_no": NEW, "name": "吕峰"}], main=True)
    assert done.status_code == 200
    async with registry.room.tx() as tx:
        [(_, content)] = await reads.open_persons(tx, vault, [str(first.subject_id)])
    assert (content.name, content.aliases) == ("吕峰", ("吕风",))


async def test_a_number_alone_opens_nobody_to_a_foreign_official(registry: RoomHarness, vault: Vault) -> None:
    await resolved(registry, vault, (NEW, "吕峰"))
    elsewhere = official(Role.TOWNSHIP_HANDLER, "539901102")
    asked: dict[str, Any] = {"kind": "alias", "persons": [{"id_no": NEW, "name": "别人"}]}
    known = await propose(registry, elsewhere, **asked)
    unknown = await propose(registry, elsewhere, kind="alias", persons=[{"id_no": number(5), "name": "别人"}])
    assert (known.status_code, known.json()) == (404, unknown.json())
