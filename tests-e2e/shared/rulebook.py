"""The table of rules (`authorization.toml`) and what it means: a second opinion that uses nothing of `kit.authz`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stack.paths import CHECKOUT

TABLE = CHECKOUT / "tests-e2e" / "authorization.toml"

SEES: Mapping[str, frozenset[str]] = {
    "none": frozenset({"same", "child", "parent", "sibling", "lookalike", "other province", "unknown"}),
    "covers": frozenset({"same", "parent"}),
    "related": frozenset({"same", "parent", "child"}),
}
"""Where a caller may stand, as seen from the object: `parent` is a caller of the region above it."""


@dataclass(frozen=True)
class Rule:
    """One operation of the table."""

    name: str
    routes: tuple[str, ...]
    roles: frozenset[str] = frozenset()
    rooms: frozenset[str] = frozenset()
    agencies: bool = False
    everybody: bool = False
    region: str = "covers"
    project: bool = True
    states: frozenset[str] = frozenset()
    four_eyes: bool = False
    zone: str = "outside"
    crosses: bool = False
    at: str = "township"
    """Of what the object is: a township's or the county's. Only callers see that, routes don't publish it."""


@dataclass(frozen=True)
class Case:
    """Who stands where, seen from the object. Only what the kind of caller needs is looked at."""

    kind: str
    role: str = ""
    relation: str = "same"
    has_project: bool = True
    owns: bool = False
    in_state: bool = True
    acted_before: bool = False
    named: bool = field(default=False, kw_only=True)
    """Whether the rule names the calling room."""


def load(rooms: tuple[str, ...], text: str | None = None) -> dict[str, Rule]:
    """Rules by the operation's name. Raises ValueError for an operation of two rooms or an unknown word."""
    document = tomllib.loads(TABLE.read_text(encoding="utf-8") if text is None else text)
    who = document.pop("who")
    rules: dict[str, Rule] = {}
    for name, row in document.items():
        for room in rooms if name.startswith("*.") else (name.partition(".")[0],):
            rule = _rule(name.replace("*", room), room, dict(row), who)
            if rule.name in rules:
                raise ValueError(f"{rule.name} stands twice in the table")
            rules[rule.name] = rule
    return rules


def _rule(name: str, room: str, row: dict[str, Any], who: Mapping[str, list[str]]) -> Rule:
    roles = _roles(row.pop("by", []), who)
    routes = tuple(one.replace("/*/", f"/{room}/") for one in row.pop("routes"))
    rooms, states = frozenset(row.pop("rooms", [])), frozenset(row.pop("states", []))
    if not roles:  # what is for rooms, agencies or everybody has neither region nor project
        row = {"region": "none", "project": False} | row
    if row.get("region", "covers") not in SEES:
        raise ValueError(f"{name}: unknown region rule")
    return Rule(name, routes, roles, rooms, states=states, **row)


def _roles(names: list[str], who: Mapping[str, list[str]]) -> frozenset[str]:
    return frozenset(
        role for name in names for role in (_roles(who[name], who) if name in who else frozenset({name}))
    )


def expected(rule: Rule, case: Case) -> str:
    """What the answer must be: allowed, forbidden (403), hidden (404), wrong_state (409) or same_person (403)."""
    if not rule.everybody:
        if not _named(rule, case):
            return "forbidden"
        if not _sees(rule, case):
            return "hidden"
    if rule.states and not case.in_state:
        return "wrong_state"
    if rule.four_eyes and case.acted_before:
        return "same_person"
    return "allowed"


def _named(rule: Rule, case: Case) -> bool:
    match case.kind:
        case "service":
            return case.named
        case "agency":
            return rule.agencies
        case _:
            return case.role in rule.roles


def _sees(rule: Rule, case: Case) -> bool:
    match case.kind:
        case "service":
            return True
        case "agency" | "citizen":
            return case.owns
        case _:
            return case.relation in SEES[rule.region] and (case.has_project or not rule.project)
