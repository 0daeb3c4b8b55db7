import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.keyring import KeyMissing
from kit.merkle import canonical_json, inclusion_proof, leaf, merkle_root, proves
from kit.signing import Signer, verify

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('ab字"\\\n\x7f', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
documents = st.dictionaries(st.text("abc名", max_size=4), values, max_size=5)


@given(documents)
def test_canonical_json_is_what_the_standard_library_writes(document: dict[str, Any]) -> None:
    plain = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical_json(document) == plain


@pytest.mark.parametrize(
    "value", [1.5, float("nan"), b"x", {1, 2}, [1.0], {"y": 0.1}, 2**70, "\ud800", {1: 2}]
)
def test_what_has_no_exact_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="exact"):
        canonical_json({"x": value})


def reference_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + reference_root(leaves[:split]) + reference_root(leaves[split:])).digest()


@pytest.mark.parametrize("count", [*range(1, 20), 33, 100])
def test_root_and_proofs(count: int) -> None:
    leaves = [leaf({"line_id": str(n), "amount_fen": n}) for n in range(count)]
    root = merkle_root(leaves)
    assert root == f"sha256:{reference_root(leaves).hex()}"
    for index in range(count):
        steps = inclusion_proof(leaves, index)
        assert proves(leaves[index], steps, root)
        assert not proves(leaf({"line_id": str(index), "amount_fen": -1}), steps, root)
    with pytest.raises(IndexError):
        inclusion_proof(leaves, count)


def test_order_content_count_and_algorithm_all_count() -> None:
    leaves = [leaf({"n": n}) for n in range(5)]
    roots = [
        merkle_root(leaves),
        merkle_root(leaves[::-1]),
        merkle_root(leaves[:4]),
        merkle_root([*leaves, leaves[-1]]),
        merkle_root(leaves, "sm3"),
        merkle_root([]),
    ]
    assert len(set(roots)) == len(roots)
    assert leaf({"n": 1}) != leaf({"n": "1"})
    assert leaf({"n": 1}, "sm3") != leaf({"n": 1})
    sm3 = [leaf({"n": n}, "sm3") for n in range(5)]
    assert proves(sm3[2], inclusion_proof(sm3, 2, "sm3"), merkle_root(sm3, "sm3"))
    assert not proves(leaves[0], [], "md5:00")
    assert not proves(leaves[0], [("left", "zz")], roots[0])


def test_signatures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAOHU_PROFILE", "production")
    with pytest.raises(KeyMissing):
        Signer(tmp_path)
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    signer, other = Signer(tmp_path), Signer(tmp_path, "other")
    document = {"root": "sha256:00", "node": "部门审核", "by": "u1"}
    signature = signer.sign(document)
    keys = signer.public_keys()
    assert signature.startswith(f"ed25519:{signer.key_id}:")
    assert verify(document, signature, keys)
    assert Signer(tmp_path).public_keys() == keys
    assert not verify(document | {"by": "u2"}, signature, keys)
    assert not verify(document, signature, other.public_keys())
    assert not verify(document, signature.replace("ed25519", "rsa"), keys)
    assert not verify(document, signature[:-4], keys)
    assert not verify(document, f"ed25519:{signer.key_id}:?", keys)
    assert not verify(document, "", keys)
