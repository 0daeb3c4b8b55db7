"""People with cards, an in-test registry at the HTTP boundary, and the real agency simulator beside it."""

import json
from typing import Any

import httpx
import orjson

from contracts.base import CHUNK_ROWS, Message, rows_digest
from contracts.batch import Line, LinesStated, LineState, SliceRevision
from contracts.card_matching import MatchSlice, RecheckCards
from contracts.orchestrator import ProjectDeployed

PROJECT = "11810"
TOWNSHIP = "539901101"
SLICE = "slice-1"


def number(n: int) -> str:
    return f"5326991950010{n:05d}"


def name(n: int) -> str:
    return f"云某{n}"


def card(n: int, **changes: Any) -> dict[str, Any]:
    """A good card of person `n`, as the agency's world knows it."""
    return {
        "id_no": number(n), "name": name(n), "ssc_no": f"Y{n:08d}", "card_status": "normal",
        "financial_function": "active", "bank_code": "402999900018", "account_no": f"623000000000{n:07d}",
        "account_name": name(n),
    } | changes  # fmt: skip


class Registry:
    """Knows payees `p<n>`; keeps the accounts it is given."""

    def __init__(self) -> None:
        self.unknown: set[str] = set()
        self.accounts: dict[str, dict[str, str]] = {}
        self.out = False
        self.fail_put = False
        self.unauthorised: set[tuple[str, str]] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if self.out:
            return httpx.Response(503)
        if request.url.path.endswith("/payees:check"):
            pairs = [(one["subject_id"], one["payee_id"]) for one in body["pairs"]]
            return httpx.Response(200, json={"authorised": [one not in self.unauthorised for one in pairs]})
        if request.url.path.endswith("/accounts:put"):
            if self.fail_put:
                return httpx.Response(503)
            self.accounts |= {one["subject_id"]: one for one in body["accounts"]}
            return httpx.Response(200, json={"stored": len(body["accounts"])})
        assert body["purpose"] == "card_matching"
        known = [one for one in body["subject_ids"] if one not in self.unknown]
        found = [
            {"subject_id": one, "id_no": number(int(one[1:])), "name": name(int(one[1:]))} for one in known
        ]
        return httpx.Response(200, json={"identities": found})


class Agency:
    """The simulator, reached over HTTP from the test as well."""

    def __init__(self, client: httpx.Client) -> None:
        self.client, self.url = client, str(client.base_url).rstrip("/")

    def world(self, *cards: dict[str, Any]) -> None:
        self.client.post("/v1/world", content=b"\n".join(map(orjson.dumps, cards))).raise_for_status()

    def behaviour(self, **values: Any) -> None:
        self.client.post("/v1/behaviour", json={"processing_rate": 0} | values).raise_for_status()

    def schedule(self, *steps: tuple[int, str], **more: Any) -> None:
        listed = [{"call": call, "kind": kind} | more for call, kind in steps]
        self.client.post("/v1/schedule", json={"steps": listed}).raise_for_status()

    def calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get("/v1/journal").json()["calls"]
        return found


def line(n: int, **changes: Any) -> Line:
    return Line(
        **{
            "line_id": f"l{n}", "rev": 1, "application_id": f"a{n}", "subject_id": f"s{n}", "payee_id": f"p{n}",
            "village": f"{TOWNSHIP}201", "state": LineState.PROCESSING, "entitlement_period": "202305",
        } | changes
    )  # fmt: skip


def stated(lines: list[Line], revision: int = 1, slice_id: str = SLICE) -> list[Message]:
    """A revision in chunks."""
    parts = [lines[at : at + CHUNK_ROWS] for at in range(0, len(lines), CHUNK_ROWS)] or [[]]
    digest = rows_digest(lines)
    return [
        LinesStated(
            stream_id=slice_id, revision=revision, index=index, count=len(parts), digest=digest,
            batch_id="batch-1", project=PROJECT, period="202305", county=TOWNSHIP[:6], township=TOWNSHIP,
            category="destitute", rows=part,
        )
        for index, part in enumerate(parts)
    ]  # fmt: skip


def match(revision: int = 1, slice_id: str = SLICE) -> MatchSlice:
    return MatchSlice(slice_id=slice_id, revision=revision, project=PROJECT)


def recheck(*slices: tuple[str, int]) -> RecheckCards:
    pairs = [SliceRevision(slice_id=slice_id, revision=revision) for slice_id, revision in slices]
    return RecheckCards(set_id="set-1", project=PROJECT, slices=pairs)


def deployed(**terms: int) -> ProjectDeployed:
    return ProjectDeployed(
        project=PROJECT, version="v1", manifest={"card_matching": terms}, rules={}, form_schema={}
    )
