"""The rules of one deployed project version: which facts block, hold or warn is written in its DMN alone."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.dmn import Decision, DmnError, read_dmn

FACTS = (
    "stage",
    "category",
    "person_known",
    "period_known",
    "age",
    "gender",
    "death",
    "duplicate",
    "exclusive_subsidy",
    "membership",
    "household",
    "fiscal_payroll",
    "prisoner",
    "payee_death",
    "member_death",
    "members",
    "higher_subsidy",
    "company",
    "vehicle",
    "property",
    "village_cadre",
    "shared_payee",
    "survey",
    "quantity",
    "amount_fen",
    "unit_fen",
    "stop_list",
)
"""What a table may ask about; SQL computes them (see the README). The manifest's parameters come on top."""

EFFECTS = ("pass", "warn", "hold", "block")
"""From harmless to severe; a line's verdict is the most severe effect of its hits."""
INTERCEPTING = frozenset({"hold", "block"})
UNDECIDED = "规则未能判定，需人工核实 (a rule could not decide: to be looked at by a person)"
UNREADABLE = "规则文件无法读取，需人工核实 (the project's rules cannot be read)"
UNKNOWN_PERSON = "身份信息无效或未登记 (not a person the registry knows)"
STOP_RULE = "S01"
"""The stop list is an order of two people, not a rule of a project: it stands outside the tables."""
STOPPED = "在人工停发名单上 (on the stop list)"
UNKNOWN_PERIOD = "享受期无法识别 (the entitlement period cannot be read)"
_MOST_CACHED = 50_000
_ALWAYS = frozenset({"stage", "person_known", "period_known", "stop_list"})
_NAME = re.compile(r"[A-Za-z_]\w*")


class Ruling(NamedTuple):
    """One rule's answer; `evidence` names the fact it rests on."""

    rule: str
    effect: str
    text: str
    evidence: str


def verdict(rulings: Collection[Ruling]) -> str:
    """pass, warn, hold or block."""
    return max((one.effect for one in rulings), key=EFFECTS.index, default="pass")


@dataclass
class Rulebook:
    """A version's table, the rules bound to each stage, and its parameters."""

    decision: Decision | None
    stages: Mapping[str, Collection[str]]
    parameters: Mapping[str, Any]
    asked: Collection[str] = frozenset(FACTS)
    """Facts that the table speaks of; the others make no difference to an answer."""
    categories: Mapping[str, str] = field(default_factory=dict)
    """Code → name, as registers write it."""
    _known: dict[tuple[Any, ...], tuple[Ruling, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, manifest: Mapping[str, Any], files: Mapping[str, str]) -> "Rulebook":
        """From `[rules]` of project.toml and its files. Never raises: unusable rules hold everything."""
        rules = manifest.get("rules") or {}
        parameters = dict(rules.get("parameters") or {})
        stages = {stage: frozenset(bound) for stage, bound in (rules.get("stages") or {}).items()}
        asked: Collection[str] = frozenset(FACTS)
        try:
            text = files[str(rules.get("file", "rules.dmn"))]
            asked = _ALWAYS | frozenset(_NAME.findall(text))
            decisions = read_dmn(text.encode(), {*FACTS, *parameters})
            decision = decisions.get(str(rules.get("decision", "verification")))
            if decision is None and len(decisions) == 1:
                decision = next(iter(decisions.values()))
        except (KeyError, DmnError):
            decision = None
        categories = manifest.get("categories")
        names = (
            {str(code): str(name) for code, name in categories.items()}
            if isinstance(categories, dict)
            else {}
        )
        return cls(decision, stages, parameters, asked, names)

    @property
    def age_at(self) -> str:
        """When ages count."""
        return str(self.parameters.get("age_at", "period_start"))

    @property
    def household_digits(self) -> int:
        """Digits of the region that the household registration must lie in (R08): county 6, city 4."""
        return {"city": 4, "township": 9}.get(str(self.parameters.get("household_level", "county")), 6)

    @property
    def survey_months(self) -> int:
        """How long a household survey counts, in months before the period."""
        given = self.parameters.get("survey_months")
        return given if isinstance(given, int) and 0 <= given <= 1200 else 12

    @property
    def within(self) -> str:
        """What the project does with the period of death: pay or stop."""
        return str(self.parameters.get("death_within_period", "stop"))

    def judge(self, stage: str, facts: tuple[Any, ...]) -> tuple[Ruling, ...]:
        """Rulings other than pass, for facts in the order of `FACTS[1:]`; equal facts are evaluated once."""
        # A farm's area is like no other's: what the table does not ask about must not defeat the cache.
        named = zip(FACTS, (stage, *facts), strict=True)
        key = tuple(value if name in self.asked else None for name, value in named)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST_CACHED:
                self._known.clear()
            found = self._known[key] = self._evaluate(stage, dict(zip(FACTS, key, strict=True)))
        return found

    def _evaluate(self, stage: str, facts: dict[str, Any]) -> tuple[Ruling, ...]:
        # Missing facts make every comparison null, and null hits no rule: that must never pass.
        if not facts["person_known"]:
            return (Ruling("R01", "block", UNKNOWN_PERSON, "identity"),)
        if not facts["period_known"]:
            return (Ruling("R00", "hold", UNKNOWN_PERIOD, "period"),)
        if facts["stop_list"]:
            return (Ruling(STOP_RULE, "block", STOPPED, "stop_list"),)
        if self.decision is None:
            return (Ruling("R00", "hold", UNREADABLE, "rules"),)
        hits = self.decision.evaluate({**self.parameters, **facts})
        rows = hits.result if isinstance(hits.result, list) else [hits.result] if hits.result else []
        found = [_ruling(row) for row in rows]
        if hits.result is None and self.decision.hit_policy == "COLLECT":
            found.append(Ruling("R00", "hold", UNDECIDED, "rules"))
        bound = self.stages.get(stage, ()) if self.stages else None
        return tuple(
            one
            for one in found
            if one.effect != "pass" and (bound is None or one.rule in bound or one.rule == "R00")
        )


def _ruling(row: Mapping[str, Any]) -> Ruling:
    rule, effect = row.get("rule"), row.get("effect")
    if not isinstance(rule, str) or effect not in EFFECTS:
        return Ruling("R00", "hold", UNDECIDED, "rules")
    return Ruling(rule, effect, str(row.get("text") or rule), str(row.get("evidence") or ""))
