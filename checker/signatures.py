"""I8: who decided and signed was allowed to, signatures and roots verify, and the order is what was signed."""

import base64
import binascii
import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from checker import merkle
from checker.invariant import Invariant
from checker.sources import Row, Sources

NODES = {
    "township_review": ("township_reviewer", "township"),
    "department_review": ("county_reviewer", "county"),
    "finance_review": ("finance_reviewer", "county"),
}
"""Signing node → the role that signs there, and whose region it is."""
FOUR_EYES = {
    "township_review": {"township_confirm", "correct_lines"},
    "department_review": {"county_submit"},
    "finance_review": {"county_submit", "department_review"},
    "payment_request": {"county_submit", "department_review", "finance_review"},
}
"""Node → nodes of the same instance whose actor may not be the same: whatever a project's manifest says."""
_ACTOR = re.compile(r"(?P<role>[a-z_]+?)[.#-]?\d*@(?P<region>\d{4}|\d{6}|\d{9}|\d{12})")


def may(actor: str, role: str, region: str) -> bool:
    """Whether `<role>@<region>` has this role, in a region that covers this one (lengths are levels)."""
    match = _ACTOR.fullmatch(actor)
    return match is not None and match["role"] == role and region.startswith(match["region"])


async def signatures(found: Invariant, sources: Sources) -> None:
    """Work items, then manifests, then orders."""
    await _work_items(found, sources)
    manifests = await sources.rows("batch", "SELECT * FROM manifest ORDER BY seq")
    leaves: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in await sources.rows("batch", "SELECT * FROM manifest_leaf ORDER BY manifest_id, line_id"):
        leaves[row["manifest_id"]][row["line_id"]] = row
    await _actors(found, sources, manifests)
    _roots(found, manifests, leaves, _public_keys(sources.key_dir))
    await _lines(found, sources, manifests, leaves)
    await _orders(found, sources, manifests, leaves)


async def _work_items(found: Invariant, sources: Sources) -> None:
    done: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    rows = await sources.rows(
        "orchestrator", "SELECT * FROM work_item WHERE kind = 'act' AND state IN ('done', 'completing')"
    )
    for row in rows:
        done[row["instance_id"]][row["node"]].add(row["completed_by"] or "")
    for row in rows:
        actor, name = row["completed_by"] or "", f"work item {row['id']} ({row['node']})"
        found.expect(may(actor, row["role"], row["region"]), f"{name}: {actor} is not {row['role']} there")
        for other in {*row["others"], *FOUR_EYES.get(row["node"], ())}:
            same = actor in done[row["instance_id"]].get(other, ())
            found.expect(not same, f"{name}: {actor} also decided {other}")
    found.figures["work_items"] = len(rows)


async def _actors(found: Invariant, sources: Sources, manifests: list[Row]) -> None:
    """Signers have role and region, and nobody signed what they made or signed elsewhere."""
    places = {
        row["key"]: row
        for row in await sources.rows(
            "batch",
            "SELECT slice_id AS key, township, county, submitted_by AS maker FROM slice UNION ALL "
            "SELECT set_id, NULL, county, opened_by FROM settlement_set",
        )
    }
    signers: dict[str, dict[str, str]] = defaultdict(dict)
    for one in manifests:
        name = f"manifest of {one['subject']} at {one['node']}"
        place = places.get(one["subject"])
        if not found.expect(
            place is not None and one["node"] in NODES, f"{name}: subject or node is unknown"
        ):
            continue
        assert place is not None
        role, level = NODES[one["node"]]
        found.expect(
            may(one["actor"], role, place[level] or ""), f"{name}: {one['actor']} is not {role} there"
        )
        found.expect(one["actor"] != place["maker"], f"{name}: maker and checker are {one['actor']}")
        if one["superseded_at"] is None:
            same = [node for node, actor in signers[one["subject"]].items() if actor == one["actor"]]
            found.expect(not same, f"{name}: {one['actor']} also signed {same}")
            signers[one["subject"]][one["node"]] = one["actor"]
    found.figures["manifests"] = len(manifests)


def _roots(
    found: Invariant,
    manifests: list[Row],
    leaves: Mapping[str, Mapping[str, Row]],
    keys: Mapping[str, Ed25519PublicKey],
) -> None:
    parts: dict[tuple[str, str, str], dict[str, Row]] = defaultdict(dict)
    for one in manifests:
        if one["set_id"] and one["subject"] != one["set_id"]:
            parts[one["set_id"], one["node"], one["work_item_id"]][one["subject"]] = one
    for one in manifests:
        name = f"manifest of {one['subject']} at {one['node']}"
        if one["subject"] == one["set_id"]:
            members = parts[one["set_id"], one["node"], one["work_item_id"]]
            hashes = [merkle.slice_leaf(key, members[key]["root"]) for key in sorted(members)]
            lines = sum(part["lines"] for part in members.values())
            total = sum(part["total_fen"] or 0 for part in members.values())
        else:
            rows = leaves.get(one["manifest_id"], {})
            hashes = [rows[line]["leaf"] for line in sorted(rows)]
            amounts = [row["amount_fen"] for row in rows.values() if row["amount_fen"] is not None]
            lines, total = len(rows), sum(amounts)
        found.expect(merkle.root(hashes) == one["root"], f"{name}: its leaves give another root")
        money = one["total_fen"] is None or one["total_fen"] == total
        found.expect(lines == one["lines"] and money, f"{name}: count or sum differs from its leaves")
        if one["signature"] is not None or one["set_id"] in (None, one["subject"]):
            found.expect(verifies(one, keys), f"{name}: the signature does not verify")
            found.figures["signatures"] += 1


async def _lines(
    found: Invariant, sources: Sources, manifests: list[Row], leaves: Mapping[str, Mapping[str, Row]]
) -> None:
    """Lines that stand in a signed slice still are what was signed."""
    lines = {row["line_id"]: row for row in await sources.rows("batch", "SELECT * FROM line")}
    for one in manifests:
        if one["superseded_at"] is not None or one["subject"] == one["set_id"]:
            continue
        for line_id, signed in leaves.get(one["manifest_id"], {}).items():
            line = lines.get(line_id)
            name = f"line {line_id} of {one['subject']} at {one['node']}"
            if line is None:
                found.fail(f"{name} was signed and is gone")
            elif line["slice_id"] == one["subject"] and line["state"] != "void":
                now = merkle.leaf(dict(line) | {"amount_fen": signed["amount_fen"]})
                found.expect(now == signed["leaf"], f"{name} is no longer what was signed")
                if one["node"] == "finance_review":
                    same = line["amount_fen"] == signed["amount_fen"]
                    found.expect(same, f"{name}: the amount is no longer what was signed")


async def _orders(
    found: Invariant, sources: Sources, manifests: list[Row], leaves: Mapping[str, Mapping[str, Row]]
) -> None:
    """Each order's lines = the lines in every manifest, minus the exclusions until then."""
    live = {(one["subject"], one["node"]): one for one in manifests if one["superseded_at"] is None}
    excluded: dict[str, dict[str, int]] = defaultdict(dict)
    for row in await sources.rows(
        "batch", "SELECT slice_id, line_id, min(seq) AS seq FROM exclusion GROUP BY 1, 2"
    ):
        excluded[row["slice_id"]][row["line_id"]] = row["seq"]
    drawn: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for sql in ("payment", "withheld"):
        rows = await sources.rows("payment", f"SELECT order_id, slice_id, line_id, amount_fen FROM {sql}")
        for row in rows:
            drawn[row["order_id"], row["slice_id"]][row["line_id"]] = row["amount_fen"]
    asked = await _asked(found, sources)
    for row in await sources.rows("payment", "SELECT * FROM order_slice"):
        nodes = [*asked.get(row["slice_id"], ("township_review",)), "department_review", "finance_review"]
        signed = [live.get((row["slice_id"], node)) for node in nodes]
        name = f"order {row['order_id']}, slice {row['slice_id']}"
        if not found.expect(None not in signed, f"{name}: not signed at every node"):
            continue
        *before, department, finance = (leaves.get(one["manifest_id"], {}) for one in signed if one)
        left = {line for line, seq in excluded[row["slice_id"]].items() if seq <= row["exclusions"]}
        due = {
            line: one["amount_fen"]
            for line, one in finance.items()
            if line not in left and all(line in one for one in before)
            if line in department and department[line]["leaf"] == one["leaf"]
        }
        paid = drawn.pop((row["order_id"], row["slice_id"]), {})
        odd = sorted(line for line in due.keys() | paid.keys() if due.get(line) != paid.get(line))
        found.expect(not odd, f"{name}: differs from what was signed, lines {odd[:3]}")
        found.figures["order_lines"] += len(paid)
    for order_id, slice_id in drawn:
        found.fail(f"order {order_id} pays lines of slice {slice_id}, which it does not name")
    await _payers(found, sources)


async def _asked(found: Invariant, sources: Sources) -> dict[str, list[str]]:
    """Slice → the signatures its lines need before the county's; a version of its project must say so too.

    A reissue needs none: its lines were signed for before, and the bank sent the money back.
    """
    declared: dict[str, list[list[str]]] = defaultdict(list)
    for row in await sources.rows("orchestrator", "SELECT project, manifest FROM project_version"):
        route = [] if row["manifest"].get("route") == "C" else ["township_review"]
        declared[row["project"]].append(row["manifest"].get("signatures", {}).get("slice", route))
    asked: dict[str, list[str]] = {}
    for row in await sources.rows("batch", "SELECT slice_id, project, kind, signatures FROM slice"):
        wanted = [[]] if row["kind"] == "reissue" else declared[row["project"]]
        asked[row["slice_id"]] = row["signatures"]
        found.expect(
            row["signatures"] in wanted, f"slice {row['slice_id']} asks for other signatures than its project"
        )
    return asked


async def _payers(found: Invariant, sources: Sources) -> None:
    for row in await sources.rows("payment", "SELECT order_id, actor, county FROM payment_order"):
        allowed = may(row["actor"], "finance_payer", row["county"])
        found.expect(allowed, f"order {row['order_id']}: {row['actor']} is not finance_payer there")


def _public_keys(key_dir: Path) -> dict[str, Ed25519PublicKey]:
    """The manifest keys by their name (16 hex digits of the SHA-256 of the raw key)."""
    keys: dict[str, Ed25519PublicKey] = {}
    for path in sorted(key_dir.glob("*manifest*ed25519*.pem")):
        text = path.read_bytes()
        if b"PRIVATE" in text:
            private = load_pem_private_key(text, password=None)
            assert isinstance(private, Ed25519PrivateKey), path.name
            key = private.public_key()
        else:
            public = load_pem_public_key(text)
            assert isinstance(public, Ed25519PublicKey), path.name
            key = public
        keys[hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]] = key
    return keys


def verifies(one: Mapping[str, Any], keys: Mapping[str, Ed25519PublicKey]) -> bool:
    """Whether a trusted key signed exactly this manifest's facts."""
    algorithm, _, rest = (one["signature"] or "").partition(":")
    name, _, text = rest.partition(":")
    if algorithm != "ed25519" or name not in keys or name != one["key_id"]:
        return False
    document = {
        "subject": one["subject"], "node": one["node"], "revision": one["revision"], "root": one["root"],
        "count": one["lines"], "total_fen": one["total_fen"], "actor": one["actor"],
        "work_item_id": one["work_item_id"], "at": one["signed_at"].isoformat(),
    }  # fmt: skip
    covered = b"daohu-signature-v1\n" + orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    try:
        keys[name].verify(base64.b64decode(text, altchars=b"-_", validate=True), covered)
    except (InvalidSignature, binascii.Error):
        return False
    return True
