from itertools import product

import pytest

from kit.authz import Operation, Reach, Resource, Verdict, authorize, decide, may_call
from kit.errors import Problem
from kit.regions import covers
from kit.roles import Actor, Kind, Role

COUNTY, TOWNSHIP, VILLAGE, SIBLING, OTHER = "990101", "990101101", "990101101201", "990101102", "980101"
PLACES = ["9901", COUNTY, TOWNSHIP, VILLAGE, SIBLING, OTHER]


def official(
    role: Role, region: str = COUNTY, projects: tuple[str, ...] = ("11810",), sub: str = "u1"
) -> Actor:
    return Actor(sub, Kind.OFFICIAL, frozenset({role}), region=region, projects=frozenset(projects))


CITIZEN = Actor("c1", Kind.CITIZEN, frozenset({Role.CITIZEN}), subject_id="s1")
PAYMENT = Actor("room:payment", Kind.SERVICE, frozenset({Role.SERVICE}), room="payment")
REVIEW = Operation(
    "t.review", roles=frozenset({Role.COUNTY_REVIEWER}), states=frozenset({"open"}), four_eyes=True
)
READ = Operation("t.read", roles=frozenset(Role) - {Role.SERVICE}, rooms=frozenset({"batch"}))
OPEN = Resource(TOWNSHIP, "11810", "s1", "open", frozenset({"maker"}))


@pytest.mark.parametrize(("role", "holder", "target"), list(product(Role, PLACES, PLACES)))
def test_role_and_region_both_decide(role: Role, holder: str, target: str) -> None:
    actor = official(role, holder)
    verdict = decide(actor, REVIEW, Resource(target, "11810", None, "open")).verdict
    if role is not Role.COUNTY_REVIEWER:
        assert verdict is Verdict.FORBIDDEN
    else:
        assert verdict is (Verdict.ALLOWED if covers(holder, target) else Verdict.HIDDEN)


def test_related_reaches_up_but_not_sideways() -> None:
    rule = Operation("t", roles=frozenset({Role.TOWNSHIP_HANDLER}), region=Reach.RELATED)
    actor = official(Role.TOWNSHIP_HANDLER, TOWNSHIP)
    seen = [place for place in PLACES if decide(actor, rule, Resource(place, "11810")).allowed]
    assert seen == ["9901", COUNTY, TOWNSHIP, VILLAGE]


@pytest.mark.parametrize("region", [None, "", "15043", "990101000", "99010"])
def test_an_unknown_or_padded_region_lets_nobody_pass(region: str | None) -> None:
    assert decide(
        official(Role.COUNTY_REVIEWER), REVIEW, Resource(region, "11810", None, "open")
    ).verdict is (Verdict.HIDDEN)


@pytest.mark.parametrize(
    ("granted", "project", "allowed"),
    [
        (("11810",), "11810", True),
        (("*",), "x", True),
        ((), "11810", False),
        (("1",), "11810", False),
        (("*",), None, False),
    ],
)
def test_project_grants(granted: tuple[str, ...], project: str | None, allowed: bool) -> None:
    actor = official(Role.COUNTY_REVIEWER, projects=granted)
    assert decide(actor, REVIEW, Resource(COUNTY, project, None, "open")).allowed is allowed


def test_state_and_four_eyes_come_after_sight() -> None:
    actor = official(Role.COUNTY_REVIEWER)
    maker = official(Role.COUNTY_REVIEWER, sub="maker")
    assert decide(actor, REVIEW, OPEN).allowed
    assert decide(maker, REVIEW, OPEN).verdict is Verdict.SAME_PERSON
    assert decide(actor, REVIEW, Resource(TOWNSHIP, "11810", None, "closed")).verdict is Verdict.WRONG_STATE
    assert decide(actor, REVIEW, Resource(OTHER, "11810", None, "closed")).verdict is Verdict.HIDDEN


def test_a_citizen_reaches_their_own_only() -> None:
    assert decide(CITIZEN, READ, OPEN).allowed
    assert decide(CITIZEN, READ, Resource(TOWNSHIP, "11810", "s2")).verdict is Verdict.HIDDEN
    assert decide(CITIZEN, READ, Resource(TOWNSHIP, "11810", None)).verdict is Verdict.HIDDEN
    assert decide(CITIZEN, REVIEW, OPEN).verdict is Verdict.FORBIDDEN


def test_a_room_must_be_named() -> None:
    assert decide(PAYMENT, READ, OPEN).verdict is Verdict.FORBIDDEN
    assert decide(PAYMENT, Operation("t", rooms=frozenset({"payment"})), OPEN).allowed


@pytest.mark.parametrize(
    "actor",
    [
        Actor(
            "x", Kind.CITIZEN, frozenset({Role.CITIZEN, Role.COUNTY_REVIEWER}), region=COUNTY, subject_id="s1"
        ),
        Actor("x", Kind.CITIZEN, frozenset({Role.CITIZEN})),
        Actor("x", Kind.OFFICIAL, frozenset({Role.COUNTY_REVIEWER}), projects=frozenset({"*"})),
        Actor("x", Kind.OFFICIAL, frozenset({Role.SERVICE}), region=COUNTY, room="batch"),
        Actor("x", Kind.OFFICIAL, frozenset({Role.COUNTY_REVIEWER}), region=COUNTY, room="batch"),
        Actor("x", Kind.SERVICE, frozenset({Role.SERVICE})),
    ],
)
def test_an_actor_that_cannot_exist_may_do_nothing(actor: Actor) -> None:
    assert actor.problem()
    assert decide(actor, READ, OPEN).verdict is Verdict.FORBIDDEN


def test_refusals_become_problems() -> None:
    with pytest.raises(Problem) as hidden:
        authorize(official(Role.COUNTY_REVIEWER, OTHER), REVIEW, OPEN)
    assert hidden.value.status == 404
    assert hidden.value.detail is None
    authorize(official(Role.COUNTY_REVIEWER), REVIEW, OPEN)
    with pytest.raises(ValueError, match="no problem"):
        decide(official(Role.COUNTY_REVIEWER), REVIEW, OPEN).problem()


def test_an_operation_is_public_or_for_somebody() -> None:
    with pytest.raises(ValueError, match="public"):
        Operation("t")
    with pytest.raises(ValueError, match="public"):
        Operation("t", roles=frozenset({Role.CITIZEN}), public=True)


def test_an_agency_reaches_its_own_agreement_and_nothing_that_is_not_declared_for_agencies() -> None:
    one = Actor(sub="agency:civil", kind=Kind.AGENCY, roles=frozenset(), agency="civil")
    pull = Operation("t.pull", agencies=True, region=Reach.NONE, project=False)
    assert one.problem() is None
    assert decide(one, pull, Resource(agency="civil")).allowed
    assert decide(one, pull, Resource(agency="banks")).verdict is Verdict.HIDDEN
    assert decide(one, pull, Resource()).verdict is Verdict.HIDDEN
    assert decide(one, READ, OPEN).verdict is Verdict.FORBIDDEN
    assert not may_call(official(Role.COUNTY_HANDLER, COUNTY), pull)
    for wrong in (
        Actor(sub="x", kind=Kind.AGENCY, roles=frozenset({Role.OPERATOR}), agency="civil"),
        Actor(sub="x", kind=Kind.AGENCY, roles=frozenset()),
        Actor(sub="x", kind=Kind.OFFICIAL, roles=frozenset({Role.OPERATOR}), region=COUNTY, agency="civil"),
    ):
        assert wrong.problem() is not None


def test_every_role_has_a_chinese_name() -> None:
    assert len({role.label for role in Role}) == len(Role)
