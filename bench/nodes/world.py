"""The invented lines of a slice, and a registry that knows their persons; both made on the fly, never kept."""

from collections.abc import Iterator
from typing import Any

import httpx
import orjson

from bench.nodes.parts import Parts
from contracts.batch import Line, LinesStated, LineState

PROJECT, PERIOD, COUNTY, TOWNSHIP, CATEGORY = "11810", "202305", "539901", "539901101", "destitute"
VILLAGE = f"{TOWNSHIP}201"
SLICE, SET = "0b9f2a52-0000-4000-8000-000000000001", "0b9f2a52-0000-4000-8000-000000000002"
AMOUNT_FEN = 5000
BANK_CODE = "402999900018"


def uuid(kind: int, number: int) -> str:
    """An id as long as a real one."""
    return f"{kind:08x}-0000-4000-8000-{number:012d}"


def subject(number: int) -> str:
    """Person `number`."""
    return uuid(1, number)


def _number(subject_id: str) -> int:
    return int(subject_id[-12:])


def id_no(number: int) -> str:
    """An invented number in the form of an ID number; its check digit counts for nobody here."""
    return f"532699195001{number:06d}"


def name(number: int) -> str:
    """An invented name."""
    return "云" + chr(0x4E00 + number % 5000) + chr(0x4E00 + number // 5000)


def blind_index(number: int) -> str:
    """A keyed index as long as a real one."""
    return f"{number:064d}"


def account_no(number: int) -> str:
    """An invented account."""
    return f"623000000000{number:07d}"


def lines(
    count: int, *, state: LineState = LineState.NORMAL, rev: int = 1, priced: bool = False
) -> Iterator[dict[str, Any]]:
    """The lines of the slice, with every field."""
    for at in range(count):
        yield Line.model_construct(
            line_id=uuid(2, at), rev=rev, application_id=uuid(3, at), subject_id=subject(at), payee_id=subject(at),
            village=VILLAGE, state=state, reason=None, kind="normal", installment=1, entitlement_period=PERIOD,
            quantity="1", amount_fen=AMOUNT_FEN if priced else None, reissue_of=None,
        ).__dict__  # fmt: skip


def stated(count: int, revision: int, **more: Any) -> Parts:
    """A revision of the slice as batch states it."""
    return Parts(
        LinesStated, stream_id=SLICE, revision=revision, batch_id=uuid(4, 1), project=PROJECT,
        period=PERIOD, county=COUNTY, township=TOWNSHIP, category=CATEGORY,
    ).add(lines(count, **more)).end()  # fmt: skip


def registry(request: httpx.Request) -> httpx.Response:
    """What the registry answers a room."""
    body = orjson.loads(request.content)
    what = request.url.path.rpartition("/")[2]
    if what == "payees:check":
        return _reply({"authorised": [True] * len(body["pairs"])})
    if what == "accounts:put":
        return _reply({"stored": len(body["accounts"])})
    field, of = _KINDS[what]
    return _reply({field: [{"subject_id": one, **of(_number(one))} for one in body["subject_ids"]]})


def _profile(number: int) -> dict[str, Any]:
    return {"birth_date": "1950-01-01", "gender": "female", "blind_index": blind_index(number)}


def _identity(number: int) -> dict[str, Any]:
    return {"id_no": id_no(number), "name": name(number)}


def _account(number: int) -> dict[str, Any]:
    return {"bank_code": BANK_CODE, "account_no": account_no(number), "account_name": name(number)}


_KINDS = {
    "subjects:profiles": ("profiles", _profile),
    "subjects:identities": ("identities", _identity),
    "subjects:names": ("names", lambda number: {"name": name(number), "child": False}),
    "subjects:accounts": ("accounts", _account),
}


def _reply(body: Any) -> httpx.Response:
    return httpx.Response(200, content=orjson.dumps(body))


def cards(count: int) -> Iterator[bytes]:
    """The agency's world."""
    for at in range(count):
        yield orjson.dumps(
            {
                "id_no": id_no(at), "name": name(at), "ssc_no": f"Y{at:08d}", "card_status": "normal",
                "financial_function": "active", **_account(at),
            }
        ) + b"\n"  # fmt: skip


def accounts(count: int) -> Iterator[bytes]:
    """The bank's world."""
    for at in range(count):
        yield orjson.dumps({"account": account_no(at), "name": name(at)}) + b"\n"
