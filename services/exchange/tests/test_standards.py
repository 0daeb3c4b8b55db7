"""Questions and answers after SPDCI and G2P Connect, judged by their published documents; no id ever comes back."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from standardwebhooks.webhooks import Webhook

from contracts.registry import SubjectToken, TokensReply, TokensRequest
from kit.clock import wall_now
from kit.crypto import configured
from kit.testing import RoomHarness
from services.exchange.handlers.tokens import answer_callbacks, make_tokens
from services.exchange.tests.conftest import OPENER, agency, agreed, call, everything_happened
from services.exchange.tests.endpoint import Endpoint

FOLDER = Path(__file__).parent / "published"
SPDCI = yaml.safe_load((FOLDER / "spdci-registry-core-1.0.0.yaml").read_text(encoding="utf-8"))
G2P = yaml.safe_load((FOLDER / "g2p-connect-mapper-core-1.0.0.yaml").read_text(encoding="utf-8"))
TOKEN = f"hmac-sha256:tokencivil1:{'ab' * 32}"


def judge(document: dict[str, Any], path: str, value: Any, *, answer: bool = False) -> None:
    """Raise ValidationError unless the published document takes this as the path's request (or answer)."""
    operation = document["paths"][path]["post"]
    part = (
        operation["responses"].get("200", operation["responses"].get("default"))
        if answer
        else operation["requestBody"]
    )
    while "$ref" in part:
        inner: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            inner = inner[step.replace("~1", "/").replace("~0", "~")]
        part = inner
    schema = part["content"]["application/json"]["schema"]
    root = {name: document[name] for name in ("components", "paths")}
    jsonschema.Draft4Validator({"allOf": [schema], **root}).validate(json.loads(json.dumps(value)))


def header(action: str, count: int) -> dict[str, Any]:
    return {
        "version": "1.0.0", "message_id": "m-1", "message_ts": wall_now().isoformat(), "action": action,
        "sender_id": "civil", "total_count": count, "is_msg_encrypted": False,
    }  # fmt: skip


def searching(*values: str, kind: str = "TOKEN", **more: Any) -> dict[str, Any]:
    items = [
        {
            "reference_id": f"r-{number}",
            "timestamp": wall_now().isoformat(),
            "search_criteria": {
                "version": "1.0.0",
                "reg_type": "subsidy:enrolments",
                "query_type": "idtype-value",
                "query": {"type": kind, "value": value},
            },
        }
        for number, value in enumerate(values)
    ]
    return {
        "signature": "",
        "header": header("search", len(items)) | more,
        "message": {"transaction_id": "t-1", "search_request": items},
    }


def resolving(*ids: str, **more: Any) -> dict[str, Any]:
    items = [
        {"reference_id": f"r-{number}", "timestamp": wall_now().isoformat(), "id": one, "scope": "yes_no"}
        for number, one in enumerate(ids)
    ]
    return {
        "signature": "",
        "header": header("resolve", len(items)) | more,
        "message": {"transaction_id": "t-1", "resolve_request": items},
    }


@pytest.fixture
async def known(room: RoomHarness, monkeypatch: pytest.MonkeyPatch) -> RoomHarness:
    """One enrolled person, whose token the registry has made."""

    async def post(room_name: str, path: str, body: TokensRequest, reply: type[TokensReply]) -> TokensReply:
        assert (room_name, path, reply) == ("registry", "/internal/v1/subjects:tokens", TokensReply)
        key = f"token{body.agency}1"
        return TokensReply(
            tokens=[
                SubjectToken(subject_id=one, token=f"hmac-sha256:{key}:{'ab' * 32}")
                for one in body.subject_ids
            ]
        )

    monkeypatch.setattr(room.room.peers, "post", post)
    await agreed(room)
    await everything_happened(room)
    await room.work(make_tokens)
    return room


async def test_a_search_by_token_and_by_pseudonym(known: RoomHarness) -> None:
    asked = searching(TOKEN, f"{'ab' * 32}@tokencivil1", f"hmac-sha256:tokencivil1:{'cd' * 32}")
    judge(SPDCI, "/registry/sync/search", asked)
    answer = await call(known, agency(), "POST", "/registry/sync/search", asked)
    judge(SPDCI, "/registry/sync/search", answer, answer=True)
    first, second, nobody = answer["message"]["search_response"]
    (record,) = first["data"]["reg_records"]["enrolments"]
    assert record == second["data"]["reg_records"]["enrolments"][0]
    assert (record["state"], record["project"], record["category"]) == ("active", "11810", "destitute")
    assert nobody["data"]["reg_records"]["enrolments"] == []
    assert nobody["status"] == "succ"
    events = (await call(known, agency(), "GET", "/public/events"))["events"]
    assert record["subject"] == events[0]["subject"]
    assert record["enrolment_ref"] == events[0]["data"]["enrolment_ref"]
    assert (
        "subject-1" not in str(answer) and "enrolment-1" not in str(answer) and "ab" * 32 not in str(answer)
    )
    again = await call(
        known, agency(), "POST", "/registry/sync/search", searching(record["subject"], kind="SUBJECT")
    )
    assert again["message"]["search_response"][0]["data"]["reg_records"]["enrolments"] == [record]


async def test_a_resolve_says_yes_or_no_and_never_an_address(known: RoomHarness) -> None:
    asked = resolving(f"{'ab' * 32}@tokencivil1", f"{'cd' * 32}@tokencivil1")
    judge(G2P, "/mapper/resolve", asked)
    answer = await call(known, agency(), "POST", "/mapper/sync/resolve", asked)
    judge(G2P, "/mapper/on-resolve", answer)
    yes, no = answer["message"]["resolve_response"]
    assert (yes["status_reason_code"], no["status_reason_code"]) == ("succ.id.active", "succ.id.not_found")
    assert yes["additional_info"][0]["value"].startswith(f"hmac-{configured().digest.name}:pairwisecivil1:")
    assert not {"fa", "account_provider_info", "id"} & yes.keys()
    asked["header"]["action"] = "link"
    judge(G2P, "/mapper/sync/resolve", asked)
    await call(known, agency(), "POST", "/mapper/sync/resolve", asked)
    asked["message"]["resolve_request"][0]["scope"] = "details"
    answer = await call(known, agency(), "POST", "/mapper/sync/resolve", asked)
    judge(G2P, "/mapper/on-resolve", answer)
    assert answer["message"]["resolve_response"][0]["status_reason_code"] == "rjct.resolve_type.not_supported"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"version": "2.0.0"}, "rjct.version.invalid"),
        ({"message_ts": (wall_now() - timedelta(hours=1)).isoformat()}, "rjct.message_ts.invalid"),
        ({"action": "link"}, "rjct.action.not_supported"),
        ({"is_msg_encrypted": True}, "rjct.action.not_supported"),
        ({"total_count": 7}, "rjct.total_count.invalid"),
    ],
)
async def test_a_message_that_is_refused_as_a_whole(
    room: RoomHarness, change: dict[str, Any], code: str
) -> None:
    await agreed(room)
    answer = await call(room, agency(), "POST", "/registry/sync/search", searching(TOKEN, **change))
    judge(SPDCI, "/registry/sync/search", answer, answer=True)
    assert (answer["header"]["status"], answer["header"]["status_reason_code"]) == ("rjct", code)
    assert "message" not in answer


async def test_one_bad_item_does_not_spoil_the_others(known: RoomHarness) -> None:
    asked = searching(TOKEN, TOKEN, "539901195003070031", TOKEN)
    items = asked["message"]["search_request"]
    items[1]["reference_id"] = "r-0"
    items[2]["search_criteria"]["query"]["type"] = "NATIONAL_ID"
    items[3]["search_criteria"]["query_type"] = "predicate"
    answer = await call(known, agency(), "POST", "/registry/sync/search", asked)
    judge(SPDCI, "/registry/sync/search", answer, answer=True)
    assert [one.get("status_reason_code") for one in answer["message"]["search_response"]] == [
        None, "rjct.reference_id.duplicate", "rjct.search_criteria.invalid", "rjct.search_criteria.invalid",
    ]  # fmt: skip
    assert "539901195003070031" not in str(answer)


async def test_another_agency_and_other_regions_find_nobody(known: RoomHarness) -> None:
    await agreed(known, "banks", regions=["539902"])
    await agreed(known, "other")
    for code in ("banks", "other"):
        answer = await call(
            known, agency(code), "POST", "/registry/sync/search", searching(TOKEN, sender_id=code)
        )
        assert answer["message"]["search_response"][0]["data"]["reg_records"]["enrolments"] == []
    await call(known, agency("other"), "POST", "/registry/sync/search", searching(TOKEN), 403)
    await call(known, OPENER, "POST", "/registry/sync/search", searching(TOKEN), 403)


async def test_volumes_and_pages_are_limited_and_purposes_logged(room: RoomHarness) -> None:
    await agreed(room, page_size=3, subjects_per_day=4)
    answer = await call(room, agency(), "POST", "/registry/sync/search", searching(*[TOKEN] * 4))
    assert answer["header"]["status_reason_code"] == "rjct.total_count.limit_exceeded"
    await call(room, agency(), "POST", "/registry/sync/search", searching(*[TOKEN] * 3))
    await call(room, agency(), "POST", "/registry/sync/search", searching(*[TOKEN] * 2), 429)
    await call(room, agency(), "POST", "/mapper/sync/resolve", resolving(TOKEN))
    async with room.room.tx() as tx:
        rows = await tx.fetch("SELECT action, detail FROM audit WHERE detail ? 'asked' ORDER BY seq")
    assert [(row["action"], row["detail"]["asked"], row["detail"]["purpose"]) for row in rows] == [
        ("exchange.search", 3, "低保对象核对"),
        ("exchange.resolve", 1, "低保对象核对"),
    ]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An agency's endpoint."""
    one = Endpoint()
    yield one
    one.close()


@pytest.mark.parametrize("kind", ["search", "resolve"])
async def test_an_answer_that_is_called_back(known: RoomHarness, endpoint: Endpoint, kind: str) -> None:
    document, family = (SPDCI, "registry") if kind == "search" else (G2P, "mapper")
    origin = endpoint.url.partition("/hook")[0]
    asked = searching(TOKEN, sender_uri=origin) if kind == "search" else resolving(TOKEN, sender_uri=origin)
    judge(document, f"/{family}/{kind}", asked)
    refused = await call(known, agency(), "POST", f"/{family}/{kind}", asked)
    judge(document, f"/{family}/{kind}", refused, answer=True)
    assert refused["message"]["error"]["code"] == "err.sender_uri.invalid", (
        "no webhook has been challenged there"
    )

    hook = {
        "endpoint": endpoint.url, "types": ["payment_made"], "projects": ["11810"], "regions": ["539901"]
    }  # fmt: skip
    opened = await call(known, agency(), "POST", "/public/subscriptions/webhooks", hook, 201)
    taken = await call(known, agency(), "POST", f"/{family}/{kind}", asked)
    judge(document, f"/{family}/{kind}", taken, answer=True)
    assert taken["message"]["ack_status"] == "ACK"
    endpoint.statuses = [500]
    await known.work(answer_callbacks)
    async with known.room.tx() as tx:
        await tx.execute("UPDATE callback SET next_at = NULL")
    await known.work(answer_callbacks)
    assert len(endpoint.got) == 2
    headers, body = endpoint.got[1]
    answer = Webhook(opened["secret"]).verify(body, headers)
    judge(document, f"/{family}/on-{kind}", answer)
    assert answer["message"]["correlation_id"] == taken["message"]["correlation_id"] == headers["webhook-id"]
    assert answer["message"][f"{kind}_response"][0]["status"] == "succ"
    async with known.room.tx() as tx:
        row = await tx.fetchrow("SELECT state, request FROM callback")
    assert row is not None
    assert (row["state"], row["request"]) == ("delivered", {}), "a question that is done is forgotten"


async def test_a_token_the_registry_does_not_know_is_not_asked_for_again(
    room: RoomHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    async def post(_room: str, _path: str, body: TokensRequest, _reply: type[TokensReply]) -> TokensReply:
        asked.append(body.subject_ids)
        return TokensReply(tokens=[])

    monkeypatch.setattr(room.room.peers, "post", post)
    await agreed(room)
    await everything_happened(room)
    await room.work(make_tokens)
    await room.work(make_tokens)
    assert asked == [["subject-1"]]


def test_the_judge_refuses_what_the_documents_refuse() -> None:
    wrong = searching(TOKEN)
    del wrong["header"]["message_id"]
    with pytest.raises(jsonschema.ValidationError):
        judge(SPDCI, "/registry/sync/search", wrong)
    wrong = resolving(TOKEN)
    wrong["message"]["resolve_request"][0]["scope"] = "all"
    with pytest.raises(jsonschema.ValidationError):
        judge(G2P, "/mapper/resolve", wrong)
    assert (SPDCI["info"]["version"], G2P["info"]["version"]) == ("1.0.0", "1.0.0")
