"""Submitting through the API with a real registry: what is stored, and every refusal with its type."""

import asyncio
from typing import Any

import pytest

from contracts.application import ApplicationListed, ApplicationSubmitted, ListApplication, RefuseApplication
from kit import crypto
from kit.auth import Actor, Role
from kit.testing import RoomHarness, citizen, official, only, service
from services.application.domain import consent_digest, signature_digest
from services.application.tests.conftest import (
    HELPER,
    OTHER_TOWNSHIP,
    PROJECT,
    TOWNSHIP,
    Registry,
    count,
    number,
    submit,
)


def slug(answer: Any) -> str:
    return str(answer.json()["type"]).removeprefix("urn:daohu:problem:")


async def test_a_good_application_is_stored_with_its_consent_and_announced(desk: RoomHarness) -> None:
    answer = await submit(desk, form={"living": "alone", "remark": "行动不便"})
    assert answer.status_code == 201
    receipt = answer.json()
    [submitted] = only(await desk.emitted(), ApplicationSubmitted)
    assert submitted.application_id == receipt["application_id"]
    assert (submitted.project, submitted.township, submitted.village) == (PROJECT, TOWNSHIP, "絮樵村")
    assert submitted.channel == "helper" and receipt["receipt"].startswith(f"{PROJECT}-")
    async with desk.room.tx() as tx:
        row = await tx.fetchrow("SELECT * FROM application")
        consent = await tx.fetchrow("SELECT * FROM consent")
    assert row is not None and consent is not None
    assert (row["state"], row["live"], row["county"], row["project_version"]) == (
        "submitted",
        True,
        "539901",
        "v1",
    )
    assert row["form"] == {"living": "alone", "remark": "行动不便"}
    assert (consent["version"], consent["text_digest"]) == ("1", consent_digest("1", crypto.digest))
    assert consent["signature_digest"] == signature_digest(
        row["application_id"], consent["text_digest"], "陶砚秋", crypto.digest
    )


async def test_a_category_may_be_given_by_its_name(desk: RoomHarness) -> None:
    assert (await submit(desk, category="特困")).status_code == 201
    [submitted] = only(await desk.emitted(), ApplicationSubmitted)
    assert submitted.category == "destitute"


async def test_the_wording_to_sign_is_public(desk: RoomHarness) -> None:
    async with desk.client() as client:
        shown = (await client.get("/api/application/v1/consent")).json()
    assert shown["digest"] == consent_digest(shown["version"], crypto.digest) and "公示" in shown["text"]


@pytest.mark.parametrize(
    ("changes", "status", "type_"),
    [
        ({"project": "99999"}, 404, "unknown-project"),
        ({"township": "539909101"}, 422, "unknown-township"),
        ({"township": "539901"}, 422, "unknown-township"),
        ({"township": "乡"}, 422, "unknown-township"),
        ({"village": "539901102201"}, 422, "unknown-village"),
        ({"village": "539901101999"}, 422, "unknown-village"),
        ({"category": "最低"}, 422, "unknown-category"),
        ({"consent": {"version": "0", "signature": "x"}}, 422, "unknown-consent"),
        ({"consent": {"version": "1", "signature": " "}}, 422, "invalid-request"),
        ({"phone": "123"}, 422, "invalid-request"),
        ({"surprise": 1}, 422, "invalid-request"),
        ({"form": {}}, 422, "invalid-form"),
        ({"form": {"living": "palace"}}, 422, "invalid-form"),
        ({"form": {"living": "alone", "more": 1}}, 422, "invalid-form"),
        ({"form": {"living": "alone", "remark": f"配偶{number(7)}"}}, 422, "personal-data-in-form"),
        ({"form": {"living": "alone", "remark": "电话１５４００００００１２"}}, 422, "personal-data-in-form"),
        ({"village": f"絮樵村 {number(7)}"}, 422, "personal-data-in-form"),
        ({"name": ""}, 422, "person-refused"),
        ({"id_no": number(1)[:17] + "?"}, 422, "person-refused"),
    ],
)
async def test_refusals_are_typed_and_change_nothing(
    desk: RoomHarness, changes: dict[str, Any], status: int, type_: str
) -> None:
    answer = await submit(desk, **changes)
    assert (answer.status_code, slug(answer)) == (status, type_)
    assert answer.headers["content-type"] == "application/problem+json"
    assert number(1) not in answer.text and number(7) not in answer.text and "陶砚秋" not in answer.text
    for table in ("application", "consent", "submission", "outbox", "audit"):
        assert await count(desk, table) == 0, table


@pytest.mark.parametrize(
    ("id_no", "code", "words"),
    [
        (number(1)[:17] + ("1" if number(1)[17] != "1" else "2"), "id_wrong_check_digit", "校验码错误"),
        ("".join(chr(ord(one) + 0xFEE0) for one in number(1)), "id_full_width", "全角"),
        ("539801195002300014", "id_impossible_date", "出生日期不存在"),
        ("1234", "id_wrong_length", "18位"),
        ("", "id_empty", "为空"),
    ],
)
async def test_bad_numbers_are_refused_in_words(desk: RoomHarness, id_no: str, code: str, words: str) -> None:
    answer = await submit(desk, id_no=id_no)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, code) and words in body["detail"]
    assert not id_no or id_no not in answer.text
    assert await count(desk, "application") == 0


async def test_two_spellings_are_one_applicant(desk: RoomHarness) -> None:
    x = next(serial for serial in range(900) if number(serial).endswith("X"))
    assert (await submit(desk, serial=x, id_no=number(x).lower())).json()["notices"] == ["lower_case_x"]
    answer = await submit(desk, serial=x)
    assert (answer.status_code, slug(answer)) == (409, "duplicate-application")
    old = await submit(desk, id_no="532699430512002")
    assert old.status_code == 201 and old.json()["notices"] == ["normalised_15"]
    assert (await submit(desk, id_no="532699194305120029")).status_code == 409


async def test_two_identical_submissions_at_once(desk: RoomHarness) -> None:
    answers = await asyncio.gather(*[submit(desk) for _ in range(2)])
    assert sorted(one.status_code for one in answers) == [201, 409]
    [refused] = [one for one in answers if one.status_code == 409]
    assert refused.json()["title"].startswith("重复申领同一项目") and refused.json()["rule"] == "R05"
    assert len(only(await desk.emitted(), ApplicationSubmitted)) == 1
    assert await count(desk, "application") == await count(desk, "consent") == 1


async def test_the_same_key_gives_the_same_answer_also_at_once(desk: RoomHarness) -> None:
    answers = await asyncio.gather(*[submit(desk, key="k1") for _ in range(4)])
    answers.append(await submit(desk, key="k1"))
    assert {one.status_code for one in answers} == {201}
    assert len({one.json()["application_id"] for one in answers}) == 1
    assert [one.headers.get("Idempotency-Replayed") for one in answers].count("true") == 4
    assert len(only(await desk.emitted(), ApplicationSubmitted)) == 1


async def test_a_key_is_for_one_request_of_one_caller(desk: RoomHarness) -> None:
    assert (await submit(desk, key="k1")).status_code == 201
    other = await submit(desk, key="k1", serial=2)
    assert (other.status_code, slug(other)) == (422, "idempotency-key-reused")
    colleague = official(Role.HELPER, TOWNSHIP, sub="helper-2")
    assert (await submit(desk, colleague, key="k1", serial=3)).status_code == 201
    assert await count(desk, "application") == 2


async def test_a_refused_applicant_may_apply_again(desk: RoomHarness) -> None:
    first = (await submit(desk)).json()["application_id"]
    assert (await submit(desk)).status_code == 409
    await desk.deliver(RefuseApplication(application_id=first, reasons=["R03"]))
    assert (await submit(desk)).status_code == 201


async def test_a_listed_application_still_stands_in_the_way(desk: RoomHarness) -> None:
    first = (await submit(desk)).json()["application_id"]
    await desk.emitted()
    sent = await desk.deliver(ListApplication(application_id=first))
    assert [one.application_id for one in only(sent, ApplicationListed)] == [first]
    assert (await submit(desk)).status_code == 409


@pytest.mark.parametrize("outage", ["down", "broken"])
async def test_without_the_registry_nothing_is_stored(
    desk: RoomHarness, registry: Registry, outage: str
) -> None:
    registry.down, registry.status = outage == "down", 500 if outage == "broken" else None
    answer = await submit(desk, key="k1")
    assert (answer.status_code, slug(answer)) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    for table in ("application", "consent", "submission", "outbox", "audit"):
        assert await count(desk, table) == 0, table
    registry.down, registry.status = False, None
    assert (await submit(desk, key="k1")).status_code == 201


async def test_a_form_in_error_never_asks_the_registry(desk: RoomHarness, registry: Registry) -> None:
    await submit(desk, form={})
    await submit(desk, township=OTHER_TOWNSHIP)
    assert registry.calls == 0


@pytest.mark.parametrize(
    ("actor", "status"),
    [
        (HELPER, 201),
        (official(Role.HELPER, "539901"), 201),
        (official(Role.TOWNSHIP_HANDLER, TOWNSHIP), 201),
        (official(Role.HELPER, OTHER_TOWNSHIP), 403),
        (official(Role.HELPER, "539902"), 403),
        (official(Role.HELPER, TOWNSHIP, projects=frozenset({"10001"})), 403),
        (official(Role.TOWNSHIP_REVIEWER, TOWNSHIP), 403),
        (official(Role.COUNTY_HANDLER, "539901"), 403),
    ],
)
async def test_officials_take_applications_of_their_region_and_projects(
    desk: RoomHarness, actor: Actor, status: int
) -> None:
    answer = await submit(desk, actor)
    assert answer.status_code == status
    assert await count(desk, "application") == (1 if status == 201 else 0)


async def test_a_village_helper_takes_their_village_only(desk: RoomHarness) -> None:
    helper = official(Role.HELPER, "539901101201")
    assert (await submit(desk, helper, village="539901101202")).status_code == 403
    assert (await submit(desk, helper, village="絮樵村")).status_code == 403
    assert (await submit(desk, helper, village="539901101201")).status_code == 201


async def test_nobody_submits_without_a_token(desk: RoomHarness) -> None:
    async with desk.client() as client:
        assert (await client.post("/api/application/v1/applications", json={})).status_code == 401


async def test_a_citizen_applies_for_themselves_and_learns_of_nobody_else(
    desk: RoomHarness, registry: Registry
) -> None:
    await submit(desk, serial=2)  # a neighbour whom the registry knows
    async with registry.harness.room.tx() as tx:
        before = await tx.fetchval("SELECT count(*) FROM subject")
    mine = await _register(registry, 1)
    guesses: list[dict[str, Any]] = [{"serial": 2}, {"serial": 2, "name": "猜错名"}, {"serial": 3}]
    answers = [await submit(desk, citizen(mine), **guess) for guess in guesses]
    assert {one.status_code for one in answers} == {403} and len({one.text for one in answers}) == 1
    async with registry.harness.room.tx() as tx:
        assert await tx.fetchval("SELECT count(*) FROM subject") == before + 1
    answer = await submit(desk, citizen(mine))
    assert answer.status_code == 201
    [submitted] = only(await desk.emitted(), ApplicationSubmitted)[1:]
    assert (submitted.channel, submitted.subject_id) == ("mini_program", mine)


async def _register(registry: Registry, serial: int) -> str:
    body = {"persons": [{"ref": "1", "id_no": number(serial), "name": "陶砚秋"}]}
    async with registry.harness.client(service("portal")) as client:
        answer = await client.post("/internal/v1/persons:resolve", json=body)
    return str(answer.json()["persons"][0]["subject_id"])


async def test_canary_no_persons_data_in_the_database(desk: RoomHarness) -> None:
    signature = "签字人陶砚秋"
    assert (await submit(desk, key="k", consent={"version": "1", "signature": signature})).status_code == 201
    planted = [number(1), "陶砚秋", "15400000001", signature]
    async with desk.room.tx() as tx:
        tables = await tx.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        searched = 0
        for table in tables:
            for row in await tx.fetch(f'SELECT t::text AS text FROM "{table["tablename"]}" AS t'):
                searched += 1
                for text in planted:
                    assert text not in row["text"], table["tablename"]
                    assert text.encode().hex() not in row["text"], table["tablename"]
    assert searched > 5
