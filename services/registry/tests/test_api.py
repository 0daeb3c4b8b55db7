"""The doors: which room may call what, what officials of a region see, and that every look is logged."""

import hmac
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from contracts.registry import Purpose
from kit.auth import Actor, Role
from kit.testing import RoomHarness, citizen, official, service
from services.registry.domain import ALLOWED_ROOMS, RoomOperation, digest_of
from services.registry.tests.conftest import TOWNSHIP, number, person

OTHER_TOWNSHIP = "539901102"
ROOMS = ["application", "batch", "verification", "card_matching", "publicity", "grievance", "payment"]
ROOMS += ["orchestrator", "portal", "registry", "exchange"]
CALLS: dict[RoomOperation, tuple[str, dict[str, Any]]] = {
    RoomOperation.RESOLVE: ("persons:resolve", {"persons": []}),
    RoomOperation.PROFILES: ("subjects:profiles", {"purpose": "verification", "subject_ids": []}),
    RoomOperation.IDENTITIES: ("subjects:identities", {"purpose": "card_matching", "subject_ids": []}),
    RoomOperation.NAMES: ("subjects:names", {"purpose": "posted_notice", "subject_ids": []}),
    RoomOperation.READ_ACCOUNTS: ("subjects:accounts", {"purpose": "bank_file", "subject_ids": []}),
    RoomOperation.PUT_ACCOUNTS: ("accounts:put", {"accounts": []}),
    RoomOperation.BLIND_INDEXES: ("blind-indexes", {"id_nos": []}),
    RoomOperation.TOKENS: ("subjects:tokens", {"agency": "civil", "subject_ids": []}),
    RoomOperation.HOUSEHOLDS: ("households:resolve", {"households": []}),
    RoomOperation.CHECK_PAYEES: ("payees:check", {"project": "11810", "on": "2023-05-01", "pairs": []}),
}


async def post(registry: RoomHarness, actor: Actor | None, path: str, body: dict[str, Any]) -> Any:
    async with registry.client(actor) as client:
        return await client.post(path, json=body)


async def known(registry: RoomHarness, serial: int = 1, township: str = TOWNSHIP) -> str:
    body = {"persons": [person(serial, township=township).model_dump()]}
    answer = await post(registry, service("batch"), "/internal/v1/persons:resolve", body)
    assert answer.status_code == 200
    return str(answer.json()["persons"][0]["subject_id"])


async def audit(registry: RoomHarness) -> list[tuple[str, str, dict[str, Any]]]:
    async with registry.room.tx() as tx:
        rows = await tx.fetch("SELECT action, actor, detail FROM audit ORDER BY seq")
    return [(row["action"], row["actor"], row["detail"]) for row in rows]


@pytest.mark.parametrize("operation", list(RoomOperation))
async def test_each_operation_is_for_its_rooms_alone(registry: RoomHarness, operation: RoomOperation) -> None:
    path, body = CALLS[operation]
    for room in ROOMS:
        answer = await post(registry, service(room), f"/internal/v1/{path}", body)
        assert answer.status_code == (200 if room in ALLOWED_ROOMS[operation] else 403), room
    boss = official(Role.COUNTY_REVIEWER, "539901")
    for actor, status in ((boss, 403), (citizen("s"), 403), (None, 401)):
        assert (await post(registry, actor, f"/internal/v1/{path}", body)).status_code == status


async def test_a_bulk_read_is_one_audit_row_without_persons(registry: RoomHarness) -> None:
    subjects = [await known(registry, serial) for serial in (1, 2)]
    before = len(await audit(registry))
    asked = {"purpose": "card_matching", "subject_ids": [*subjects, "nobody"]}
    answer = await post(registry, service("card_matching"), "/internal/v1/subjects:identities", asked)
    assert [one["id_no"] for one in answer.json()["identities"]] == [number(1), number(2)]
    rows = (await audit(registry))[before:]
    assert rows == [
        (
            "registry.read_identities",
            "room:card_matching",
            {"purpose": "card_matching", "asked": 3, "count": 2, "of": digest_of([*subjects, "nobody"])},
        )
    ]


async def test_blind_indexes_come_in_order_and_store_nothing(registry: RoomHarness) -> None:
    subject_id = await known(registry)
    body = {"id_nos": [number(1), "bad", number(1).lower(), number(5)]}
    answer = await post(registry, service("verification"), "/internal/v1/blind-indexes", body)
    first, bad, same, other = answer.json()["blind_indexes"]
    assert bad is None and first == same and other not in {None, first}
    asked = {"purpose": "verification", "subject_ids": [subject_id]}
    answer = await post(registry, service("verification"), "/internal/v1/subjects:profiles", asked)
    assert answer.json()["profiles"][0]["blind_index"] == first
    async with registry.room.tx() as tx:
        assert await tx.fetchval("SELECT count(*) FROM subject") == 1


async def test_an_agency_makes_the_same_token_with_stock_code(
    registry: RoomHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAOHU_CRYPTO", "international")  # stock code knows SHA-256
    subject_id = await known(registry)
    asked: dict[str, Any] = {"agency": "civil", "subject_ids": [subject_id, "nobody"]}
    answer = await post(registry, service("exchange"), "/internal/v1/subjects:tokens", asked)
    key_file = Path(registry.room.settings.key_dir) / "tokencivil1.key"
    key = HKDF(SHA256(), 32, None, b"daohu|hmac-sha256").derive(bytes.fromhex(key_file.read_text()))
    own = hmac.new(key, f"id_no|{number(1)}".encode(), "sha256").hexdigest()
    assert answer.json()["tokens"] == [{"subject_id": subject_id, "token": f"hmac-sha256:tokencivil1:{own}"}]
    other = await post(
        registry, service("exchange"), "/internal/v1/subjects:tokens", asked | {"agency": "banks"}
    )
    assert own not in other.text
    wrong = await post(
        registry, service("exchange"), "/internal/v1/subjects:tokens", asked | {"agency": "../x"}
    )
    assert wrong.status_code == 409
    assert number(1) not in str(await audit(registry))


async def test_more_than_the_limit_is_refused(registry: RoomHarness) -> None:
    body = {"id_nos": ["x"] * 5001}
    answer = await post(registry, service("verification"), "/internal/v1/blind-indexes", body)
    assert answer.status_code == 413 and answer.json()["type"] == "urn:daohu:problem:too-large"


@pytest.mark.parametrize(
    ("actor", "status"),
    [
        (official(Role.TOWNSHIP_HANDLER, TOWNSHIP), 200),
        (official(Role.COUNTY_REVIEWER, "539901"), 200),
        (official(Role.TOWNSHIP_HANDLER, OTHER_TOWNSHIP), 404),
        (official(Role.COUNTY_REVIEWER, "539902"), 404),
        (official(Role.TOWNSHIP_HANDLER, "539901101201"), 404),
        (official(Role.OPERATOR, "5399"), 403),
        (citizen("somebody"), 403),
        (service("batch"), 403),
        (None, 401),
    ],
)
async def test_who_may_look(registry: RoomHarness, actor: Actor | None, status: int) -> None:
    subject_id = await known(registry)
    before = len(await audit(registry))
    async with registry.client(actor) as client:
        looked = await client.get(f"/api/registry/v1/persons/{subject_id}")
        revealed = await client.post(
            f"/api/registry/v1/persons/{subject_id}:reveal", json={"purpose": "official_review"}
        )
        nobody = await client.get("/api/registry/v1/persons/nobody")
    assert (looked.status_code, revealed.status_code) == (status, status)
    if status == 200 and actor is not None:
        shown = looked.json()
        assert shown["name"] == "陶砚秋" and number(1)[6:14] not in shown["id_no_masked"]
        assert revealed.json()["id_no"] == number(1)
        assert [row[:2] for row in (await audit(registry))[before:]] == [
            ("registry.look_at_person", actor.sub),
            ("registry.reveal_number", actor.sub),
        ]
    else:
        assert number(1) not in looked.text + revealed.text
        assert len(await audit(registry)) == before
    if status == 404:
        assert nobody.json() == looked.json()


async def test_a_person_known_in_two_townships_is_seen_from_both(registry: RoomHarness) -> None:
    subject_id = await known(registry)
    assert await known(registry, township=OTHER_TOWNSHIP) == subject_id
    for township in (TOWNSHIP, OTHER_TOWNSHIP):
        async with registry.client(official(Role.TOWNSHIP_REVIEWER, township)) as client:
            assert (await client.get(f"/api/registry/v1/persons/{subject_id}")).status_code == 200


async def test_a_reveal_needs_a_purpose_that_can_be_counted(registry: RoomHarness) -> None:
    subject_id = await known(registry)
    actor = official(Role.TOWNSHIP_HANDLER, TOWNSHIP)
    for body in ({}, {"purpose": "因为"}, {"purpose": Purpose.OFFICIAL_REVIEW.value, "note": "x"}):
        answer = await post(registry, actor, f"/api/registry/v1/persons/{subject_id}:reveal", body)
        assert answer.status_code == 422
