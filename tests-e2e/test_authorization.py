"""Authorization, generated: every operation by every caller in every place, against the one table of rules."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import rooms
import rulebook
from rulebook import Case, Rule

from kit.auth import EXTENSION, Actor, Kind, Operation, Reach, Resource, Role, Zone, decide
from stack.rooms import ROOMS

RULES = rulebook.load(tuple(ROOMS))
PROJECT, OTHER = "11810", "12345"
OBJECT = "539901101"
PLACES = {
    "same": "539901101",
    "parent": "539901",
    "child": "539901101201",
    "sibling": "539901102",
    "lookalike": "53990110",  # a code cut in the middle of a level is no region, or it would be a parent
    "other province": "540101",
    "unknown": None,
}
OFFICIALS = [role for role in Role if role not in (Role.CITIZEN, Role.SERVICE)]


def declared() -> Iterator[tuple[str, dict[str, Any]]]:
    """("METHOD /path", x-authz) of every route of every room."""
    for room in ROOMS:
        for path, item in rooms.composed(room).app.openapi()["paths"].items():
            for method, operation in item.items():
                if not operation[EXTENSION]["operation"].endswith("_development"):  # not there in production
                    yield f"{method.upper()} {path}", operation[EXTENSION]


def differs(rules: dict[str, Rule], routes: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Where table and rooms don't say the same."""
    known = {route: rule for rule in rules.values() for route in rule.routes}
    # Portal and rooms share no path, but every room has its own internal ones: a path belongs to one operation.
    found = [f"{route}: not in the table" for route, _ in routes if route not in known]
    found += [f"{route}: in the table alone" for route in known if route not in {one for one, _ in routes}]
    for route, rule in routes:
        if route in known and _as_table(rule) != replace(known[route], at=Rule.at):
            found.append(f"{route}: {rule['operation']} has another rule than the table")
    return found


def _as_table(x: dict[str, Any]) -> Rule:
    routes = RULES[x["operation"]].routes if x["operation"] in RULES else ()
    words: dict[str, Any] = {name: frozenset(x[name]) for name in ("roles", "rooms", "states")}
    words |= {name: x[name] for name in ("agencies", "four_eyes", "zone", "crosses", "region", "project")}
    if x["public"]:
        words |= {"region": "none", "project": False}
    return Rule(x["operation"], routes, everybody=x["public"], **words)


def test_the_table_and_the_rooms_say_the_same() -> None:
    routes = list(declared())
    assert differs(RULES, routes) == []
    assert len(routes) > 200


def test_a_missing_a_superfluous_and_a_changed_rule_are_noticed() -> None:
    routes = list(declared())
    route, rule = routes[0]
    assert differs(RULES, routes[1:]) == [f"{route}: in the table alone"]
    assert differs(RULES, [*routes, ("GET /x", rule)]) == ["GET /x: not in the table"]
    for change in ({"rooms": ["payment"]}, {"roles": ["operator"]}, {"crosses": not rule["crosses"]}):
        assert differs(RULES, [(route, rule | change), *routes[1:]]) == [
            f"{route}: {rule['operation']} has another rule than the table"
        ]


def operations() -> dict[str, Operation]:
    """What the rooms themselves decide by, from what they publish."""
    return {
        x["operation"]: Operation(
            x["operation"],
            roles=frozenset(Role(one) for one in x["roles"]),
            rooms=frozenset(x["rooms"]),
            agencies=x["agencies"],
            zone=Zone(x["zone"]),
            crosses=x["crosses"],
            region=Reach(x["region"]),
            project=x["project"],
            states=frozenset(x["states"]),
            four_eyes=x["four_eyes"],
            public=x["public"],
        )
        for _, x in declared()
    }


def callers(rule: Rule) -> Iterator[tuple[Actor, Case]]:
    """Every role in every place with and without the project; citizens, rooms and agencies, own and foreign."""
    for role, (relation, region), has in itertools.product(OFFICIALS, PLACES.items(), (True, False)):
        actor = Actor(
            "caller",
            Kind.OFFICIAL,
            frozenset({role}),
            region=region or "",
            projects=frozenset({PROJECT if has else OTHER}),
        )
        if region:
            yield actor, Case("official", role, relation, has)
    for owns in (True, False):
        subject = "subject" if owns else "somebody"
        yield (
            Actor("caller", Kind.CITIZEN, frozenset({Role.CITIZEN}), subject_id=subject),
            Case("citizen", "citizen", owns=owns),
        )
        agency = "agency" if owns else "another"
        yield Actor("caller", Kind.AGENCY, frozenset(), agency=agency), Case("agency", owns=owns)
    for room in [*ROOMS, "nobody"]:
        service = Actor("caller", Kind.SERVICE, frozenset({Role.SERVICE}), room=room)
        yield service, Case("service", named=room in rule.rooms)


def objects(rule: Rule) -> Iterator[tuple[Resource, dict[str, bool]]]:
    """The object in a state that allows the operation and in another; touched by the caller before, or not."""
    states = [(one, True) for one in sorted(rule.states)] or [("anything", True)]
    for (state, fits), acted in itertools.product([*states, ("elsewhere", not rule.states)], (False, True)):
        yield (
            Resource(
                region=OBJECT,
                project=PROJECT,
                subject_id="subject",
                state=state,
                agency="agency",
                acted_by=frozenset({"caller" if acted else "somebody"}),
            ),
            {"in_state": fits, "acted_before": acted},
        )


def test_every_cell_is_decided_as_the_table_says() -> None:
    made, cells, wrong = operations(), 0, []
    assert set(made) == set(RULES)
    for name, rule in RULES.items():
        for (actor, case), (resource, seen) in itertools.product(callers(rule), objects(rule)):
            asked = Case(
                case.kind, case.role, case.relation, case.has_project, case.owns, **seen, named=case.named
            )
            verdict = decide(actor, made[name], resource).verdict
            cells += 1
            if verdict != rulebook.expected(rule, asked):
                wrong.append((name, asked, verdict))
    assert wrong == []
    assert cells >= 10_000


@pytest.mark.parametrize("missing", ["region", "project", "agency", "subject_id"])
def test_what_is_not_known_of_the_object_lets_nobody_pass(missing: str) -> None:
    known = {"region": OBJECT, "project": PROJECT, "agency": "agency", "subject_id": "subject"}
    for name, operation in operations().items():
        rule = RULES[name]
        rest: dict[str, Any] = {**known, missing: None}
        resource = Resource(**rest, state=min(rule.states, default=None))
        for actor, case in callers(rule):
            told = {
                "region": case.kind == "official" and rule.region != "none",
                "project": case.kind == "official" and rule.project,
                "agency": case.kind == "agency",
                "subject_id": case.kind == "citizen",
            }[missing]
            if told and not rule.everybody:
                assert not decide(actor, operation, resource).allowed, (name, case)
