"""Decision tables: hit policies, evidence, required decisions, types, and files that must be refused."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.dmn import Decision, DmnError, DmnProblem, read_dmn

MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def table(
    inputs: list[str],
    outputs: list[str],
    rules: list[list[str]],
    *,
    policy: str = "UNIQUE",
    extra: str = "",
    more: str = "",
    name: str = "资格",
    namespace: str = MODEL,
) -> bytes:
    """A file with one table; an input or output may carry its type as `name:type`."""

    def escaped(text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;")

    columns = ""
    for place, text in enumerate(inputs):
        expression, _, kind = text.partition(":")
        reference = f' typeRef="{kind}"' if kind else ""
        columns += f'<input id="in{place}"><inputExpression id="ie{place}"{reference}>'
        columns += f"<text>{escaped(expression)}</text></inputExpression></input>"
    for place, text in enumerate(outputs):
        title, _, kind = text.partition(":")
        reference = f' typeRef="{kind}"' if kind else ""
        columns += f'<output id="out{place}" name="{title}"{reference}/>'
    rows = ""
    for number, cells in enumerate(rules, 1):
        rows += f'<rule id="r{number}"><description>第 {number} 条</description>'
        for place, cell in enumerate(cells):
            tag = "inputEntry" if place < len(inputs) else "outputEntry"
            rows += f'<{tag} id="c{number}{place}"><text>{escaped(cell)}</text></{tag}>'
        rows += f"<annotationEntry><text>依据 {number}</text></annotationEntry></rule>"
    return (
        f'<definitions xmlns="{namespace}" id="defs" name="d" namespace="x">{more}'
        f'<decision id="d1" name="{name}"><decisionTable id="t1" hitPolicy="{policy}" {extra}>'
        f'{columns}<annotation name="依据"/>{rows}</decisionTable></decision></definitions>'
    ).encode()


def one(*args: Any, **kwargs: Any) -> Decision:
    return read_dmn(table(*args, **kwargs))["d1"]


def problems(xml: bytes, inputs: list[str] | None = None) -> list[DmnProblem]:
    with pytest.raises(DmnError) as caught:
        read_dmn(xml, inputs)
    return caught.value.problems


AGES = [[">= 80", '"C"'], ["[60..80)", '"B"'], ["< 60", '"no"'], ["null", '"ask"']]


@pytest.mark.parametrize(("age", "result"), [(60, "B"), (79, "B"), (80, "C"), (59, "no"), (None, "ask")])
def test_unique(age: int | None, result: str) -> None:
    hits = one(["年龄:number"], ["类别:string"], AGES).evaluate({"年龄": age})
    assert hits.result == {"类别": result}
    assert hits.problems == ()


def test_the_rule_that_hit_is_evidence() -> None:
    (hit,) = one(["年龄"], ["类别"], AGES).evaluate({"年龄": 81}).rules
    assert (hit.decision_id, hit.id, hit.number, hit.description) == ("d1", "r1", 1, "第 1 条")
    assert hit.annotations == (("依据", "依据 1"),)


def test_the_age_changed_in_the_table_alone_changes_the_result() -> None:
    before = table(["年龄"], ["类别"], AGES)
    after = before.replace(b"[60..80)", b"[65..80)").replace(b"&lt; 60", b"&lt; 65")
    assert read_dmn(before)["d1"].evaluate({"年龄": 62}).result == {"类别": "B"}
    assert read_dmn(after)["d1"].evaluate({"年龄": 62}).result == {"类别": "no"}


def test_unique_violated_is_a_problem_and_no_result() -> None:
    hits = one(["a"], ["x"], [["> 1", "1"], ["> 2", "2"]]).evaluate({"a": 3})
    assert hits.result is None
    assert [hit.id for hit in hits.rules] == ["r1", "r2"]
    assert "r1, r2" in hits.problems[0]


def test_first_stops_at_the_first() -> None:
    hits = one(["a"], ["x"], [["> 1", "1"], ["> 2", "2"]], policy="FIRST").evaluate({"a": 3})
    assert hits.result == {"x": 1}
    assert [hit.id for hit in hits.rules] == ["r1"]


def test_no_hit() -> None:
    assert one(["a"], ["x"], [["> 1", "1"]]).evaluate({"a": 0}).result is None
    assert one(["a"], ["x"], [["> 1", "1"]], policy="COLLECT").evaluate({"a": 0}).result == []


def test_collect_lists_all_in_order() -> None:
    hits = one(["a"], ["x", "why"], [["> 1", "1", '"p"'], ["-", "a * 2", '"q"']], policy="COLLECT")
    assert hits.evaluate({"a": 3}).result == [{"x": 1, "why": "p"}, {"x": 6, "why": "q"}]


@pytest.mark.parametrize(
    ("aggregation", "some", "none"),
    [("SUM", Decimal("3.5"), None), ("MIN", 1, None), ("MAX", Decimal("2.5"), None), ("COUNT", 2, 0)],
)
def test_collect_aggregates(aggregation: str, some: Any, none: Any) -> None:
    rules = [["> 1", "2.5"], ["> 2", "1"], ["> 9", "100"]]
    decision = one(["a"], ["x"], rules, policy="COLLECT", extra=f'aggregation="{aggregation}"')
    assert decision.evaluate({"a": 3}).result == {"x": some}
    assert decision.evaluate({"a": 0}).result == {"x": none}


def test_many_rows() -> None:
    decision = one(["年龄"], ["类别"], AGES)
    results = [hits.result for hits in decision.evaluate_many([{"年龄": 90}, {"年龄": 1}])]
    assert results == [{"类别": "C"}, {"类别": "no"}]


def test_missing_input_is_null_with_a_problem_that_names_it() -> None:
    hits = one(["年龄"], ["类别"], AGES).evaluate({})
    assert hits.result == {"类别": "ask"}
    assert "年龄" in hits.problems[0]


def test_a_value_of_the_wrong_type_is_null_with_a_problem_without_the_value() -> None:
    hits = one(["年龄:number"], ["类别"], AGES).evaluate({"年龄": "secret-77"})
    assert hits.result == {"类别": "ask"}
    assert "类型不符" in hits.problems[0]
    assert "secret" not in "".join(hits.problems)


def test_an_untyped_column_reports_what_cannot_be_compared() -> None:
    hits = one(["年龄"], ["类别"], AGES).evaluate({"年龄": "77"})
    assert hits.result is None
    assert "string >= number" in hits.problems[0]


def test_dates_and_names_with_spaces() -> None:
    rules = [['date and time("2023-05-01T00:00:00Z") > ?', "1"]]
    typed = [['< date("1963-05-02")', "0"], ['>= @"1963-05-02"', "1"]]
    decision = one(["birth date:date"], ["x"], typed)
    assert decision.evaluate({"birth date": date(1963, 5, 1)}).result == {"x": 0}
    assert decision.evaluate({"birth date": date(1963, 5, 2)}).result == {"x": 1}
    assert one(["when"], ["x"], rules).evaluate({"when": date(2020, 1, 1)}).result is None


def test_blank_cells_match_and_blank_outputs_are_null() -> None:
    assert one(["a"], ["x"], [["", ""]]).evaluate({"a": 1}).result == {"x": None}


def test_default_output() -> None:
    xml = table(["a"], ["x"], [["> 1", '"hit"']]).replace(
        b'name="x"/>', b'name="x"><defaultOutputEntry><text>"none"</text></defaultOutputEntry></output>'
    )
    assert read_dmn(xml)["d1"].evaluate({"a": 0}).result == {"x": "none"}


def test_declared_values_of_columns() -> None:
    xml = table(["a"], ["x"], [["-", '"p"']]).replace(
        b"</inputExpression>", b'</inputExpression><inputValues><text>"m","n"</text></inputValues>'
    )
    decision = read_dmn(xml)["d1"]
    assert decision.evaluate({"a": "m"}).result == {"x": "p"}
    refused = decision.evaluate({"a": "z"})
    assert refused.result is None
    assert "允许" in refused.problems[0]
    bad = xml.replace(b'name="x"/>', b'name="x"><outputValues><text>"q"</text></outputValues></output>')
    assert "允许" in problems(bad)[0].message


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    ],
)
def test_all_versions(namespace: str) -> None:
    assert one(["a"], ["x"], [["1", "2"]], namespace=namespace).evaluate({"a": 1}).result == {"x": 2}


SECOND = (
    '<decision id="d0" name="年龄组"><decisionTable>'
    "<input><inputExpression><text>年龄</text></inputExpression></input>"
    '<output name="g"/><rule id="old"><inputEntry><text>&gt;= 80</text></inputEntry>'
    '<outputEntry><text>"old"</text></outputEntry></rule></decisionTable></decision>'
)


def test_a_required_decision_is_evaluated_first() -> None:
    link = b'<informationRequirement><requiredDecision href="#d0"/></informationRequirement>'
    link += b'<decisionTable id="t1"'
    xml = table(["年龄组"], ["x"], [['"old"', "1"]], more=SECOND).replace(b'<decisionTable id="t1"', link)
    decision = read_dmn(xml)["d1"]
    hits = decision.evaluate({"年龄": 81})
    assert hits.result == {"x": 1}
    assert [hit.id for hit in hits.rules] == ["old", "r1"]
    assert decision.evaluate({"年龄组": "old"}).result == {"x": 1}, "a given value is not computed again"
    circle = xml.replace(
        '<decision id="d0" name="年龄组">'.encode(),
        '<decision id="d0" name="年龄组"><informationRequirement><requiredDecision href="#d1"/>'.encode()
        + b"</informationRequirement>",
    )
    assert any("circle" in each.message for each in problems(circle))


def test_all_problems_at_once_each_with_its_place() -> None:
    xml = table(
        ["年龄:number"],
        ["x:string"],
        [[">= ", '"a"'], ['"60"', '"b"'], ["> 1", "合格"], ["> 2", "1"], ["> 3"], ["foo(1)", '"c"']],
        policy="PRIORITY",
    )
    found = problems(xml)
    by_id = {each.element_id: each for each in found}
    assert set(by_id) == {"t1", "c10", "c20", "c31", "c41", "r5", "c60"}
    assert by_id["c10"].text == ">="
    assert "规则 1 (r1) 输入 年龄" in by_id["c10"].place
    assert "未声明的名称" in by_id["c31"].message
    assert "number = string" in by_id["c20"].message
    assert all(each.message and each.place for each in found)


def test_names_are_those_declared() -> None:
    xml = table(["年龄"], ["x"], [["> 上限", "1"]])
    assert read_dmn(xml, ["年龄", "上限"])["d1"].evaluate({"年龄": 3, "上限": 2}).result == {"x": 1}
    assert "上限" in problems(xml)[0].message
    assert "年龄" in problems(xml, ["上限"])[0].message
    data = '<inputData id="i1" name="年龄"/><inputData id="i2" name="y"><variable name="上限"/></inputData>'
    assert read_dmn(table(["年龄"], ["x"], [["> 上限", "1"]], more=data))


ENTITY = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
GOOD = table(["a"], ["x"], [["1", "2"]])


@pytest.mark.parametrize(
    "xml",
    [
        ENTITY + GOOD,
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + GOOD,
        ('<?xml version="1.0" encoding="UTF-16"?>' + (ENTITY + GOOD).decode()).encode("utf-16"),
        b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4-' + GOOD,
        b"",
        b"not xml",
        b"<definitions/>",
        GOOD.replace(b"20191111", b"20991111"),
        GOOD + b" " * 2_000_001,
        b"<a>" * 5000,
        GOOD.replace(b"</decisionTable>", b"</decisionTable><literalExpression/>"),
        GOOD.replace(b"decisionTable", b"literalExpression"),
        GOOD.replace(b'id="d1"', b""),
        GOOD.replace(b"</definitions>", b"<businessKnowledgeModel id='b'/></definitions>"),
        GOOD.replace(b'id="ie0"', b'id="ie0" expressionLanguage="juel"'),
        GOOD.replace(b'id="ie0"', b'id="ie0" typeRef="tPerson"'),
        GOOD.replace(b"<text>a</text>", b"<text></text>"),
        GOOD.replace(b'hitPolicy="UNIQUE"', b'hitPolicy="UNIQUE" aggregation="SUM"'),
        table(["a"], ["x", "x"], [["1", "2", "3"]]),
        table(["a"], ["x", "y"], [["1", "2", "3"]], policy="COLLECT", extra='aggregation="SUM"'),
        table(["a"], [], [["1"]]),
        table(["().__class__"], ["x"], [["1", "2"]]),
        table(["a"], ["x"], [["1", "__import__('os')"]]),
        table(["a"], ["x"], [["1", "1/0"]]),
        GOOD.replace(b"</rule>", b"</rule><rule id='r1'><inputEntry/><outputEntry/></rule>"),
    ],
)
def test_refused(xml: bytes) -> None:
    assert all(str(each) for each in problems(xml))


def test_the_good_file_is_good() -> None:
    assert read_dmn(GOOD)["d1"].evaluate({"a": 1}).result == {"x": 2}
    assert read_dmn(b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- made by an editor -->' + GOOD)
