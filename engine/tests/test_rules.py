"""A business rule task with a real DMN table: the rule decides, and changing it alone changes the next case."""

from engine.dmn import read_dmn
from engine.effects import DecisionMade
from engine.program import Program, compile_program
from engine.tests.diagrams import chain, diagram, end, flow, gateway, start, user

DMN = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="t">
<decision id="age_rule" name="age_rule"><decisionTable hitPolicy="UNIQUE">
<input id="i"><inputExpression typeRef="number"><text>age</text></inputExpression></input>
<output id="o" name="verdict" typeRef="string"/>
<rule id="old"><inputEntry><text>&gt;= 60</text></inputEntry><outputEntry><text>"pass"</text></outputEntry></rule>
<rule id="young"><inputEntry><text>&lt; 60</text></inputEntry><outputEntry><text>"refuse"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""
BODY = (
    start() + '<bpmn:businessRuleTask id="rule" camunda:decisionRef="age_rule"/>' + gateway("exclusive", "x", "x_no")
    + user("yes") + user("no") + end() + chain("s", "rule", "x") + flow("x", "yes", 'verdict = "pass"')
    + flow("x", "no") + chain("yes", "end") + chain("no", "end")
)  # fmt: skip


def program(dmn: str) -> Program:
    return compile_program(diagram(BODY), read_dmn(dmn.encode()))


def test_the_table_decides_and_says_why() -> None:
    case = program(DMN).start("c", {"age": 61})
    (made,) = [effect for effect in case.drain() if isinstance(effect, DecisionMade)]
    assert made.result == {"verdict": "pass"} and [rule.id for rule in made.rules] == ["old"]
    assert [live.element_id for live in case.where()] == ["yes"]


def test_changing_the_age_in_the_table_alone_changes_the_next_case() -> None:
    stricter = program(DMN.replace("60", "65"))
    assert [live.element_id for live in stricter.start("c", {"age": 61}).where()] == ["no"]
    assert stricter.hash != program(DMN).hash == program(DMN).hash


def test_what_cannot_be_decided_is_an_incident() -> None:
    case = program(DMN).start("c", {"age": "old"})
    assert [live.kind for live in case.where()] == ["incident"]
    (live,) = case.where()
    assert case.retry(live.task_id, {"age": 70})
    assert [live.element_id for live in case.where()] == ["yes"]
