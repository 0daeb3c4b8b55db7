"""A year of trouble: money that comes back, results that lie by account, and the day's statement."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulators.bank.app import create_app
from simulators.bank.tests.test_bank import credits, e2e, line, open_world, payment_file, results, send
from simulators.common import Settings
from simulators.tests.process import in_thread


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with in_thread(create_app(Settings("127.0.0.1", 0, tmp_path, 7, "development"))) as client:
        open_world(client)
        yield client


def account(n: int) -> str:
    return f"6230{n:012d}"


def statement(client: httpx.Client, day: str, payer: str = "PAYER01") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/v1/statements", params={"account": payer, "day": day}).json()[
        "entries"
    ]
    return found


def test_the_day_shows_payments_returns_and_what_others_sent(client: httpx.Client) -> None:
    trouble = [{"account": account(11), "kind": "return", "days": 2, "code": "F03"}]
    assert client.post("/v1/trouble", json=trouble).json() == {"accounts": 1}
    send(client, "F-1", payment_file(line(10), line(11), line(12, account="999")))
    day = statement(client, "2023-05-31")
    assert [(one["direction"], one["kind"], one["amount_fen"]) for one in day] == [
        ("debit", "payment", 5000)
    ] * 2
    assert {one["bank_ref"] for one in day} == {row[5] for row in results(client, "F-1")[1] if row[5]}
    assert statement(client, "2023-06-01") == [] and statement(client, "2023-05-31", "OTHER") == []
    (back,) = statement(client, "2023-06-02")
    assert (back["kind"], back["end_to_end_id"], back["code"]) == ("return", e2e(11), "F03")
    repaid = {"account": "PAYER01", "day": "2023-06-02", "amount_fen": 1200, "reference": "N-1"}
    ref = client.post("/v1/movements", json=repaid).json()["bank_ref"]
    found = {one["bank_ref"]: one for one in statement(client, "2023-06-02")}
    assert (found[ref]["kind"], found[ref]["reference"], found[ref]["amount_fen"]) == (
        "repayment",
        "N-1",
        1200,
    )


def test_a_statement_may_be_late(client: httpx.Client) -> None:
    send(client, "F-1", payment_file(line(10)))
    client.post("/v1/behaviour", json={"no_statement": 1})
    asked = {"account": "PAYER01", "day": "2023-05-31"}
    answer = client.get("/v1/statements", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_statement")
    assert len(statement(client, "2023-05-31")) == 1


def test_a_payment_comes_back_once_and_may_be_paid_again(client: httpx.Client) -> None:
    send(client, "F-1", payment_file(line(10)))
    body = {"end_to_end_id": e2e(10), "day": "2023-06-05"}
    assert client.post("/v1/returns", json=body).status_code == 200
    assert client.post("/v1/returns", json=body).json()["code"] == "returned_before"
    assert client.post("/v1/returns", json=body | {"end_to_end_id": e2e(99)}).status_code == 404
    send(client, "F-2", payment_file(line(10, attempt=2)))
    summary = client.get("/v1/book/summary").json()
    assert (summary["payments_credited_twice"], summary["returns"], summary["credits"]) == (0, 1, 2)


def test_trouble_of_single_accounts(client: httpx.Client) -> None:
    kinds = {11: "reject", 12: "unknown", 13: "missing", 14: "contradict"}
    client.post("/v1/trouble", json=[{"account": account(n), "kind": kind} for n, kind in kinds.items()])
    send(client, "F-1", payment_file(*(line(n, seq=n - 9) for n in range(10, 15))))
    told = {row[1]: (row[2], row[3]) for row in results(client, "F-1")[1]}
    assert told == {
        e2e(10): ("success", ""),
        e2e(11): ("failed", "F03"),
        e2e(12): ("unknown", "F99"),
        e2e(14): ("success", ""),
    }
    assert [row[1:4] for row in results(client, "F-1", 2)[1]] == [[e2e(14), "failed", "F04"]]
    assert {one["payment_id"] for one in credits(client)} == {e2e(n)[:32] for n in (10, 12, 13, 14)}
    client.post("/v1/trouble", json=[{"account": account(11), "kind": "none"}])
    send(client, "F-2", payment_file(line(11, attempt=2)))
    assert results(client, "F-2")[1][0][2] == "success"


def test_half_a_result_then_all_of_it_and_a_result_that_takes_everything_back(client: httpx.Client) -> None:
    send(client, "F-1", payment_file(*(line(n, seq=n - 9) for n in range(10, 14))))
    client.post("/v1/behaviour", json={"result": "partial", "result_times": 1})
    head, rows = results(client, "F-1")
    assert (head[2], len(rows)) == ("2", 2)
    assert len(results(client, "F-1")[1]) == 4
    client.post("/v1/behaviour", json={"result": "contradictory", "result_times": 1})
    assert {row[2] for row in results(client, "F-1")[1]} == {"success"}
    assert {row[2] for row in results(client, "F-1", 2)[1]} == {"failed"}
    assert len(credits(client)) == 4


def test_a_file_refused_whole_is_not_booked_and_may_come_again(client: httpx.Client) -> None:
    client.post("/v1/behaviour", json={"refuse_whole": 1})
    refused = send(client, "F-1", payment_file(line(10)))
    assert (refused.status_code, refused.json()["code"]) == (422, "file_refused")
    assert client.get("/v1/files/F-1").status_code == 404 and credits(client) == []
    assert send(client, "F-1", payment_file(line(10), line(11))).status_code == 200
