"""The client: repeats what got lost, keeps receipts, signs in again, and gives up on real refusals."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo import client as module
from demo.client import Portal, Refused
from demo.journal import Journal


class Answers:
    """A portal that answers from a list; anything else is a token."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/auth/"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 600, "username": "citizen:1"})
        self.seen.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def portal_of(answers: Answers, journal: Journal, tmp_path: Path) -> Portal:
    portal = Portal("http://portal", journal, answers=tmp_path / "answers.txt")
    portal._http = httpx.AsyncClient(base_url="http://portal", transport=httpx.MockTransport(answers))
    return portal


def problem(status: int, slug: str) -> httpx.Response:
    body = {"type": f"urn:daohu:problem:{slug}", "title": slug, "status": status}
    return httpx.Response(status, json=body, headers={"retry-after": "0"})


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    with Journal(tmp_path) as journal:
        yield journal


async def test_an_outage_is_waited_for(journal: Journal, tmp_path: Path) -> None:
    answers = Answers(httpx.ConnectError("down"), problem(503, "unavailable"), httpx.Response(200, json=[1]))
    portal = portal_of(answers, journal, tmp_path)
    assert await portal.get("operator@5399", "/api/batch/v1/batches") == [1]
    assert len(answers.seen) == 3 and portal.repeats == 2
    assert answers.seen[0].headers["authorization"] == "Bearer t"


async def test_done_already_counts_only_after_a_repetition(journal: Journal, tmp_path: Path) -> None:
    lost = Answers(httpx.ReadError("lost"), problem(409, "wrong-state"))
    portal = portal_of(lost, journal, tmp_path)
    answer = await portal.post("operator@5399", "/x", {}, again=("wrong-state",))
    assert answer["status"] == 409
    first = portal_of(Answers(problem(409, "wrong-state")), journal, tmp_path)
    with pytest.raises(Refused, match="wrong-state"):
        await first.post("operator@5399", "/x", {}, again=("wrong-state",))


async def test_patience_ends(journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.0)
    portal = portal_of(Answers(*[problem(503, "unavailable")] * 3), journal, tmp_path)
    with pytest.raises(Refused) as refused:
        await portal.get(None, "/x")
    assert refused.value.status == 503 and refused.value.slug == "unavailable"


async def test_answers_are_kept_once(journal: Journal, tmp_path: Path) -> None:
    portal = portal_of(Answers(*(httpx.Response(200, json={"n": 1}) for _ in range(2))), journal, tmp_path)
    await portal.get(None, "/x")
    await portal.get(None, "/x")
    assert (tmp_path / "answers.txt").read_text().splitlines() == ['{"n":1}']


def test_receipts_are_on_disk_at_once(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.note("application", "a1")
        (line,) = journal.path.read_text().splitlines()
    kept = json.loads(line)
    assert (kept["kind"], kept["id"]) == ("application", "a1") and journal.receipts == 1
