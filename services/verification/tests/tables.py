"""Decision tables made of a few rows, for facts that the first project does not ask about."""

from typing import NamedTuple
from xml.sax.saxutils import escape


class Rule(NamedTuple):
    """A row: which cells, and what comes out."""

    rule: str
    cells: dict[str, str]
    effect: str
    evidence: str


SURVEYED = [
    Rule("R11", {"vehicle": "true", "survey": 'not("eligible", "not_eligible")'}, "hold", "vehicle"),
    Rule("R11", {"vehicle": "true", "survey": '"eligible"'}, "warn", "vehicle"),
    Rule("R11", {"vehicle": "true", "survey": '"not_eligible"'}, "block", "survey"),
    Rule("R11", {"company": "true"}, "warn", "company"),
    Rule("R11", {"property": "true"}, "warn", "property"),
    Rule("R13", {"unit_fen": "> most_unit_fen"}, "hold", "unit_fen"),
    Rule("R14", {"village_cadre": "true"}, "warn", "village_cadre"),
    Rule("R15", {"shared_payee": "> 2"}, "warn", "shared_payee"),
    Rule("R06", {"exclusive_subsidy": "true"}, "block", "exclusive_subsidy"),
    Rule("R06", {"higher_subsidy": "true"}, "hold", "higher_subsidy"),
    Rule("R04", {"death": '"before"'}, "block", "death"),
    Rule("R04", {"member_death": 'not("none")'}, "warn", "member_death"),
    Rule("R04", {"payee_death": 'not("none")'}, "hold", "payee_death"),
]
"""R11 asks for a household survey, R13 for the price, R14 and R15 for a second look, R06 for regional pairs."""


def dmn(rules: list[Rule]) -> str:
    """A COLLECT table with a column per fact named."""
    facts = sorted({name for one in rules for name in one.cells})
    inputs = "".join(
        f'<input id="c_{name}"><inputExpression id="e_{name}"><text>{name}</text></inputExpression></input>'
        for name in facts
    )
    outputs = "".join(
        f'<output id="o_{name}" name="{name}" typeRef="string"/>'
        for name in ("rule", "effect", "text", "evidence")
    )
    rows = "".join(
        f'<rule id="row_{number}">'
        + "".join(
            f'<inputEntry id="i_{number}_{name}"><text>{escape(one.cells.get(name, "-"))}</text></inputEntry>'
            for name in facts
        )
        + "".join(
            f'<outputEntry id="o_{number}_{place}"><text>"{value}"</text></outputEntry>'
            for place, value in enumerate((one.rule, one.effect, f"{one.rule} 提示", one.evidence))
        )
        + "</rule>"
        for number, one in enumerate(rules)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><definitions '
        'xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:test">'
        f'<decision id="verification" name="v"><decisionTable id="t" hitPolicy="COLLECT">{inputs}{outputs}{rows}'
        "</decisionTable></decision></definitions>"
    )
