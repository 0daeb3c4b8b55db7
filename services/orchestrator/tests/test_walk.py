"""What surely holds on every way: branches that join, ways around a signature, conditions over unknown data."""

import pytest

from engine.flat import flatten
from engine.tests.diagrams import chain, diagram, end, flow, gateway, service, start, user
from services.orchestrator.engine.walk import Walk, possible

NODES = {"review": {"decisions": ["approve", "return"], "form": ["root"], "requires": {"approve": ["root"]}}}


ONE, TWO = service("one", "verification.recheck_set"), service("two", "card_matching.recheck_cards")


def holding(body: str, element: str, **given: object) -> list[frozenset[str]]:
    walk = Walk(flatten(diagram(body), {}), NODES, given).run()
    return list(walk.at((element,)))


def test_what_parallel_branches_do_has_all_been_done_where_they_join() -> None:
    body = (
        start() + gateway("parallel", "fork") + ONE + TWO
        + gateway("parallel", "join") + end() + chain("s", "fork", "one", "join", "end") + chain("fork", "two", "join")
    )  # fmt: skip
    assert all({"set_rechecked", "cards_rechecked"} <= one for one in holding(body, "end"))


def test_a_way_around_takes_the_mark_away() -> None:
    body = (
        start() + gateway("exclusive", "fork", "fork_join") + ONE
        + gateway("exclusive", "join") + end() + chain("s", "fork") + flow("fork", "one", 'kind = "first"')
        + chain("fork", "join", "end") + chain("one", "join")
    )  # fmt: skip
    assert all("set_rechecked" in one for one in holding(body, "end", kind="first"))
    assert not any("set_rechecked" in one for one in holding(body, "end", kind="supplement"))
    assert holding(body, "one", kind="supplement") == []


def test_a_refused_signature_is_a_way_around_too() -> None:
    body = start() + service("one", "batch.sign_set") + end() + chain("s", "one", "end")
    assert len(holding(body, "end")) == 2
    assert not all("signed:" in one for one in holding(body, "end"))


def test_a_form_fills_only_what_its_decision_requires() -> None:
    body = (
        start() + user("review") + gateway("exclusive", "fork", "fork_back") + end("on") + end("back")
        + chain("s", "review", "fork", "back") + flow("fork", "on", 'decision = "approve"')
    )  # fmt: skip
    assert ["root" in one for one in holding(body, "on")] == [True]
    assert ["root" in one for one in holding(body, "back")] == [False]


@pytest.mark.parametrize(
    ("condition", "results"),
    [
        ("normal = 0", {True, False}),
        ('decision = "approve"', {True}),
        ('decision = "approve" and target in ("a", "b")', {True, False}),
        ('decision = "return" and target in ("a", "b")', {False}),
        ("this is (no FEEL", {True, False}),
    ],
)
def test_a_condition_over_unknown_data_may_go_either_way(condition: str, results: set[bool]) -> None:
    assert possible(condition, (("decision", "approve"), ("outcome", ""))) == results
