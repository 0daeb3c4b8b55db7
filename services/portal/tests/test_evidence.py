"""The evidence pack: made from what the rooms answer, verified by the stand-alone script, and every forgery found."""

import asyncio
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.base import canonical
from contracts.manifest import leaf, root, set_root
from kit.auth import Role
from kit.crypto import digest_of
from kit.ids import end_to_end_id, payment_id
from kit.merkle import inclusion_proof
from kit.signing import Signer
from kit.testing import RoomHarness, citizen, official
from services.portal.app import prepare, service
from services.portal.domain import evidence, verify_evidence

PAYMENT = payment_id("subject-1", "11810", "202305", "normal", 1)
FIELDS = {
    "line_id": "line-2", "application_id": "application-1", "subject_id": "subject-1", "payee_id": "subject-1",
    "village": "539901101201", "kind": "normal", "installment": 1, "entitlement_period": "202305", "quantity": "1",
    "amount_fen": 5000,
}  # fmt: skip
AT = "2023-06-01T08:00:00+00:00"
PHOTO = b"\x89PNG a picture of the board"
NODES = {"township_review": "reviewer", "department_review": "department", "finance_review": "finance"}
Answers = dict[str, Any]


def signature(
    signer: Signer, actor: str, node: str, subject: str, revision: int | None, root_: str
) -> Answers:
    document = {
        "subject": subject, "node": node, "revision": revision, "root": root_, "count": 3, "total_fen": 15000,
        "actor": actor, "work_item_id": f"item-{node}", "at": AT,
    }  # fmt: skip
    shown = {
        name: document[name]
        for name in ("subject", "node", "revision", "root", "total_fen", "actor", "work_item_id")
    }
    return shown | {"lines": 3, "signed_at": AT, "signature": signer.sign(document), "key_id": signer.key_id}


def line_proof(signer: Signer) -> Answers:
    """A line among three in a slice, signed by the township, and with its set by department and finance."""
    nodes = []
    for node, actor in NODES.items():
        amount = None if node == "township_review" else 5000
        leaves = [leaf(FIELDS | {"line_id": f"line-{number}", "amount_fen": amount}) for number in (1, 2, 3)]
        steps = [list(step) for step in inclusion_proof([bytes.fromhex(one) for one in leaves], 1)]
        slice_root = root(leaves)
        roots = {"slice-1": slice_root, "slice-2": "ab" * 32}
        whole = signature(signer, actor, node, "set-1", None, set_root(roots)) | {"roots": roots}
        own = signature(signer, actor, node, "slice-1", 3, slice_root)
        if amount is not None:
            own |= {"signature": None, "key_id": None}
        nodes.append(
            own
            | {"leaf": leaves[1], "amount_fen": amount, "exclusions": 0, "index": 1, "steps": steps}
            | {"set": whole if amount is not None else None}
        )
    keys = {name: raw.hex() for name, raw in signer.public_keys().items()}
    return {
        "fields": FIELDS, "slice_id": "slice-1", "reissue_of": None, "required": ["township_review"], "nodes": nodes,
        "exclusion_records": [], "public_keys": keys,
    }  # fmt: skip


def payment_proof() -> Answers:
    listed = {"list_hash": "cd" * 32, "total_fen": 15000}
    attempt = {
        "payment_id": PAYMENT, "attempt": 1, "line_id": "line-2", "slice_id": "slice-1", "order_id": "order-1",
        "project": "11810", "subject_id": "subject-1", "entitlement_period": "202305", "kind": "normal",
        "installment": 1, "amount_fen": 5000, "net_fen": 4000, "state": "PAID", "bank_ref": "B1",
        "paid_at": "2023-06-03",
        "end_to_end_id": end_to_end_id(PAYMENT, 1),
    }  # fmt: skip
    order = {
        "order_id": "order-1", "actor": "payer", "slices": [{"slice_id": "slice-1", "exclusions": 0}],
        "request": listed, "results": [],
        "vouchers": [{"voucher_no": "N1", "list_hash": "cd" * 32, "amount_fen": 15000, "refusal": None}],
    }  # fmt: skip
    return {
        "payment_id": PAYMENT,
        "attempts": [attempt],
        "deductions": [{"attempt": 1, "line_id": "line-9", "amount_fen": -1000}],
        "orders": [order],
        "postings": [],
    }


def notice() -> Answers:
    return {
        "notice_id": "notice-1", "round": 1, "state": "confirmed", "ends_on": "2023-05-20",
        "confirmed_at": "2023-05-21T01:00:00+00:00", "photos": [{"photo_id": "photo-1", "digest": digest_of(PHOTO)}],
    }  # fmt: skip


class Rooms:
    """The rooms behind the portal, answering what a finished payment would make them answer."""

    def __init__(self, signer: Signer) -> None:
        self.down: set[str] = set()
        self.refuse: dict[str, int] = {}
        applied = {
            "application_id": "application-1",
            "subject_id": "subject-1",
            "roster_id": None,
            "consent": {"version": "1"},
        }
        self.answers: dict[str, Any] = {
            f"payment/payments/{PAYMENT}/proof": payment_proof(),
            "batch/lines/line-2/history": {
                "application_id": "application-1",
                "changes": [{"slice_id": "slice-1"}],
            },
            "batch/lines/line-2/proof": line_proof(signer),
            "application/applications/application-1/proof": applied,
            "verification/hits": {"items": [{"hit_id": 7}]},
            "verification/hits/7": {"hit_id": 7, "rule": "R04", "state": "lifted"},
            "publicity/notices": {"items": [{"notice_id": "notice-1"}]},
            "publicity/notices/notice-1": notice(),
        }

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        _, _, name, _, rest = request.url.path.split("/", 4)
        if name in self.down:
            raise httpx.ConnectError("refused")
        if name in self.refuse:
            return httpx.Response(self.refuse[name])
        assert request.headers["authorization"].startswith("Bearer ")
        if rest.endswith("photos/photo-1"):
            return httpx.Response(200, content=PHOTO)
        return httpx.Response(200, json=self.answers[f"{name}/{rest}"])


@pytest.fixture
def rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rooms:
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    return Rooms(Signer(tmp_path, "manifest"))


@pytest.fixture
async def portal(
    postgres_dsn_factory: Callable[[], str], tmp_path: Path, rooms: Rooms
) -> AsyncIterator[RoomHarness]:
    urls = {
        name: f"http://{name}" for name in ("payment", "batch", "application", "verification", "publicity")
    }
    harness = await RoomHarness.create(
        "portal",
        "services.portal",
        service.handlers,
        service.app,
        postgres_dsn_factory(),
        tmp_path,
        room_urls=urls,
    )
    await harness.room.http.aclose()
    harness.room.http = httpx.AsyncClient(transport=httpx.MockTransport(rooms))
    await prepare(harness.room)
    yield harness
    await harness.close()


DISCIPLINE = official(Role.DISCIPLINE, "539901")
PATH = f"/api/portal/v1/payments/{PAYMENT}/evidence.zip"


async def packed(portal: RoomHarness) -> bytes:
    async with portal.client(DISCIPLINE) as client:
        answer = await client.get(PATH)
    assert answer.status_code == 200, answer.text
    return answer.content


def verified(content: bytes, folder: Path, *options: str) -> tuple[int, list[str]]:
    path = folder / "pack.zip"
    path.write_bytes(content)
    said: list[str] = []
    return verify_evidence.main([str(path), *options], said.append), said


def alone(code: list[str], folder: Path) -> int:
    return subprocess.run(code, capture_output=True, check=False, cwd=folder).returncode


async def test_a_pack_holds_and_its_own_script_says_so_alone(portal: RoomHarness, tmp_path: Path) -> None:
    content = await packed(portal)
    status, said = verified(content, tmp_path)
    assert (status, [line for line in said if line.startswith("✗")]) == (0, [])
    assert len(said) > 15
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        assert "photos/photo-1" in pack.namelist()
        script = tmp_path / "alone.py"
        script.write_bytes(pack.read("verify_evidence.py"))
    # -I: isolated, so that nothing of this project can be imported.
    code = [sys.executable, "-I", str(script), str(tmp_path / "pack.zip")]
    assert await asyncio.to_thread(alone, code, tmp_path) == 0
    async with portal.room.tx() as tx:
        assert await tx.fetchval("SELECT count(*) FROM audit WHERE action = 'portal.evidence_pack'") == 1


def forged(content: bytes, change: Callable[[dict[str, Any]], object], *, rechained: bool = True) -> bytes:
    """The pack with documents changed; by somebody who can also make a new chain, but has no key."""
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        raw = {name: pack.read(name) for name in pack.namelist() if name != "chain.json"}
        sealed = json.loads(pack.read("chain.json"))
    documents = {name: json.loads(text) for name, text in raw.items() if name.endswith(".json")}
    before = deepcopy(documents)
    change(documents)
    for name, document in documents.items():
        if document != before[name]:
            raw[name] = evidence.document(document)
    files = list(raw.items())
    if rechained:
        sealed["entries"] = evidence.chain(files)
        sealed["seal"]["head"] = sealed["entries"][-1]["chain"]
    return evidence.archive(files, sealed)


LINE = "line-line-2.json"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda all_: all_["payment.json"]["attempts"][0].update(amount_fen=9000), "支付金额"),
        (lambda all_: all_["payment.json"]["attempts"][0].update(net_fen=5000), "支付金额"),
        (lambda all_: all_["payment.json"]["attempts"][0].update(subject_id="subject-2"), "支付标识"),
        (lambda all_: all_[LINE]["fields"].update(payee_id="subject-9"), "明细在已签署清册中"),
        (lambda all_: all_[LINE]["nodes"][1].update(amount_fen=9000), "明细在已签署清册中"),
        (lambda all_: all_[LINE]["nodes"][2]["set"].update(actor="department"), "签名有效"),
        (lambda all_: all_[LINE]["nodes"][2]["set"]["roots"].update({"slice-2": "cd" * 32}), "签名有效"),
        (lambda all_: all_[LINE]["nodes"].pop(2), "需要的签署齐全"),
        (lambda all_: all_["payment.json"]["orders"][0].update(actor="reviewer"), "不是同一人"),
        (lambda all_: all_["payment.json"]["orders"][0]["vouchers"][0].update(amount_fen=1), "拨款凭证"),
        (lambda all_: all_["payment.json"]["attempts"][0].update(bank_ref=None), "银行已回执"),
        (lambda all_: all_["application.json"].update(consent=None), "告知书"),
        (lambda all_: all_["notices/notice-1.json"].update(confirmed_at="2023-05-20T01:00:00"), "公示期满"),
    ],
)
async def test_a_forged_pack_is_found_out_although_its_chain_was_made_anew(
    portal: RoomHarness, tmp_path: Path, change: Callable[[dict[str, Any]], object], found: str
) -> None:
    status, said = verified(forged(await packed(portal), change), tmp_path)
    wrong = [line for line in said if line.startswith("✗")]
    assert status != 0
    assert any("封签" in line for line in wrong)  # no key: the seal is broken in any case
    assert found == "需要的签署齐全" or any(found in line for line in wrong)


@pytest.mark.parametrize(
    ("digest", "wrong"),
    [
        (digest_of(PHOTO, "sm3"), []),
        (digest_of(b"another", "sha256"), ["✗ 公示照片"]),
        (digest_of(b"another", "sm3"), ["✗ 公示照片"]),
        ("sm9:00", ["✗ 此 Py"]),  # what can't be computed proves nothing
    ],
)
async def test_a_photo_is_held_against_its_digest_of_either_suite(
    portal: RoomHarness, rooms: Rooms, tmp_path: Path, digest: str, wrong: list[str]
) -> None:
    rooms.answers["publicity/notices/notice-1"]["photos"][0]["digest"] = digest
    status, said = verified(await packed(portal), tmp_path)
    assert (status, [line[:6] for line in said if line.startswith("✗")]) == (len(wrong), wrong)


async def test_the_chain_alone_finds_a_changed_file(portal: RoomHarness, tmp_path: Path) -> None:
    content = forged(
        await packed(portal), lambda all_: all_["application.json"].update(category="x"), rechained=False
    )
    status, said = verified(content, tmp_path)
    assert status == 1
    assert any(line.startswith("✗ 文件与摘要链") for line in said)


async def test_ones_own_copy_of_the_keys_decides_who_made_it(portal: RoomHarness, tmp_path: Path) -> None:
    content = await packed(portal)
    (tmp_path / "other").mkdir()
    theirs = {name: raw.hex() for name, raw in Signer(tmp_path / "other", "manifest").public_keys().items()}
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(theirs))
    status, said = verified(content, tmp_path, "--keys", str(keys))
    assert status == 1
    assert any(line.startswith("✗") and "签名有效" in line for line in said)


async def test_an_unreadable_pack_is_said_so(tmp_path: Path) -> None:
    assert verified(b"no zip", tmp_path)[0] == 2


def test_the_script_computes_the_houses_own_bytes() -> None:
    assert verify_evidence.canonical(FIELDS) == canonical(FIELDS)
    assert verify_evidence.canonical({"字": "·"}) == canonical({"字": "·"})


async def test_rooms_decide_who_gets_a_pack(portal: RoomHarness, rooms: Rooms) -> None:
    async with portal.client(citizen("subject-1")) as client:
        assert (await client.get(PATH)).status_code == 403
    async with portal.client(DISCIPLINE) as client:
        rooms.refuse = {"payment": 404}
        assert (await client.get(PATH)).status_code == 404
        rooms.refuse = {"batch": 409}
        assert (await client.get(PATH)).status_code == 409
        rooms.refuse, rooms.down = {}, {"publicity"}
        assert (await client.get(PATH)).status_code == 503
