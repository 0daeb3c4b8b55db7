"""Pure decisions: states, ledger moves, standards, orders, files."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payment.domain import bankfile, results
from services.payment.domain.bankfile import Detail, PayTo
from services.payment.domain.ledger import Kind, Move, entries
from services.payment.domain.orders import Candidate, Former, draw
from services.payment.domain.results import Claim, Held, Refused
from services.payment.domain.standards import Standard, StandardClash, choose, closing_day, first_day, pin
from services.payment.domain.states import REPEATABLE, SETTLED, STEPS, State, may_step

STATES = st.sampled_from(State)
KEY = "a" * 32 + "-1"


@given(st.lists(STATES, min_size=1, max_size=12))
def test_no_walk_leaves_a_settled_state_but_by_return(wishes: list[State]) -> None:
    state, paid = State.PLANNED, False
    for wish in wishes:
        if may_step(state, wish):
            assert state not in SETTLED or (state, wish) == (State.PAID, State.RETURNED)
            state = wish
            paid = paid or state is State.PAID
    assert not paid or state in (State.PAID, State.RETURNED)


def test_the_bank_alone_ends_unknown_and_nothing_goes_back_to_be_sent_again() -> None:
    assert STEPS[State.UNKNOWN] == {State.PAID, State.REJECTED, State.RETURNED}
    assert not any(may_step(state, State.SUBMITTED) for state in State if state is not State.COMMITTED)
    assert all(state in SETTLED for state in REPEATABLE)


@given(st.lists(st.tuples(st.sampled_from(Kind), st.sampled_from(Kind), st.integers(0, 10**12)), max_size=20))
def test_moves_always_balance(moves: list[tuple[Kind, Kind, int]]) -> None:
    sums = entries(Move(*one) for one in moves)
    assert sum(sums.values()) == 0 and 0 not in sums.values() and len(sums) != 1


def test_a_negative_move_is_refused() -> None:
    with pytest.raises(ValueError, match="never negative"):
        entries([Move(Kind.BUDGET, Kind.PAID, -1)])


def standard(name: str, start: date, end: date | None = None, category: str = "c") -> Standard:
    return Standard(name, category, "人·月", Decimal("50"), start, end)


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_of_consecutive_standards_exactly_one_prices_a_month(day: date) -> None:
    old, new = standard("old", date(2000, 1, 1), date(2023, 4, 30)), standard("new", date(2023, 5, 1))
    found = choose([old, new], "c", f"{day:%Y%m}")
    assert found is not None and found.standard_id == ("new" if f"{day:%Y%m}" >= "202305" else "old")


def test_missing_standards_are_all_named() -> None:
    pins = pin([standard("s", date(2023, 1, 1))], [("c", "202305"), ("d", "202305"), ("c", "202212")])
    assert pins.missing == ["c@202212", "d@202305"]
    assert pins.chosen["c", "202305"].standard_id == "s"


def test_a_new_standard_closes_the_last_and_never_reaches_back() -> None:
    existing = [standard("a", date(2023, 1, 1))]
    assert closing_day([], date(2023, 1, 1)) is None
    assert closing_day(existing, date(2023, 6, 1)) == date(2023, 5, 31)
    for day in (date(2023, 1, 1), date(2022, 1, 1)):
        with pytest.raises(StandardClash):
            closing_day(existing, day)


@pytest.mark.parametrize("text", ["202313", "2023-5", "may", "", "20230501", "2０2305"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="period"):
        first_day(text)


IDS = st.sampled_from(["p1", "p2", "p3"])


@given(
    st.lists(st.tuples(IDS, st.integers(-5, 5000)), max_size=12),
    st.dictionaries(IDS, st.builds(Former, st.integers(1, 99), STATES, st.sampled_from([100, 5000]))),
)
def test_no_draw_pays_an_entitlement_twice(lines: list[tuple[str, int]], former: dict[str, Former]) -> None:
    candidates = [Candidate(name, f"l{n}", "s", fen) for n, (name, fen) in enumerate(lines)]
    drawn = draw(candidates, former)
    assert len(drawn.payable) + len(drawn.withheld) == len(candidates)
    ids = [one.line.payment_id for one in drawn.payable]
    assert len(ids) == len(set(ids))
    assert drawn.total_fen == sum(one.line.amount_fen for one in drawn.payable)
    for one in drawn.payable:
        before = former.get(one.line.payment_id)
        assert one.line.amount_fen > 0 and one.attempt == (before.attempt + 1 if before else 1) <= 99
        assert before is None or (before.state in REPEATABLE and before.amount_fen == one.line.amount_fen)


@given(st.lists(st.integers(1, 10**9), max_size=20))
def test_a_rendered_file_counts_and_sums_its_lines(amounts: list[int]) -> None:
    details = [Detail(n, KEY, "6230", "岭某", "4029", fen, "老年补贴202305") for n, fen in enumerate(amounts)]
    head, *rows = bankfile.render("f-1", date(2023, 5, 31), "ZB1", details).splitlines()
    assert head.split("|") == ["f-1", "2023-05-31", "ZB1", str(len(amounts)), bankfile.yuan(sum(amounts))]
    assert [row.split("|")[5] for row in rows] == [bankfile.yuan(fen) for fen in amounts]
    assert all(len(row.split("|")) == 7 for row in rows)


@pytest.mark.parametrize(
    ("pay_to", "code"),
    [
        (None, "F02"),
        (PayTo("", "岭某", "4"), "F02"),
        (PayTo("1", "岭|某", "4"), "F10"),
        (PayTo("1", "岭某\n9|x", "4"), "F10"),
        (PayTo("1", "岭\u2028某", "4"), "F10"),
        (PayTo("1", "", "4"), "F10"),
        (PayTo("1", "岭某", "4"), None),
    ],
)
def test_what_would_break_the_file_stays_out(pay_to: PayTo | None, code: str | None) -> None:
    assert bankfile.unsendable(pay_to, "utf-8") == code


def test_a_name_the_banks_encoding_lacks_stays_out() -> None:
    assert bankfile.unsendable(PayTo("1", "𠮷某", "4"), "gbk") == "F10"
    assert bankfile.unsendable(PayTo("1", "𠮷某", "4"), "utf-8") is None


def test_a_masked_file_shows_neither_name_nor_account() -> None:
    text = bankfile.render(
        "f", date(2023, 5, 1), "Z", [Detail(1, KEY, "6230001234567890", "岭某某", "4", 1, "m")]
    )
    shown = bankfile.masked(text)
    assert "岭某" not in shown and "623000123456" not in shown and "7890" in shown


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    read = f"f-1|2023-05-31|0|0|0|0.00\n{text}" if text else "f-1|2023-05-31|0|0|0|0.00"
    if text.splitlines():
        with pytest.raises(Refused, match="bad_file"):
            results.parse(read)
    else:
        assert results.parse(read).claims == []


@given(STATES, st.sampled_from(["success", "failed", "unknown", "returned"]))
def test_a_result_moves_only_along_the_steps(state: State, status: str) -> None:
    outcome = results.decide([Claim(KEY, status, "F03", "B1", "")], {KEY: Held(state, 5, "B1")})
    assert sum(map(len, outcome.moves.values())) + len(outcome.contradictions) + outcome.left == 1
    assert all(may_step(state, target) for target in outcome.moves)
    assert state is not State.UNKNOWN or outcome.left == 1


def test_two_serials_for_one_success_contradict() -> None:
    outcome = results.decide([Claim(KEY, "success", "", "B2", "")], {KEY: Held(State.PAID, 5, "B1")})
    assert len(outcome.contradictions) == 1
