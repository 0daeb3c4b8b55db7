"""The signature's arithmetic: any change of a signed field, any line more or fewer, gives another root."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import canonical
from contracts.batch import Line, LineState
from contracts.manifest import EMPTY, FIELDS, leaf, root, set_root, signable, slice_root


def line(number: int, **changes: Any) -> Line:
    values: dict[str, Any] = {
        "line_id": f"l{number:04d}",
        "rev": 1,
        "application_id": f"a{number}",
        "subject_id": f"s{number}",
        "payee_id": f"s{number}",
        "village": "990101001001",
        "state": LineState.NORMAL,
        "entitlement_period": "202305",
        "amount_fen": 10_000,
    }
    return Line(**(values | changes))


def test_a_mapping_and_a_line_give_the_same_leaf() -> None:
    assert leaf(line(1)) == leaf(line(1).model_dump(mode="json"))


@pytest.mark.parametrize("field", FIELDS)
def test_every_signed_field_counts(field: str) -> None:
    row = line(1).model_dump(mode="json")
    changed = row | {field: 7 if isinstance(row[field], int) else "other"}
    assert leaf(row) != leaf(changed)
    del changed[field]
    with pytest.raises(KeyError):
        leaf(changed)


def test_the_revision_is_not_signed() -> None:
    assert leaf(line(1)) == leaf(line(1, rev=9, reason="x"))


def test_small_trees_are_those_of_rfc_6962() -> None:
    a, b, c = (leaf(line(number)) for number in (1, 2, 3))

    def node(left: str, right: str) -> str:
        return hashlib.sha256(b"\x01" + bytes.fromhex(left) + bytes.fromhex(right)).hexdigest()

    assert root([]) == EMPTY == hashlib.sha256(b"").hexdigest()
    assert root([a]) == a
    assert root([a, b]) == node(a, b)
    assert root([a, b, c]) == node(node(a, b), c)


@given(st.sets(st.integers(0, 200), min_size=1, max_size=40), st.data())
def test_a_line_more_or_fewer_shows(numbers: set[int], data: st.DataObject) -> None:
    lines = [line(number) for number in numbers]
    shuffled = data.draw(st.permutations(lines))
    assert slice_root(shuffled) == slice_root(lines)
    gone = data.draw(st.sampled_from(lines)).line_id
    assert slice_root(lines, frozenset({gone})) != slice_root(lines)


def test_only_normal_lines_are_signed() -> None:
    lines = [line(1), line(2, state=LineState.HELD), line(3, state=LineState.VOID), line(4)]
    kept = signable(lines, frozenset({"l0004"}))
    assert [one.line_id for one in kept if isinstance(one, Line)] == ["l0001"]


def test_a_set_binds_each_root_to_its_slice() -> None:
    assert set_root({"s1": "aa" * 32, "s2": "bb" * 32}) == set_root({"s2": "bb" * 32, "s1": "aa" * 32})
    assert set_root({"s1": "aa" * 32, "s2": "bb" * 32}) != set_root({"s1": "bb" * 32, "s2": "aa" * 32})


def test_canonical_json_is_what_the_standard_library_writes() -> None:
    texts = "".join(map(chr, [*range(0x20), 0x22, 0x5C, 0x7F, 0x85, 0x2028, 0x2029, 0xFEFF, 0x20BB7]))
    value = {"姓": texts, "b": [None, True, -1, 2**53, 2**63 - 1], "a": {"z": "", "1": {}}}
    expected = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert canonical(value) == expected
