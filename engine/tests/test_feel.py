"""FEEL's semantics: numbers, logic, names, lists, contexts and built-in functions."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Context, Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.feel import YearsMonths, compile_expression


def feel(text: str, **inputs: Any) -> Any:
    """The value, with no problem on the way."""
    problems: list[str] = []
    value = compile_expression(text, inputs.keys()).evaluate(inputs, problems.append)
    assert problems == []
    return value


def null(text: str, **inputs: Any) -> str:
    """The problem of a text that is null for a reason."""
    problems: list[str] = []
    assert compile_expression(text, inputs.keys()).evaluate(inputs, problems.append) is None
    assert problems
    return problems[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("10 - 2 - 3", 5), ("100 / 10 / 2", 5), ("2 ** 3 ** 2", 64),
        ("-2 ** 2", 4), ("- - 5", 5), ("0.1 + 0.2", Decimal("0.3")), ("1 / 3 * 3 = 1", False),
        (".5 + .5", 1), ("1 / 3", Decimal("0." + "3" * 34)), ("2 / 3", Decimal("0." + "6" * 33 + "7")),
        ("0 ** 0", 1), ("1 = 1.00", True), ("decimal(0.125, 2)", Decimal("0.12")),
        ("decimal(0.375, 2)", Decimal("0.38")), ("round half up(2.345, 2)", Decimal("2.35")),
        ("round half up(-2.5, 0)", -3), ("decimal(2.5, 9)", 2.5), ("round half down(-2.5, 0)", -2),
        ("round up(1.001, 1)", Decimal("1.1")), ("round down(-1.9, 0)", -1), ("floor(-1.5)", -2),
        ("ceiling(-1.5)", -1), ("floor(1234, -2)", 1200), ("abs(-3)", 3), ("modulo(-12, 5)", 3),
        ("modulo(12, -5)", -3), ("modulo(10.1, 4.5)", Decimal("1.1")), ("sqrt(16)", 4), ("even(4)", True),
        ("odd(-3)", True), ("/* note */ 1 // end", 1), ("sum(1, 2.5)", Decimal("3.5")), ("sum([])", None),
        ("mean([1, 2, 6])", 3), ("median([8, 2, 5, 3])", 4), ("min(3, 1, 2)", 1),
        ('max(["a", "c", "b"])', "c"), ("product(2, 3, 4)", 24), ("count([1, null])", 2),
        ('number("1 000,50", " ", ",")', Decimal("1000.50")), ('number("12.5")', Decimal("12.5")),
    ],
)  # fmt: skip
def test_numbers(text: str, value: Any) -> None:
    assert feel(text) == value


numbers = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12)
DECIMAL128 = Context(prec=34)


@given(numbers, numbers)
def test_arithmetic_is_that_of_34_digit_decimals(a: Decimal, b: Decimal) -> None:
    assert feel("a + b", a=a, b=b) == DECIMAL128.add(a, b)
    assert feel("a * b", a=a, b=b) == DECIMAL128.multiply(a, b)
    assert feel("a - b = -(b - a)", a=a, b=b) is True
    assume(b != 0)
    assert feel("a / b", a=a, b=b) == DECIMAL128.divide(a, b)


@given(numbers, numbers)
def test_order_is_total_and_modulo_takes_the_divisors_sign(a: Decimal, b: Decimal) -> None:
    assert [feel(f"a {sign} b", a=a, b=b) for sign in ("<", "=", ">")].count(True) == 1
    assert feel("a <= b", a=a, b=b) is (a <= b)
    assume(b != 0)
    rest = feel("modulo(a, b)", a=a, b=b)
    assert abs(rest) < abs(b)
    assert rest == 0 or (rest < 0) is (b < 0)


@given(st.integers(-(10**33), 10**33))
def test_whole_numbers_go_in_and_out_unchanged(n: int) -> None:
    value = feel("n", n=n)
    assert value == n
    assert type(value) is int


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
def test_a_float_means_the_digits_it_shows(x: float) -> None:
    assert feel("x", x=x) == Decimal(repr(x))


@pytest.mark.parametrize(
    "text",
    [
        "1 / 0", "0 / 0", "modulo(1, 0)", "sqrt(-1)", "log(0)", "10 ** 10000", "(-8) ** 0.5", '1 + "a"',
        '"a" - "b"', "-true", "decimal(1, 0.5)", 'number("1,5")', 'number("１")', 'number("")', '1 < "a"',
        "true < false", '1 = "1"', "[1, 2, 3][4]", "[1][0]", "[1][-2]", '{a: 1}.b', 'date("2023-02-30")',
        "date(2023, 13, 1)", 'date("2023-5-1")', 'time("25:00:00")', 'duration("7D")', 'duration("P")',
        '@"2023-01-01" + 1', '@"0001-01-01" - @"P1D"', '@"2023-01-01" < @"2023-01-01T00:00:00"',
        'substring("abc", 0)', 'substring("abc", 9)', "sublist([1], 2, 1)", 'sum([1, "a"])', 'min(1, "a")',
        'string length(5)', "date(2023, 1.5, 1)", "for x in null return x", "for x in 1..1.5 return x",
    ],
)  # fmt: skip
def test_an_error_is_null_with_a_reason(text: str) -> None:
    assert null(text)


def test_numbers_out_of_range_are_null() -> None:
    for value in (float("nan"), float("inf"), Decimal("NaN"), Decimal("1e7000"), 10**7000):
        assert null("x", x=value)


T, F, N = True, False, None


@pytest.mark.parametrize(
    ("a", "b", "both", "either"),
    [
        (T, T, T, T), (T, F, F, T), (T, N, N, T), (F, T, F, T), (F, F, F, F), (F, N, F, N), (N, T, N, T),
        (N, F, F, N), (N, N, N, N), (T, 5, N, T), (F, 5, F, N), (5, F, F, N), (5, T, N, T),
    ],
)  # fmt: skip
def test_three_valued_logic(a: Any, b: Any, both: Any, either: Any) -> None:
    assert feel("a and b", a=a, b=b) is both
    assert feel("a or b", a=a, b=b) is either
    assert feel("all([a, b])", a=a, b=b) is both
    assert feel("any([a, b])", a=a, b=b) is either
    assert feel("every x in [a, b] satisfies x", a=a, b=b) is both
    assert feel("some x in [a, b] satisfies x", a=a, b=b) is either


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("not(null)", None), ("not(true)", False), ("not(5)", None), ("null = null", True),
        ("null != null", False), ("null = 1", False), ("null != 1", True), ("null < 1", None),
        ("null >= null", None), ("null + 1", None), ("null between 1 and 2", None),
        ("3 between null and 2", False), ("2 between 1 and null", None), ("if null then 1 else 2", 2),
        ("null in [1..2]", None), ("null in (null, 1)", True), ("1 in null", False), ("null.a", None),
        ("null[1]", None), ("string length(null)", None), ("count(null)", None), ("sum([1, null])", None),
        ("max(null, 1)", None), ("string(null)", None), ("-null", None), ("[1, null] = [1, null]", True),
        ("{a: null} = {a: 1}", False), ("is(null, null)", True), ("list contains([1, null], null)", True),
        ("null instance of Any", False),
    ],
)  # fmt: skip
def test_null(text: str, value: Any) -> None:
    assert feel(text) is value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5 in [1..5]", True), ("5 in [1..5)", False), ("5 in [1..5[", False), ("1 in (1..5]", False),
        ("1 in ]1..5]", False), ("5 in (< 3, >= 5)", True), ("5 in < 3", False), ("5 in (1, [4..6])", True),
        ("5 in (5)", True), ("5 in [4, 5]", True), ("5 in (> 5)", False), ('"b" in ["a".."c"]', True),
        ("2 between 1 and 3 and true", True), ("1 < 2 and 2 < 3 or false", True), ("[1..3].end", 3),
        ("(1..3].start included", False), ("[1..3] = [1..3]", True), ("5 instance of number", True),
        ('@"2023-01-01" instance of date and time', False),
        ("if 1 > 2 then 1 else if true then 2 else 3", 2), ("[1, 2, 3][item > 1]", [2, 3]),
        ("[1, 2, 3][2]", 2), ("[1, 2, 3][-1]", 3), ("7[1]", 7), ("7[item > 8]", []),
        ("[1, 2][true]", [1, 2]), ("[1, 2][null]", []), ("[{a: 1, b: 5}, {a: 2}][a = 2]", [{"a": 2}]),
        ("[{a: 1}, {a: 2}, {b: 3}].a", [1, 2, None]), ("{a: {b: 7}}.a.b", 7),
        ("{a: 1, b: a + 1}", {"a": 1, "b": 2}), ('{"first name": 1}.first name', 1),
        ("{first name: 1, b: first name + 1}.b", 2), ("{}", {}), ("[]", []),
        ("for x in [1, 2] return x * x", [1, 4]), ("for i in 3..1 return i", [3, 2, 1]),
        ("for x in [1, 2], y in [x, 10] return x * y", [1, 10, 4, 20]), ("count(for x in 1..3 return x)", 3),
        ("some x in [1, 2], y in [2] satisfies x > y", False), ("every x in [] satisfies false", True),
        ("for big name in [1] return big name + 1", [2]), ("append([1], 2, 3)", [1, 2, 3]),
        ("reverse([1, 2])", [2, 1]), ("concatenate([1], [2], 3)", [1, 2, 3]),
        ("insert before([1, 2], 2, 9)", [1, 9, 2]), ("remove([1, 2], -1)", [1]),
        ("sublist([1, 2, 3], -2)", [2, 3]), ("sublist([1, 2, 3], 1, 2)", [1, 2]),
        ("index of([1, 2, 1], 1)", [1, 3]), ('distinct values([1, "a", 1.0, null, null])', [1, "a", None]),
        ("union([1, 2], [2, 3])", [1, 2, 3]), ("flatten([1, [2, [3]], []])", [1, 2, 3]),
        ("get value({a: 1}, \"a\")", 1), ("list contains([1], 1.0)", True),
    ],
)  # fmt: skip
def test_ranges_lists_contexts(text: str, value: Any) -> None:
    assert feel(text) == value
    assert type(feel(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a" + "b"', "ab"), ('string length("补贴𠮷")', 3), ('substring("foobar", 3, 3)', "oba"),
        ('substring("foobar", -2, 1)', "a"), ('substring("foobar", 3)', "obar"), ('upper case("aB")', "AB"),
        ('lower case("aB")', "ab"), ('substring before("foobar", "bar")', "foo"),
        ('substring before("a", "x")', ""), ('substring after("foobar", "ob")', "ar"),
        ('contains("foo", "of")', False), ('starts with("ab", "a")', True), ('ends with("ab", "b")', True),
        ('string join(["a", null, "b"], "-")', "a-b"), ("string(1.50)", "1.50"),
        ('"\\"\\n\\u8865\\U01F600\\\\"', '"\n补\U0001f600\\'),
        ('string([1, "a", true, null])', '[1, "a", true, null]'),
        ('string({a: @"2023-01-01"})', "{a: 2023-01-01}"), ("string([1..2))", "[1..2)"), ('"a" < "b"', True),
    ],
)  # fmt: skip
def test_strings(text: str, value: Any) -> None:
    assert feel(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('date("2023-05-01")', date(2023, 5, 1)), ('@"2023-05-01"', date(2023, 5, 1)),
        ("date(2023, 5, 1)", date(2023, 5, 1)), ('time("10:20:30.5Z")', time(10, 20, 30, 500000, UTC)),
        ("time(1, 2, 3.5)", time(1, 2, 3, 500000)),
        ('time(1, 2, 3, @"PT8H")', time(1, 2, 3, tzinfo=timezone(timedelta(hours=8)))),
        ('date and time("2023-05-01T10:00:00")', datetime(2023, 5, 1, 10)),
        ('date and time("2023-05-01T10:00:00+08:00") = @"2023-05-01T02:00:00Z"', True),
        ('date and time("2023-05-01T10:00:00@Asia/Shanghai") = @"2023-05-01T02:00:00Z"', True),
        ('date and time(@"2023-05-01", @"10:00:00")', datetime(2023, 5, 1, 10)),
        ('date(@"2023-05-01T10:00:00")', date(2023, 5, 1)), ('@"2023-05-01" + @"P7D"', date(2023, 5, 8)),
        ('@"P7D" + @"2023-05-01"', date(2023, 5, 8)), ('@"2023-05-01" - @"P1D"', date(2023, 4, 30)),
        ('@"2020-02-29" + @"P1Y"', date(2021, 2, 28)),
        ('@"2023-01-31" + duration("P1M")', date(2023, 2, 28)),
        ('@"2023-03-31" - @"P1M"', date(2023, 2, 28)), ('@"2023-05-08" - @"2023-05-01"', timedelta(7)),
        ('@"2023-05-01" + @"PT36H"', date(2023, 5, 2)), ('@"23:00:00" + @"PT2H"', time(1)),
        ('@"01:00:00" - @"02:00:00"', timedelta(hours=-1)),
        ('@"2023-05-01T10:00:00" + @"PT1H"', datetime(2023, 5, 1, 11)), ('@"P1D" * 2', timedelta(2)),
        ('3 * @"P1M"', YearsMonths(3)), ('@"P1D" / @"PT6H"', 4), ('@"P1Y" / 5', YearsMonths(2)),
        ('@"-P1Y2M".months', -2), ('-@"P1D"', timedelta(-1)), ('abs(@"-P1M")', YearsMonths(1)),
        ('@"P1Y2M" + @"P10M"', YearsMonths(24)), ('@"PT26H".days', 1), ('@"PT26H".hours', 2),
        ('years and months duration(@"1950-05-02", @"2023-05-01").years', 72),
        ('years and months duration(@"1950-05-01", @"2023-05-01").years', 73),
        ('years and months duration(@"2023-05-01", @"1950-05-01").years', -73), ('@"2023-05-01".weekday', 1),
        ('day of week(@"2023-05-01")', "Monday"), ('month of year(@"2023-05-01")', "May"),
        ('day of year(@"2023-02-01")', 32), ('week of year(@"2023-01-02")', 1),
        ('@"2023-05-01T10:20:30".minute', 20),
        ('@"2023-05-01T10:20:30+08:00".time offset', timedelta(hours=8)),
        ('string(@"-P1DT2H0.5S")', "-P1DT2H0.5S"), ('string(@"P14M")', "P1Y2M"),
        ('string(@"2023-05-01T01:02:03Z")', "2023-05-01T01:02:03Z"),
        ('string(@"01:02:03+08:00")', "01:02:03+08:00"), ('string(@"P0D")', "PT0S"),
        ('@"2023-05-01" in [@"2023-01-01"..@"2023-12-31"]', True), ('@"P1D" < @"P2D"', True),
    ],
)  # fmt: skip
def test_dates(text: str, value: Any) -> None:
    assert feel(text) == value


@given(st.dates(date(1, 1, 1), date(9999, 12, 31)), st.timedeltas(timedelta(-400000), timedelta(400000)))
def test_temporal_values_read_back_from_their_text(day: date, span: timedelta) -> None:
    assert feel("date(string(d)) = d", d=day) is True
    assert feel("duration(string(s)) = s", s=span) is True
