"""What is wrong between the decision table, the manifest's stages and categories, and the application form."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.decision import Decision
from engine.dmn import DmnError, read_dmn
from engine.model import DiagramError
from engine.suggest import did_you_mean
from services.orchestrator.engine.facts import EFFECTS, EVIDENCE, FACTS, NOT_AT_APPLICATION

Found = tuple[str, str, str]
UNDECLARED = re.compile(r"undeclared name\): (.+?) \[")
LITERALS = re.compile(r'"([^"]*)"')
BEFORE_FILE = ("R04", "R05", "R06")
"""What must run again before the file, where the project has it (decisions §4)."""
PRIVATE = re.compile(
    r"(id_?(no|card|number)|身份证|phone|mobile|电话|手机|account|bank|card_no|卡号|账号)", re.IGNORECASE
)


def check(manifest: Mapping[str, Any], files: Mapping[str, str], form: Mapping[str, Any]) -> Iterator[Found]:
    """File, element and text of every problem."""
    rules = manifest.get("rules", {})
    name = str(rules.get("file", "rules.dmn"))
    categories = {str(one): str(text) for one, text in manifest.get("categories", {}).items()}
    yield from _form(form, categories)
    if name not in files:
        yield "project.toml", "rules.file", f"找不到规则表 {name}{did_you_mean(name, files)} (no such file)"
        return
    names = {*FACTS, *rules.get("parameters", {})}
    try:
        decisions = read_dmn(files[name].encode(), names)
    except DmnError as wrong:
        for one in wrong.problems:
            unknown = UNDECLARED.search(one.message)
            near = did_you_mean(unknown[1], names) if unknown else ""
            yield name, one.element_id, f"{one}{near}"
        return
    except DiagramError as wrong:
        yield name, "", str(wrong)
        return
    wanted = str(rules.get("decision", "verification"))
    decision = decisions.get(wanted) or (next(iter(decisions.values())) if len(decisions) == 1 else None)
    if decision is None:
        yield name, wanted, f"规则表中没有决策 {wanted}{did_you_mean(wanted, decisions)} (no such decision)"
        return
    yield from _table(name, decision, categories)
    yield from _stages(name, decision, rules.get("stages", {}))


def _outputs(decision: Decision) -> Iterator[tuple[str, dict[str, Any]]]:
    names = [one.name for one in decision.outputs]
    for rule in decision.rules:
        values = [None if one is None else one.evaluate({}) for one in rule.outputs]
        yield rule.id, dict(zip(names, values, strict=True))


def _table(file: str, decision: Decision, categories: Mapping[str, str]) -> Iterator[Found]:
    for rule_id, said in _outputs(decision):
        for column in ("rule", "effect", "text", "evidence"):
            if not said.get(column):
                yield file, rule_id, f"规则没有给出 {column} (the rule has no {column})"
        effect, evidence = said.get("effect"), said.get("evidence")
        if effect and effect not in EFFECTS:
            near = did_you_mean(str(effect), EFFECTS)
            yield (
                file,
                rule_id,
                f"处理只能是 block 拦截、hold 挂起、warn 提示，不是 {effect}{near} (unknown effect)",
            )
        if evidence and evidence not in EVIDENCE:
            near = did_you_mean(str(evidence), EVIDENCE)
            yield file, rule_id, f"依据 {evidence} 不是核实的事实{near} (evidence must name a fact)"
    for number, asked in enumerate(decision.inputs):
        if asked.expression.text.strip() != "category" or not categories:
            continue
        for rule in decision.rules:
            cell = rule.tests[number]
            for code in LITERALS.findall(cell.text) if cell is not None else ():
                if code not in categories:
                    near = did_you_mean(code, categories)
                    yield file, rule.id, f"类别 {code} 不在清单 [categories] 中{near} (unknown category)"


def _stages(file: str, decision: Decision, stages: Mapping[str, list[str]]) -> Iterator[Found]:
    rows: dict[str, list[int]] = {}
    for number, (_, said) in enumerate(_outputs(decision)):
        rows.setdefault(str(said.get("rule")), []).append(number)
    bound = {rule for listed in stages.values() for rule in listed}
    for stage, listed in stages.items():
        for rule in listed:
            if rule not in rows:
                near = did_you_mean(rule, rows)
                yield (
                    "project.toml",
                    f"rules.stages.{stage}",
                    f"规则表中没有 {rule}{near} (no such rule in {file})",
                )
    for rule in rows:
        if stages and rule not in bound:
            yield file, rule, f"{rule} 没有列入任何环节，永不运行 (no stage of project.toml lists {rule})"
    missing = [rule for rule in BEFORE_FILE if rule in rows and rule not in stages.get("before_file", ())]
    if stages and missing:
        yield (
            "project.toml", "rules.stages.before_file",
            f"发放前须再次核验 {'、'.join(missing)} (these must run again before the file)",
        )  # fmt: skip
    for rule in stages.get("application", ()):
        for fact, why in NOT_AT_APPLICATION.items():
            if any(_asks(decision, number, fact) for number in rows.get(rule, ())):
                text = f"{rule} 依据 {fact}，{why}，不能用于资格校验 ({fact} means nothing at application)"
                yield "project.toml", "rules.stages.application", text


def _asks(decision: Decision, row: int, fact: str) -> bool:
    """Whether a rule tests a fact."""
    return any(
        column.expression.text.strip() == fact and _tests(decision.rules[row].tests[number])
        for number, column in enumerate(decision.inputs)
    )


def _form(form: Mapping[str, Any], categories: Mapping[str, str]) -> Iterator[Found]:
    file, fields = "form.schema.json", form.get("properties", {})
    for name in form.get("required", ()):
        if name not in fields:
            yield (
                file,
                name,
                f"必填项 {name} 没有定义{did_you_mean(name, fields)} (required, but not described)",
            )
    for name, one in fields.items():
        if PRIVATE.search(name) or PRIVATE.search(str(one.get("title", ""))):
            yield (
                file,
                name,
                "证件号、电话、账号不得放入申请表，它们有专门的位置 (no ID, phone or account in the form)",
            )
    listed = fields.get("category", {}).get("enum")
    if listed is not None and set(listed) != set(categories):
        extra = "、".join(sorted(set(listed) ^ set(categories)))
        yield file, "category", f"申请表的类别与清单 [categories] 不一致：{extra} (categories differ)"


def _tests(cell: Any) -> bool:
    return cell is not None and cell.text.strip() not in ("", "-")
