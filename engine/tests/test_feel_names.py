"""Names (Chinese, with spaces, with operators inside, dotted) and the tests in a decision table's cells."""

from datetime import date, datetime
from typing import Any

import pytest

from engine.feel import FeelError, compile_expression, compile_unary_tests

NAMES = {
    "申请年龄": 61, "人均收入/月": 8, "first name": "x", "a-b": 7, "a": 1, "b": 3, "in care": True,
    "date and age": 5, "count": 4, "if eligible": 2, "income or pension": 9, "x.y": {"z z": 6}, "day": 12,
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("申请年龄 >= 60", True),
        ("申请年龄>=60", True), ('first   name = "x"', True), ("a-b", 7), ("a - b", -2),
        ("a -b", -2), ("a-b-b", 4), ("in care", True), ("true in (in care)", True), ("date and age + 1", 6),
        ('date("2023-01-01").day', 1), ("count + count([1])", 5), ("if if eligible = 2 then 1 else 0", 1),
        ("income or pension", 9),
        ("in care or income or pension = 9", True), ("人均收入/月 / 2", 4), ("day", 12),
        ("for a in [5] return a", [5]), ("{b: 10, c: b}.c", 10), ("[{a: 4}][a = 4]", [{"a": 4}]),
        ("[5][item > b]", [5]),
        ("for 人 in [1, 2] return 人 + 申请年龄", [62, 63]),
    ],
)  # fmt: skip
def test_names(text: str, value: Any) -> None:
    assert compile_expression(text, NAMES.keys()).evaluate(NAMES) == value


def test_paths_follow_their_declaration() -> None:
    person = {"person": {"age": 61, "home": {"town": "A"}}}
    inputs = ["person.age", "person.home"]
    assert compile_expression("person.age >= 60", inputs).evaluate(person) is True
    assert compile_expression("person.home.town", inputs).evaluate(person) == "A"
    assert compile_expression("person.age + 1", inputs).names == {"person.age"}
    for text in ("person.name", "age", "town", "person.ages"):
        with pytest.raises(FeelError, match="未声明"):
            compile_expression(text, inputs)
    assert compile_expression("person.name", ["person"]).evaluate({"person": {"name": 1}}) == 1


def test_names_without_declaration_are_words_in_a_row() -> None:
    expression = compile_expression("applicant age >= 60 and 城 乡 in (1, 2)")
    assert expression.names == {"applicant age", "城 乡"}
    assert expression.evaluate({"applicant age": 60, "城 乡": 2}) is True


@pytest.mark.parametrize(
    "name", ["", "1a", "if", "a(b", 'a"b', "a..b", "__x]", "a,b", "not", "a:b", ".a", "a."]
)
def test_names_that_cannot_be_declared(name: str) -> None:
    with pytest.raises(FeelError):
        compile_expression("1", [name])


@pytest.mark.parametrize(
    ("cell", "hits", "misses"),
    [
        (">= 60", [60, 61], [59, None, "60"]), ('"a","b"', ["a", "b"], ["c", None]),
        ('not("x")', ["y", None], ["x"]), ('not("x", "y")', ["z"], ["x", "y"]),
        ("[60..80)", [60, 79.9], [80, None]), ("null", [None], [0, "", False]), ("-", [None, 1, "x"], []),
        ("not(null)", [0, "a"], [None]), ("< 1, > 5", [0, 6], [3]), ("false", [False], [True, None]),
        ("true", [True], [False]), ("-5", [-5], [5]), ("[1, 2]", [1, 2], [3]),
        ("? > 3 and ? < 5", [4], [3, None]), ('contains(?, "x")', ["axb"], ["a"]),
        ("not(> 5)", [5], [6, None]), ("not([1..3], 7)", [4], [2, 7]), ("limit", [10], [9]),
        ("< limit", [9], [10]), ("in set", [1, 2], [3]), ("!= 3", [4], [3]),
        ('@"2023-01-01"', [date(2023, 1, 1)], [datetime(2023, 1, 1)]), ("(1..2)", [1.5], [1, 2]),
        ("] 1 .. 2 [", [1.5], [1, 2]), ("limit > 5", [None, 1], []), ("? in in set", [1], [3]),
        ("(5)", [5], [4]), ("not(? = 1)", [2], [1]),
    ],
)  # fmt: skip
def test_cells(cell: str, hits: list[Any], misses: list[Any]) -> None:
    tests = compile_unary_tests(cell, ["limit", "in set"])
    context = {"limit": 10, "in set": [1, 2]}
    assert [tests.matches(value, context) for value in hits] == [True] * len(hits)
    assert all(tests.matches(value, context) is not True for value in misses)
