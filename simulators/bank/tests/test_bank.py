"""The bank pays each attempt once, keeps its book through anything, and lies only as told."""

import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from simulators.bank.app import create_app
from simulators.common import Settings
from simulators.tests.process import free_port, in_thread, running

QUIET = {"fail_rate": 0, "unknown_rate": 0}
STATES = {3: "closed", 4: "frozen", 5: "inactive", 6: "lost", 7: "limited"}
ACCOUNTS = [
    {
        "account": f"6230{n:012d}",
        "name": f"岭某{n}",
        "status": STATES.get(n, "normal"),
        "bank_code": "402999900018",
    }
    for n in range(1, 301)
]


def e2e(n: int, attempt: int = 1) -> str:
    return f"{uuid.uuid5(uuid.NAMESPACE_OID, str(n)).hex}-{attempt}"


def line(n: int, seq: int | None = None, attempt: int = 1, **changes: str) -> str:
    fields = {
        "seq": str(seq or n),
        "e2e": e2e(n, attempt),
        "account": f"6230{n:012d}",
        "name": f"岭某{n}",
        "bank": "402999900018",
        "amount": "50.00",
        "memo": "老年补贴202305",
    } | changes
    return "|".join(fields.values())


def payment_file(*lines: str, total: str | None = None) -> str:
    return "\n".join([f"202305|20230531|PAYER01|{len(lines)}|{total or f'{50 * len(lines)}.00'}", *lines])


def send(client: httpx.Client, file_id: str, text: str, encoding: str = "utf-8") -> httpx.Response:
    body = text.encode(encoding)
    query = {"file_id": file_id, "sha256": hashlib.sha256(body).hexdigest(), "encoding": encoding}
    return client.post("/v1/files", params=query, content=body)


def results(client: httpx.Client, file_id: str, part: int = 1) -> tuple[list[str], list[list[str]]]:
    text = client.get(f"/v1/files/{file_id}/result", params={"part": part}).text
    head, *rows = [row.split("|") for row in text.splitlines()]
    return head, rows


def credits(client: httpx.Client) -> list[dict[str, Any]]:
    return [orjson.loads(row) for row in client.get("/v1/book").text.splitlines()]


def ask(client: httpx.Client, *ids: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.post("/v1/queries", json={"end_to_end_ids": list(ids)}).json()[
        "results"
    ]
    return found


def open_world(client: httpx.Client, **behaviour: Any) -> None:
    client.post("/v1/behaviour", json=QUIET | behaviour)
    loaded = client.post("/v1/world", content=b"\n".join(map(orjson.dumps, ACCOUNTS)))
    assert loaded.json() == {"loaded": len(ACCOUNTS)}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with in_thread(create_app(Settings("127.0.0.1", 0, tmp_path, 7, "development"))) as client:
        open_world(client)
        yield client


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_a_file_is_paid_line_by_line(client: httpx.Client, encoding: str) -> None:
    lines = [line(n) for n in range(1, 8)]
    lines += [line(8, name="别人"), line(9, bank="1"), line(10, account="999"), line(11, e2e="short")]
    receipt = send(client, "F-1", payment_file(*lines), encoding).json()
    assert (receipt["count"], receipt["total_fen"]) == (11, 55_000)
    head, rows = results(client, "F-1")
    assert head == ["202305", "20230531", "11", "2", "9", "100.00"]
    codes = ["", "", "F03", "F04", "F05", "F06", "F07", "F01", "F09", "F02", "F10"]
    assert [row[3] for row in rows] == codes
    assert rows[0][2] == "success" and rows[0][5] and rows[0][6].startswith("2023-05-31T")
    assert {one["payment_id"] for one in credits(client)} == {e2e(1)[:32], e2e(2)[:32]}


def test_the_same_file_twice_is_one_payment_and_another_content_is_refused(client: httpx.Client) -> None:
    first = send(client, "F-1", payment_file(line(1), line(2)))
    assert send(client, "F-1", payment_file(line(1), line(2))).content == first.content
    assert len(credits(client)) == 2
    other = send(client, "F-1", payment_file(line(1)))
    assert other.status_code == 409 and other.json()["code"] == "file_id_reused"
    assert client.get("/v1/files/F-1").content == first.content
    assert client.get("/v1/files/F-2").status_code == 404


def test_an_attempt_is_paid_once_and_a_second_attempt_of_a_paid_one_shows_in_the_book(
    client: httpx.Client,
) -> None:
    send(client, "F-1", payment_file(line(1), line(1, seq=2)))
    assert [row[3] for row in results(client, "F-1")[1]] == ["", "F08"]
    send(client, "F-2", payment_file(line(1), line(2)))
    assert results(client, "F-2")[1][0] == results(client, "F-1")[1][0], "the first answer, serial included"
    send(client, "F-3", payment_file(line(1, amount="60.00"), total="60.00"))
    assert results(client, "F-3")[1][0][3] == "F08"
    assert len(credits(client)) == 2
    send(client, "F-4", payment_file(line(1, attempt=2)))
    assert client.get("/v1/book/summary").json()["payments_credited_twice"] == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (payment_file(line(1), total="50.01"), "wrong_total"),
        (payment_file(line(1)).replace("|1|50.00\n", "|2|50.00\n", 1), "wrong_count"),
        (payment_file(line(1, amount="50.0")), "bad_file"),
        (payment_file(line(1, amount="-50.00")), "bad_file"),
        (payment_file(line(1), line(2, seq=1)), "bad_file"),
        (payment_file(line(1) + "|extra"), "bad_file"),
        ("", "bad_file"),
        ("a|b|c", "bad_file"),
    ],
)
def test_a_bad_file_is_refused_whole(client: httpx.Client, text: str, code: str) -> None:
    refused = send(client, "F-1", text)
    assert refused.status_code == 422 and refused.json()["code"] == code
    assert credits(client) == [] and client.get("/v1/files/F-1").status_code == 404


def test_wrong_digest_and_wrong_encoding_are_refused(client: httpx.Client) -> None:
    bad = client.post("/v1/files", params={"file_id": "F", "sha256": "0" * 64}, content=b"x")
    assert bad.json()["code"] == "wrong_digest"
    gbk = payment_file(line(1)).encode("gbk")
    query = {"file_id": "F", "sha256": hashlib.sha256(gbk).hexdigest(), "encoding": "utf-8"}
    assert client.post("/v1/files", params=query, content=gbk).json()["code"] == "bad_encoding"


def test_unknown_lines_are_settled_only_by_query(client: httpx.Client) -> None:
    client.post("/v1/behaviour", json={"unknown_rate": 1})
    numbers = range(10, 210)
    send(client, "F-1", payment_file(*(line(n, seq=n - 9) for n in numbers)))
    head, rows = results(client, "F-1")
    assert head[3:] == ["0", "0", "0.00"]
    assert {tuple(row[2:4]) + tuple(row[5:]) for row in rows} == {("unknown", "F99", "", "")}
    answers = ask(client, *(e2e(n) for n in numbers))
    paid = {one["end_to_end_id"] for one in answers if one["status"] == "PAID"}
    assert {one["status"] for one in answers} == {"PAID", "REJECTED"} and 60 < len(paid) < 140
    assert paid == {one["end_to_end_id"] for one in credits(client)}
    assert all(one["bank_serial"] and one["paid_at"] for one in answers if one["status"] == "PAID")
    assert all(one["code"] == "F04" for one in answers if one["status"] == "REJECTED")
    assert ask(client, e2e(999))[0]["status"] == "NOT_FOUND"
    send(client, "F-2", payment_file(*(line(n, seq=n - 9) for n in numbers)))
    assert results(client, "F-2")[1] == rows, "sending again settles nothing and pays nothing"
    assert len(credits(client)) == len(paid)


def test_the_default_rates_are_near_two_and_one_per_cent(client: httpx.Client) -> None:
    client.post("/v1/behaviour", json={"fail_rate": 0.02, "unknown_rate": 0.01})
    lines = [line(10, seq=n, e2e=e2e(n)) for n in range(1, 5001)]
    send(client, "F-1", payment_file(*lines))
    states = client.get("/v1/book/summary").json()["first_answers"]
    assert 70 <= states["failed"] <= 130 and 25 <= states["unknown"] <= 75


def test_wrong_results_come_as_told_and_then_recover(client: httpx.Client) -> None:
    send(client, "F-1", payment_file(*(line(n, seq=n - 9) for n in range(10, 20))))

    def behave(kind: str) -> None:
        client.post("/v1/behaviour", json={"result": kind, "result_times": 1})

    plain = results(client, "F-1")
    behave("unknown_line")
    assert [row[1] for row in results(client, "F-1")[1]][-1] == "f" * 32 + "-1"
    behave("wrong_total")
    assert results(client, "F-1")[0][-1] == "500.01"
    behave("out_of_order")
    shuffled = results(client, "F-1")
    assert shuffled[1] != plain[1] and sorted(shuffled[1]) == sorted(plain[1])
    behave("two_parts")
    parts = [results(client, "F-1", 1), results(client, "F-1", 2)]
    assert sorted(parts[0][1] + parts[1][1]) == sorted(plain[1]) and parts[0][0][5] == "250.00"
    behave("duplicated")
    assert [results(client, "F-1", 1), results(client, "F-1", 2)] == [plain, plain]
    assert results(client, "F-1") == plain
    assert client.get("/v1/files/F-1/result", params={"part": 2}).status_code == 404


def test_results_may_come_later_and_the_bank_may_refuse(client: httpx.Client) -> None:
    client.post("/v1/behaviour", json={"refuse": 1, "result_delay_ms": 60_000})
    assert send(client, "F-1", payment_file(line(1))).status_code == 503
    assert credits(client) == []
    assert send(client, "F-1", payment_file(line(1))).status_code == 200
    waiting = client.get("/v1/files/F-1/result")
    assert waiting.status_code == 202 and int(waiting.headers["retry-after"]) > 0


def test_a_lost_reply_is_booked_and_a_kill_loses_nothing(tmp_path: Path) -> None:
    port = free_port()
    with running("simulators.bank.app", tmp_path, port) as (client, process):
        open_world(client, lose_replies=1)
        with pytest.raises(httpx.RemoteProtocolError):
            send(client, "F-1", payment_file(line(1), line(2)))
        process.kill()
    with running("simulators.bank.app", tmp_path, port) as (client, _):
        assert len(credits(client)) == 2
        assert send(client, "F-1", payment_file(line(1), line(2))).json()["count"] == 2
        assert len(credits(client)) == 2
        assert Path(client.get("/health/ready").json()["book"]).is_file()
