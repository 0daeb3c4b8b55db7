"""The tables an author looks things up in, made from what the code really knows: docs/adding-a-project.md has them."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from contracts.base import REGISTRY, outcome_name
from services.orchestrator.engine.commands import COMMANDS, GIVEN, OWN_NAMES, operators
from services.orchestrator.engine.facts import FACTS
from services.orchestrator.engine.manifest import Manifest, NodeFacts, Round

WORDS = {
    "application.list_application": "列入补贴清单",
    "application.record_offline": "导入名单（由批次发出，流程图不用）",
    "application.refuse_application": "不予受理，告知原因",
    "batch.close_set": "归档",
    "batch.confirm_amounts": "金额入册",
    "batch.freeze_set": "确定发放清册",
    "batch.hand_to_county": "送区县，等到发放或退回",
    "batch.recheck_lines": "更正或退回后重新核对",
    "batch.return_lines": "乡镇退回所选人员，转更正清册",
    "batch.return_slices": "区县退回清册（slice_ids）或所选人员（line_ids）",
    "batch.set_aside_open_lines": "异常、挂起的人员转补报清册",
    "batch.sign_set": "签署送审集清册",
    "batch.sign_slice": "签署乡镇清册",
    "card_matching.match_slice": "人社匹卡",
    "card_matching.recheck_cards": "发放前验卡",
    "payment.calculate_set": "测算",
    "payment.issue_order": "支付申请，银行代发，等到全部有结果",
    "payment.link_quota": "审核挂账",
    "publicity.publish_set": "送审集公示",
    "publicity.publish_slice": "清册公示",
    "verification.check_eligibility": "资格校验",
    "verification.recheck_set": "发放前核验",
    "verification.verify_slice": "预警核实",
}
STARTS = {
    "subsidy.application.application_submitted.v1": "群众提交申请（每件申请一个实例）",
    "subsidy.verification.review_granted.v1": "核实复议获准",
    "subsidy.batch.slice_opened.v1": "清册已提交（每份清册一个实例）",
    "subsidy.batch.set_opened.v1": "送审集已形成（每集一个实例）",
}


def reference() -> str:
    """Markdown: start messages, commands with fields and outcomes, facts, keys of the manifest."""
    parts = {"Start messages": _starts, "Commands": _commands, "Facts": _facts, "Keys": _keys}
    return "\n\n".join(f"## {title}\n\n" + "\n".join(rows()) for title, rows in parts.items())


def _starts() -> Iterator[str]:
    yield "| 启动消息 (start message) | 何时 | 给出的数据 (fields it fills) |"
    yield "|---|---|---|"
    for type_, words in STARTS.items():
        yield f"| `{type_}` | {words} | {_list(REGISTRY[type_].model_fields)} |"


def _commands() -> Iterator[str]:
    yield "| 命令 (command) | 作用 | 需要 (fields; **在任务上给出**) | 结果 (outcomes) → 给出的数据 |"
    yield "|---|---|---|---|"
    for name in sorted(operators()):
        command = COMMANDS[name]
        needed = [
            f"**{field}**" if field in GIVEN else field if one.is_required() else f"{field}?"
            for field, one in command.model_fields.items()
        ]
        outcomes = [
            f"`{outcome_name(type_)}` → {', '.join(REGISTRY[type_].model_fields)}"
            for type_ in command.OUTCOMES
        ]
        yield f"| `{name}` | {WORDS.get(name, '')} | {', '.join(needed)} | {'<br>'.join(outcomes)} |"
    yield ""
    yield f"每个实例还有 (every instance also has): {_list(sorted(OWN_NAMES))}。`?` 可不给 (optional)。"


def _facts() -> Iterator[str]:
    yield "| 事实 (fact) | 含义与取值 |"
    yield "|---|---|"
    for name, words in FACTS.items():
        yield f"| `{name}` | {words} |"


def _keys() -> Iterator[str]:
    yield "| 键 (key) | 含义 | 默认 |"
    yield "|---|---|---|"
    yield from _table(Manifest, "")


def _table(model: type[BaseModel], place: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = f"{place}{field.alias or name}"
        inner: Any = {"nodes": NodeFacts, "rounds": Round}.get(name, field.annotation)
        default = "**必填**" if field.is_required() else field.get_default(call_default_factory=True)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            prefix = {"nodes": "nodes.<环节>.", "rounds": "publicity.rounds[]."}.get(name, f"{key}.")
            yield from _table(inner, prefix)
            continue
        shown = default if isinstance(default, str) and default.startswith("**") else _shown(default)
        yield f"| `{key}` | {field.description} | {shown} |"


def _shown(default: Any) -> str:
    return "" if default in (None, "", [], {}) else f"`{default}`"


def _list(names: Any) -> str:
    return ", ".join(names)
