"""The world outside: the 人社 agency, and the registry that knows numbers and keeps accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from contracts.registry import (
    AccountIn,
    AccountsPut,
    AccountsStored,
    IdentitiesReply,
    PayeePair,
    PayeesCheck,
    PayeesReply,
    Purpose,
    SubjectsRequest,
)
from kit.clock import wall_now
from kit.service import Room
from services.card_matching.domain import CardAccount, Unbelievable

TIMEOUT_SECONDS = 30.0
A_REGISTRY_CALL = 5000
"""Most pairs the registry looks at in one call."""


class AgencyUnavailable(Exception):
    """No answer: to be asked again, at the earliest after `retry_after` seconds."""

    def __init__(self, retry_after: float = 0.0) -> None:
        super().__init__("the agency is unavailable")
        self.retry_after = retry_after


class AgencyRefused(Exception):
    """The agency read the request and refused it as a whole."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the agency refused: {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """A person as the agency is asked; `ref` is the request's own mark, unknown elsewhere."""

    payee_id: str
    ref: str
    id_no: str = field(repr=False)
    name: str = field(repr=False)


async def ask(room: Room, operation: str, request_id: str, persons: Sequence[Asked]) -> Any:
    """The agency's answer to `match` or `query`, unread.

    Raises AgencyUnavailable, AgencyRefused, Unbelievable (not JSON).
    """
    body = {
        "request_id": request_id,
        "persons": [{"ref": one.ref, "id_no": one.id_no, "name": one.name} for one in persons],
    }
    url = f"{room.settings.agency_url}/v1/cards:{operation}"
    try:
        answer = await room.http.post(url, json=body, timeout=TIMEOUT_SECONDS)
    except httpx.HTTPError:
        raise AgencyUnavailable from None
    if answer.status_code >= 500 or answer.status_code == 429:
        raise AgencyUnavailable(retry_after(answer.headers.get("Retry-After", "")))
    if answer.status_code >= 400:
        raise AgencyRefused(answer.status_code)
    try:
        return answer.json()
    except ValueError:
        raise Unbelievable("not JSON") from None


def retry_after(text: str) -> float:
    """Seconds of a Retry-After header, which is a number or a date; 0 when it is neither."""
    if text.strip().isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - wall_now()).total_seconds())


async def identities(room: Room, payee_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """(number, name) of those the registry knows. Raises Problem 503 when it is out."""
    body = SubjectsRequest(purpose=Purpose.CARD_MATCHING, subject_ids=list(payee_ids))
    reply = await room.peers.post("registry", "/internal/v1/subjects:identities", body, IdentitiesReply)
    return {one.subject_id: (one.id_no, one.name) for one in reply.identities}


async def put_accounts(room: Room, accounts: Mapping[str, CardAccount]) -> None:
    """Hand the accounts to the registry; again changes nothing. Raises Problem 503 when it is out."""
    if accounts:
        stored = [AccountIn(subject_id=payee, **account._asdict()) for payee, account in accounts.items()]
        body = AccountsPut(accounts=stored)
        await room.peers.post("registry", "/internal/v1/accounts:put", body, AccountsStored)


async def unauthorised(
    room: Room, project: str, on: date, pairs: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Those (beneficiary, payee) pairs where the payee may not receive it (R12). Raises Problem 503."""
    wrong: list[tuple[str, str]] = []
    for at in range(0, len(pairs), A_REGISTRY_CALL):
        part = pairs[at : at + A_REGISTRY_CALL]
        asked = [PayeePair(subject_id=subject, payee_id=payee) for subject, payee in part]
        body = PayeesCheck(project=project, on=on, pairs=asked)
        reply = await room.peers.post("registry", "/internal/v1/payees:check", body, PayeesReply)
        wrong += [pair for pair, good in zip(part, reply.authorised, strict=True) if not good]
    return wrong
