"""The agency's answers, its lies, and that its book outlives it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from simulators.agency.app import create_app
from simulators.agency.schedule import SEEDED, Schedule, steps_of
from simulators.common import Settings
from simulators.tests.process import free_port, in_thread, running


def card(n: int, **changes: Any) -> dict[str, Any]:
    """An invented card; number and name follow from `n`."""
    return {
        "id_no": f"5326991950010{n:05d}",
        "name": f"云某{n}",
        "ssc_no": f"Y{n:08d}",
        "card_status": "normal",
        "financial_function": "active",
        "bank_code": "402999900018",
        "account_no": f"623000000000{n:07d}",
        "account_name": f"云某{n}",
    } | changes


def ask(*numbers: int) -> list[dict[str, str]]:
    """Persons as a caller names them."""
    return [{"ref": f"r{n}", "id_no": card(n)["id_no"], "name": f"云某{n}"} for n in numbers]


WORLD = [
    card(1),
    card(2, card_status="lost"),
    card(3, financial_function="inactive"),
    card(4, account_name="他人"),
    card(5, name="改名"),
    card(6, financial_function="abnormal"),
    *(card(n) for n in range(10, 210)),
]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with in_thread(create_app(Settings("127.0.0.1", 0, tmp_path, 7, "development"))) as client:
        client.post("/v1/behaviour", json={"processing_rate": 0})
        loaded = client.post("/v1/world", content=b"\n".join(map(orjson.dumps, WORLD)))
        assert loaded.json() == {"loaded": len(WORLD)}
        yield client


def match(client: httpx.Client, request_id: str, *numbers: int) -> Any:
    return client.post("/v1/cards:match", json={"request_id": request_id, "persons": ask(*numbers)})


def test_each_kind_of_card_gets_its_reason(client: httpx.Client) -> None:
    results = match(client, "a", 1, 2, 3, 4, 5, 6, 7).json()["results"]
    assert [(one["ref"], one["status"], one["reason"]) for one in results] == [
        ("r1", "normal", None),
        ("r2", "abnormal", "card_lost"),
        ("r3", "abnormal", "function_inactive"),
        ("r4", "abnormal", "account_name_differs"),
        ("r5", "abnormal", "name_mismatch"),
        ("r6", "abnormal", "account_abnormal"),
        ("r7", "not_found", "not_found"),
    ]
    assert results[0]["account_no"] == card(1)["account_no"]
    assert results[4]["account_no"] is None, "a number with a wrong name must not reveal an account"


def test_the_same_request_id_gets_the_same_answer_even_after_the_world_changed(client: httpx.Client) -> None:
    first = match(client, "same", 1).content
    client.post("/v1/world", content=orjson.dumps(card(1, card_status="cancelled")))
    assert match(client, "same", 1).content == first
    assert match(client, "new", 1).json()["results"][0]["reason"] == "card_cancelled"
    assert match(client, "same", 2).status_code == 409


def test_a_card_is_lost_from_a_day_on_and_replaced_later(client: httpx.Client) -> None:
    planned = [
        {"id_no": card(1)["id_no"], "from": "2023-06-10", "card_status": "lost"},
        {"id_no": card(1)["id_no"], "from": "2023-07-05", "card_status": "normal", "account_no": "62300009"},
    ]
    body = b"\n".join(map(orjson.dumps, planned))
    assert client.post("/v1/world", content=body).json() == {"loaded": 2}

    def on(day: str) -> tuple[str, str | None, str]:
        client.post("/v1/day", json={"day": day}).raise_for_status()
        [one] = match(client, f"day-{day}", 1).json()["results"]
        return one["status"], one["reason"], one["account_no"]

    first = card(1)["account_no"]
    assert match(client, "no day set", 1).json()["results"][0]["status"] == "normal"
    assert on("2023-06-09") == ("normal", None, first)
    assert on("2023-06-10") == ("abnormal", "card_lost", first)
    assert on("2023-07-05") == ("normal", None, "62300009")
    bad = {"id_no": card(1)["id_no"], "from": "soon", "card_status": "lost"}
    assert client.post("/v1/world", content=orjson.dumps(bad)).json()["code"] == "bad_world"


def test_processing_settles_after_the_set_number_of_queries(client: httpx.Client) -> None:
    client.post("/v1/behaviour", json={"processing_rate": 1, "processing_queries": 2})

    def query() -> str:
        body = {"persons": ask(1)}
        return str(client.post("/v1/cards:query", json=body).json()["results"][0]["status"])

    assert match(client, "p", 1).json()["results"][0]["status"] == "processing"
    assert [query(), query(), query()] == ["processing", "normal", "normal"]


def test_the_share_in_processing_is_the_same_for_the_same_seed(client: httpx.Client) -> None:
    client.post("/v1/behaviour", json={"processing_rate": 0.2, "processing_queries": 1})
    results = match(client, "s", *range(10, 210)).json()["results"]
    assert 20 <= sum(one["status"] == "processing" for one in results) <= 60


def test_every_lie_refusal_and_then_the_truth(client: httpx.Client) -> None:
    kinds = ["refuse_503", "refuse_429", "wrong_ref", "missing", "other_name", "malformed", "slow"]
    steps = [{"call": n, "kind": kind, "ms": 1} for n, kind in enumerate(kinds, start=1)]
    client.post("/v1/schedule", json={"steps": steps})
    answers = [match(client, "lie", 1, 10) for _ in range(len(kinds) + 1)]
    assert answers[0].status_code == 503 and answers[0].json()["code"] == "unavailable"
    assert answers[1].status_code == 429 and answers[1].headers["retry-after"] == "1"
    assert [one["ref"] for one in answers[2].json()["results"]] == ["00000000-wrong-ref", "r10"]
    assert [one["ref"] for one in answers[3].json()["results"]] == ["r1"]
    assert answers[4].json()["results"][0]["account_name"] == "某不相干人"
    with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
        answers[5].json()
    assert [one["status"] for one in answers[7].json()["results"]] == ["normal", "normal"]
    journal = client.get("/v1/journal").json()["calls"]
    assert [one["behaviour"] for one in journal] == [*kinds, "none"]
    assert "云某" not in client.get("/v1/journal").text


def test_a_seeded_day_shows_every_kind_and_recovers() -> None:
    steps = steps_of(Schedule(seed=3, calls=30, rate=0.4))
    assert steps == steps_of(Schedule(seed=3, calls=30, rate=0.4))
    assert {step.kind for step in steps} == set(SEEDED)
    assert max(step.call for step in steps) <= 30
    assert steps != steps_of(Schedule(seed=4, calls=30, rate=0.4))


def test_bad_calls_are_refused_without_repeating_the_input(client: httpx.Client) -> None:
    many = client.post("/v1/cards:match", json={"request_id": "x", "persons": ask(1) * 1001})
    assert many.status_code == 422
    wrong = client.post(
        "/v1/cards:match", json={"request_id": "x", "persons": [{"id_no": "秘密", "name": 5}]}
    )
    assert wrong.status_code == 422 and "秘密" not in wrong.text
    assert client.post("/v1/world", content=b"not json").status_code == 422
    assert client.post("/v1/world", content=b'{"id_no": "1"}').json()["code"] == "bad_world"


def test_outside_development_nobody_may_set_the_world(tmp_path: Path) -> None:
    with in_thread(create_app(Settings("127.0.0.1", 0, tmp_path, 7, "production"))) as client:
        assert client.post("/v1/world", content=b"").status_code == 404
        assert client.post("/v1/schedule", json={}).status_code == 404
        assert client.post("/v1/day", json={"day": "2023-06-01"}).status_code == 404


def test_the_book_survives_a_kill(tmp_path: Path) -> None:
    port = free_port()
    with running("simulators.agency.app", tmp_path, port) as (client, process):
        client.post("/v1/world", content=b"\n".join(map(orjson.dumps, WORLD)))
        body = {"request_id": "kill", "persons": ask(1, 2)}
        first = client.post("/v1/cards:match", json=body).content
        process.kill()
    with running("simulators.agency.app", tmp_path, port) as (client, _):
        assert client.post("/v1/cards:match", json=body).content == first
        assert client.get("/v1/book").json()["people"] == len(WORLD)
