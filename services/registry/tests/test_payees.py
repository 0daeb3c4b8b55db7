"""Who is paid: a mandate of two people per project and day, in bulk for rooms; evidence stays sealed."""

import base64

import pytest

from contracts.registry import Basis, PayeeChanged
from kit.auth import Actor, Role
from kit.testing import RoomHarness, official, only
from services.registry.tests.conftest import TOWNSHIP, number
from services.registry.tests.test_households import (
    BASE,
    CHECKER,
    COUNTY,
    MAKER,
    change,
    checked,
    payee,
    people,
    propose,
    resolve,
)

FILE = "监护证明：陶砚秋".encode()


@pytest.mark.parametrize(
    ("checker", "status"),
    [
        (official(Role.TOWNSHIP_REVIEWER, "539901102"), 404),
        (official(Role.COUNTY_REVIEWER, "539902"), 404),
        (official(Role.TOWNSHIP_REVIEWER, TOWNSHIP, sub=MAKER.sub), 403),
        (MAKER, 403),
        (COUNTY, 200),
    ],
)
async def test_a_payee_changes_by_another_official_of_the_region(
    registry: RoomHarness, checker: Actor, status: int
) -> None:
    child, guardian = await people(registry, 1, 2)
    answer = await change(
        registry, checker, kind="payee", subject_id=child, person_ids=[guardian], basis="guardian",
        valid_from="2023-05-01",
    )  # fmt: skip
    assert answer.status_code == status
    stated = only(await registry.emitted(), PayeeChanged)
    assert len(stated) == (status == 200)
    if stated:
        assert (stated[0].subject_id, stated[0].payee_id, stated[0].rev) == (child, guardian, 1)
    assert await checked(registry, (child, guardian), (child, child)) == [status == 200, status != 200]


async def test_who_may_receive_depends_on_project_and_day(registry: RoomHarness) -> None:
    one, agent, guardian = await people(registry, 1, 2, 3)
    await change(
        registry,
        kind="payee",
        subject_id=one,
        person_ids=[guardian],
        basis="guardian",
        valid_from="2023-01-01",
    )
    await change(
        registry, kind="payee", subject_id=one, person_ids=[agent], basis="authorised", project="11810",
        valid_from="2023-05-01", valid_to="2023-05-31",
    )  # fmt: skip
    assert [one.rev for one in only(await registry.emitted(), PayeeChanged)] == [1, 1]
    assert (await payee(registry, one, "?project=11810&on=2023-05-31"))["payee_id"] == agent
    assert (await payee(registry, one, "?project=11810&on=2023-06-01"))["payee_id"] == guardian
    assert (await payee(registry, one, "?project=10001&on=2023-05-31"))["payee_id"] == guardian
    assert (await payee(registry, one, "?on=2022-12-31"))["basis"] == "self"
    assert await checked(registry, (one, agent), (one, guardian), (one, one)) == [True, False, False]
    assert await checked(registry, (one, agent), (one, guardian), on="2023-07-01") == [False, True]
    back = await change(registry, kind="payee", subject_id=one, basis="self", valid_from="2023-08-01")
    assert back.status_code == 200
    assert (await payee(registry, one, "?on=2023-08-01"))["payee_id"] == one


async def test_a_head_named_as_payee_is_followed_by_the_next_head(registry: RoomHarness) -> None:
    a, b, c = await people(registry, 1, 2, 3)
    [home] = await resolve(registry, (a, [b, c]))
    subject = home["subject_id"]
    await change(registry, kind="payee", subject_id=subject, basis="household_head", valid_from="2023-05-01")
    assert await checked(registry, (subject, a)) == [True]
    await registry.emitted()
    await change(registry, kind="head", subject_id=subject, person_ids=[b], effective_on="2023-05-05")
    [stated] = only(await registry.emitted(), PayeeChanged)
    assert (stated.payee_id, stated.basis, stated.rev) == (b, Basis.HOUSEHOLD_HEAD, 2)
    assert await checked(registry, (subject, a), (subject, b)) == [False, True]


async def test_the_guardian_may_be_typed_and_the_evidence_is_sealed(registry: RoomHarness) -> None:
    [child] = await people(registry, 1)
    evidence = {"content": base64.b64encode(FILE).decode()}
    made = await propose(
        registry, kind="payee", subject_id=child, basis="guardian", valid_from="2023-05-01", evidence=evidence,
        persons=[{"id_no": number(7), "name": "监护人"}],
    )  # fmt: skip
    assert made.status_code == 201, made.text
    assert number(7) not in made.text and "监护人" not in made.text
    path = f"{BASE}/changes/{made.json()['change_id']}/evidence"
    async with registry.room.tx() as tx:
        sealed = await tx.fetchval("SELECT evidence FROM change")
    assert FILE not in sealed and len(sealed) > len(FILE)
    for actor, status in ((CHECKER, 200), (official(Role.TOWNSHIP_REVIEWER, "539901102"), 404)):
        async with registry.client(actor) as client:
            answer = await client.get(path)
        assert answer.status_code == status and (answer.content == FILE) == (status == 200)
    bad = await propose(
        registry, kind="payee", subject_id=child, basis="guardian", valid_from="2023-05-01",
        persons=[{"id_no": "12345", "name": "监护人"}],
    )  # fmt: skip
    assert (bad.status_code, bad.json()["code"]) == (422, "id_wrong_length")


async def test_thousands_of_pairs_in_one_call(registry: RoomHarness) -> None:
    serials = list(range(1, 801))
    found = await people(registry, *serials)
    pairs = [(one, one) for one in found] * 6
    answers = await checked(registry, *pairs[:4800])
    assert len(answers) == 4800 and all(answers)
