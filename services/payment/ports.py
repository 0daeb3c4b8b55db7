"""The world outside: the bank over HTTP, payees' accounts at the registry, and the key for stored files."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from contracts.registry import AccountsReply, Purpose, SubjectsRequest
from kit.crypto import KeyRing, Provider, configured
from kit.service import Room
from services.payment.domain.bankfile import PayTo

ACCOUNTS_A_CALL = 5000
_VAULT = "bank_files"


@dataclass(frozen=True, slots=True)
class BankFormat:
    """How one bank wants its files; further banks add a row to `BANKS`."""

    name: str
    encoding: str


BANKS = {
    "rural": BankFormat("pipe", "utf-8"),
    "rural-gbk": BankFormat("pipe", "gbk"),
    "rural-iso": BankFormat("pain.001", "utf-8"),
}


class BankUnavailable(Exception):
    """No usable answer: the bank may or may not have done what was asked."""


class BankRefused(Exception):
    """The bank read the request and refused it; `code` is the bank's own."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Receipt(NamedTuple):
    """The bank has booked a file."""

    receipt_no: str
    sha256: str
    lines: int
    total_fen: int


class ResultPart(NamedTuple):
    """One result file of a payment file, of `parts` in all; its digest is the one the bank named."""

    result_id: str
    parts: int
    sha256: str
    text: str


class BankStatement(NamedTuple):
    """A day's movements on one account, as the bank's JSON names them; the digest is of the bytes that came."""

    entries: list[dict[str, Any]]
    sha256: str


class NotYet(NamedTuple):
    """Results are not ready; ask again after so many seconds."""

    seconds: float


class Bank:
    """The bank's interface. Every call may be repeated: files are known by their id, payments by theirs."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self._url, self._http = url, http

    async def send(self, file_id: str, content: bytes, encoding: str) -> Receipt:
        """Hand over a file; the very same id and bytes again are booked once."""
        sha256 = hashlib.sha256(content).hexdigest()
        parameters = {"file_id": file_id, "sha256": sha256, "encoding": encoding}
        answer = await self._call("POST", "/v1/files", params=parameters, content=content)
        return _receipt(answer)

    async def receipt(self, file_id: str) -> Receipt | None:
        """Whether the bank has booked the file: the only question after a lost reply."""
        try:
            return _receipt(await self._call("GET", f"/v1/files/{file_id}"))
        except BankRefused as refused:
            if refused.code == "no_such_file":
                return None
            raise

    async def result(self, file_id: str, part: int) -> ResultPart | NotYet:
        """One part of a file's results."""
        answer = await self._call("GET", f"/v1/files/{file_id}/result", params={"part": part})
        if answer.status_code == 202:
            return NotYet(float(answer.headers.get("Retry-After", "1")))
        sha256 = hashlib.sha256(answer.content).hexdigest()
        if answer.headers.get("X-Result-Sha256", sha256) != sha256:
            raise BankUnavailable("digest of the result differs")
        parts = int(answer.headers.get("X-Result-Parts", "1"))
        return ResultPart(answer.headers.get("X-Result-Id", f"{file_id}-{part}"), parts, sha256, answer.text)

    async def query(self, end_to_end_ids: Sequence[str]) -> list[dict[str, Any]]:
        """What became of these payments, at most 1,000."""
        answer = await self._call("POST", "/v1/queries", json={"end_to_end_ids": list(end_to_end_ids)})
        found: list[dict[str, Any]] = answer.json()["results"]
        return found

    async def statement(self, account: str, day: date) -> BankStatement:
        """The statement of a day for a payer's account."""
        answer = await self._call(
            "GET", "/v1/statements", params={"account": account, "day": day.isoformat()}
        )
        names = ("bank_ref", "direction", "kind", "amount_fen", "end_to_end_id", "reference", "code")
        entries = [{name: one[name] for name in names} for one in answer.json()["entries"]]
        return BankStatement(entries, hashlib.sha256(answer.content).hexdigest())

    async def _call(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, self._url + path, **request)
        except httpx.HTTPError as failure:
            raise BankUnavailable(type(failure).__name__) from None
        if answer.status_code >= 500 or answer.status_code == 429:
            raise BankUnavailable(str(answer.status_code))
        if answer.status_code >= 400:
            raise BankRefused(_code(answer))
        return answer


def bank_of(room: Room) -> Bank:
    """The bank that the room's settings name."""
    return Bank(room.settings.bank_url, room.http)


def _receipt(answer: httpx.Response) -> Receipt:
    body = answer.json()
    return Receipt(str(body["receipt_no"]), str(body["sha256"]), int(body["count"]), int(body["total_fen"]))


def _code(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("code", answer.status_code))[:40]
    except ValueError:
        return str(answer.status_code)


async def accounts(room: Room, payee_ids: Sequence[str]) -> dict[str, PayTo]:
    """Accounts of the payees that have one. Raises Problem 503 when the registry is out."""
    found: dict[str, PayTo] = {}
    wanted = sorted(set(payee_ids))
    for at in range(0, len(wanted), ACCOUNTS_A_CALL):
        body = SubjectsRequest(purpose=Purpose.BANK_FILE, subject_ids=wanted[at : at + ACCOUNTS_A_CALL])
        reply = await room.peers.post("registry", "/internal/v1/subjects:accounts", body, AccountsReply)
        found |= {
            one.subject_id: PayTo(one.account_no, one.account_name, one.bank_code) for one in reply.accounts
        }
    return found


def files_vault(key_dir: Path) -> Provider:
    """The provider that seals bank files. Raises KeyMissing."""
    return Provider(configured(), KeyRing.from_dir(key_dir, ("file",)))


async def open_vault(room: Room) -> None:
    """At start: without its key the room must not come up."""
    vault_of(room)


def vault_of(room: Room) -> Provider:
    """The room's vault for bank files, opened once."""
    vault: Provider = room.state.get(_VAULT) or files_vault(Path(room.settings.key_dir))
    room.state[_VAULT] = vault
    return vault


def seal(room: Room, file_id: str, content: bytes) -> bytes:
    """A bank file as it is stored."""
    return vault_of(room).seal_under("file", content, f"bank_file|{file_id}")


def unseal(room: Room, file_id: str, sealed: bytes) -> bytes:
    """A stored bank file. Raises CannotOpen."""
    return vault_of(room).open_under(sealed, f"bank_file|{file_id}")
