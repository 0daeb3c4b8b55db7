#!/usr/bin/env python3
"""证据包离线核验 (verifies an evidence pack offline): python verify_evidence.py <pack.zip> [--keys keys.json]

Needs Python 3.11 and nothing else: no network, no package, no part of daohu. `--keys`: {key id: public key in hex}
as your own copy of the county's keys; without it the keys inside the pack are used, which proves that the pack is
whole and consistent, not who made it. Exit status 0 only when everything holds.
"""

import argparse
import base64
import hashlib
import json
import sys
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PAYMENT_NAMESPACE = uuid.UUID("c1d7a3b2-8a54-5e0f-b6c9-2b90c6f5e7d3")
SET_NODES = ("department_review", "finance_review")
START = hashlib.sha256(b"daohu-evidence-v1").hexdigest()
SIGNED = b"daohu-signature-v1\n"
_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
Point = tuple[int, int, int, int]


def canonical(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no blanks, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def hashed(mark: bytes, body: bytes) -> str:
    """SHA-256 with RFC 6962's mark of a leaf (00) or a node (01), in hex."""
    return hashlib.sha256(mark + body).hexdigest()


def climb(leaf: str, steps: list[list[str]]) -> str:
    """The root that the steps lead to from a leaf."""
    node = leaf
    for side, sibling in steps:
        pair = sibling + node if side == "left" else node + sibling
        node = hashed(b"\x01", bytes.fromhex(pair))
    return node


def merkle(leaves: list[str]) -> str:
    """The root over leaves in their order (RFC 6962 §2.1)."""
    row = [bytes.fromhex(one) for one in leaves]
    while len(row) > 1:
        pairs = [hashlib.sha256(b"\x01" + row[at] + row[at + 1]).digest() for at in range(0, len(row) - 1, 2)]
        row = pairs + row[len(pairs) * 2 :]
    return row[0].hex() if row else hashlib.sha256(b"").hexdigest()


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's over the message (RFC 8032 §5.1.7)."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r, s = _point(public), _point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= _L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _L
    base = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
    assert base is not None
    return _same(_times(s, base), _add(r, _times(challenge, a)))


def _add(one: Point, two: Point) -> Point:
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % _P, (one[1] + one[0]) * (two[1] + two[0]) % _P
    c, d = 2 * one[3] * two[3] * _D % _P, 2 * one[2] * two[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(factor: int, point: Point) -> Point:
    out: Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            out = _add(out, point)
        point, factor = _add(point, point), factor >> 1
    return out


def _same(one: Point, two: Point) -> bool:
    return (one[0] * two[2] - two[0] * one[2]) % _P == 0 and (one[1] * two[2] - two[1] * one[2]) % _P == 0


def _point(raw: bytes) -> Point | None:
    y = int.from_bytes(raw, "little")
    odd, y = y >> 255, y & ((1 << 255) - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if (x * x - square) % _P or (x == 0 and odd):
        return None
    if x & 1 != odd:
        x = _P - x
    return x, y, 1, x * y % _P


def signed(document: dict[str, Any], signature: str | None, keys: dict[str, bytes]) -> bool:
    """Whether one of the keys signed exactly this document."""
    kind, _, rest = (signature or "").partition(":")
    name, _, text = rest.partition(":")
    if kind != "ed25519" or name not in keys or hashlib.sha256(keys[name]).hexdigest()[:16] != name:
        return False
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
    except ValueError:
        return False
    return ed25519(keys[name], SIGNED + canonical(document), raw)


class Pack:
    """An opened pack; `check` yields what it proves, line by line, with whether it holds."""

    def __init__(self, path: Path, keys: dict[str, bytes] | None) -> None:
        with zipfile.ZipFile(path) as pack:
            self.names = pack.namelist()
            self.raw = {name: pack.read(name) for name in self.names}
        self.seal = json.loads(self.raw.get("chain.json", b"{}"))
        self.keys = keys if keys is not None else self._own_keys()

    def _own_keys(self) -> dict[str, bytes]:
        found = dict(self.seal.get("public_keys", {}))
        for proof in self._documents("line-"):
            found |= proof["public_keys"]
        return {name: bytes.fromhex(raw) for name, raw in found.items()}

    def _documents(self, prefix: str) -> list[dict[str, Any]]:
        return [
            json.loads(self.raw[name])
            for name in self.names
            if name.startswith(prefix) and name.endswith(".json")
        ]

    def check(self) -> Iterator[tuple[str, bool]]:
        """Every statement of the pack. Raises KeyError where a needed part is missing."""
        yield from self._chain()
        payment = json.loads(self.raw["payment.json"])
        attempts, self.deductions = payment["attempts"], payment["deductions"]
        proofs = {proof["fields"]["line_id"]: proof for proof in self._documents("line-")}
        yield (
            "支付标识由对象、项目、所属期、类别、次数算出 (payment id follows from the entitlement)",
            all(_payment_id(one) == payment["payment_id"] for one in attempts),
        )
        ids = [f"{uuid.UUID(payment['payment_id']).hex}-{one['attempt']}" for one in attempts]
        yield (
            "每次发送的端到端标识各不相同 (each attempt has its own end-to-end id)",
            ids == [one["end_to_end_id"] for one in attempts] and len(set(ids)) == len(ids),
        )
        live = [one for one in attempts if one["state"] not in ("REJECTED", "RETURNED")]
        yield "最多一笔有效支付 (at most one payment stands)", len(live) <= 1
        last = attempts[-1]
        order = next(one for one in payment["orders"] if one["order_id"] == last["order_id"])
        yield from self._line(proofs[last["line_id"]], last, order)
        yield from self._voucher(last, order)
        yield from self._application(proofs[last["line_id"]])
        yield from self._notices()

    def _chain(self) -> Iterator[tuple[str, bool]]:
        before, whole = START, True
        for entry in self.seal["entries"]:
            digest = hashlib.sha256(self.raw.get(entry["name"], b"?")).hexdigest()
            before = hashlib.sha256(f"{before}\n{entry['name']}\n{digest}".encode()).hexdigest()
            whole = whole and digest == entry["sha256"] and before == entry["chain"]
        named = [entry["name"] for entry in self.seal["entries"]] + ["chain.json"]
        yield "文件与摘要链一致 (files agree with the chain of digests)", whole
        yield "没有多出或缺少的文件 (no file too many or too few)", named == self.names
        yield "摘要链末端一致 (the chain ends where the seal says)", before == self.seal["seal"]["head"]
        yield (
            "证据包封签有效 (the pack's seal is signed)",
            signed(self.seal["seal"], self.seal["signature"], self.keys),
        )

    def _line(
        self, proof: dict[str, Any], last: dict[str, Any], order: dict[str, Any]
    ) -> Iterator[tuple[str, bool]]:
        nodes = {one["node"]: one for one in proof["nodes"]}
        needed = [*proof["required"], *SET_NODES]
        yield f"需要的签署齐全 (signed at {', '.join(needed)})", set(needed) <= set(nodes)
        for name in needed:
            one = nodes[name]
            leaf = hashed(b"\x00", canonical(proof["fields"] | {"amount_fen": one["amount_fen"]}))
            yield (
                f"{name}: 明细在已签署清册中 (the line stands in what was signed)",
                (leaf == one["leaf"] and climb(leaf, one["steps"]) == one["root"]),
            )
            yield f"{name}: 签名有效 (the signature is good)", self._signature(one)
        people = [nodes[name]["actor"] for name in needed] + [order["actor"]]
        yield (
            "各环节与支付申请不是同一人 (no two of signers and payer are the same)",
            len(set(people)) == len(people),
        )
        paid = nodes["finance_review"]["amount_fen"]
        kept_back = sum(one["amount_fen"] for one in self.deductions if one["attempt"] == last["attempt"])
        yield (
            "支付金额等于签署金额，扣回另列 (the amount is what was signed; the bank is told it less the deductions)",
            last["amount_fen"] == paid and last["net_fen"] == paid + kept_back,
        )
        here = next((one for one in order["slices"] if one["slice_id"] == proof["slice_id"]), None)
        left = [
            one for one in proof["exclusion_records"]
            if one["line_id"] == last["line_id"] and here is not None and one["seq"] <= here["exclusions"]
        ]  # fmt: skip
        yield (
            "支付单包含该清册，明细未被剔除 (the order names the slice, the line was not excluded)",
            here is not None and not left,
        )

    def _signature(self, one: dict[str, Any]) -> bool:
        if one["set"] is None:
            return signed(_document(one), one["signature"], self.keys)
        whole = one["set"]
        leaves = [
            hashed(b"\x00", canonical({"slice_id": name, "root": whole["roots"][name]}))
            for name in sorted(whole["roots"])
        ]
        covered = whole["roots"].get(one["subject"]) == one["root"] and merkle(leaves) == whole["root"]
        return covered and signed(_document(whole), whole["signature"], self.keys)

    def _voucher(self, last: dict[str, Any], order: dict[str, Any]) -> Iterator[tuple[str, bool]]:
        request, vouchers = order["request"], [one for one in order["vouchers"] if one["refusal"] is None]
        yield (
            "拨款凭证与清单摘要、金额一致 (the voucher agrees with the list's hash and total)",
            request is not None
            and any(
                (one["list_hash"], one["amount_fen"]) == (request["list_hash"], request["total_fen"])
                for one in vouchers
            ),
        )
        if last["state"] == "PAID":
            yield "银行已回执 (the bank answered)", bool(last["bank_ref"] and last["paid_at"])

    def _application(self, proof: dict[str, Any]) -> Iterator[tuple[str, bool]]:
        one = json.loads(self.raw["application.json"])
        yield (
            "申报与明细为同一申报、同一对象 (application and line belong together)",
            (
                one["application_id"] == proof["fields"]["application_id"]
                and one["subject_id"] == proof["fields"]["subject_id"]
            ),
        )
        if one["roster_id"] is None:
            yield "申报时已同意告知书 (consent was given with the application)", one["consent"] is not None

    def _notices(self) -> Iterator[tuple[str, bool]]:
        for notice in self._documents("notices/"):
            confirmed = notice["state"] != "confirmed" or notice["confirmed_at"][:10] > notice["ends_on"]
            yield f"第{notice['round']}轮公示期满后确认 (confirmed after the last day)", confirmed
            for photo in notice["photos"]:
                content = self.raw.get(f"photos/{photo['photo_id']}", b"")
                kind, _, digest = photo["digest"].rpartition(":")
                if kind and kind not in hashlib.algorithms_available:
                    yield (
                        f"此 Python 不能计算 {kind}，公示照片未核验 (this Python has no {kind}: not proved)",
                        False,
                    )
                    continue
                yield (
                    "公示照片与登记摘要一致 (the photo is the one that was filed)",
                    (hashlib.new(kind or "sha256", content).hexdigest() == digest),
                )


def _document(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "subject": one["subject"], "node": one["node"], "revision": one["revision"], "root": one["root"],
        "count": one["lines"], "total_fen": one["total_fen"], "actor": one["actor"],
        "work_item_id": one["work_item_id"], "at": one["signed_at"].replace("Z", "+00:00"),
    }  # fmt: skip


def _payment_id(one: dict[str, Any]) -> str:
    parts = (
        one["subject_id"],
        one["project"],
        one["entitlement_period"],
        one["kind"],
        str(one["installment"]),
    )
    return str(uuid.uuid5(PAYMENT_NAMESPACE, "|".join(parts)))


def main(argv: list[str] | None = None, say: Callable[[str], None] = print) -> int:
    """0 when every statement holds, 1 when one does not, 2 when the pack can't be read."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("pack", type=Path)
    parser.add_argument("--keys", type=Path, help="{key id: public key in hex}, from a source you trust")
    options = parser.parse_args(argv)
    try:
        trusted = None
        if options.keys:
            trusted = {
                name: bytes.fromhex(raw) for name, raw in json.loads(options.keys.read_text("utf-8")).items()
            }
        wrong = 0
        for statement, holds in Pack(options.pack, trusted).check():
            wrong += not holds
            say(f"{'✓' if holds else '✗'} {statement}")
    except (KeyError, ValueError, IndexError, StopIteration, OSError, zipfile.BadZipFile) as failure:
        say(f"✗ 证据包不完整或不可读 (incomplete or unreadable): {type(failure).__name__} {failure}")
        return 2
    say("全部成立 (everything holds)" if not wrong else f"{wrong} 项不成立 (do not hold)")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
