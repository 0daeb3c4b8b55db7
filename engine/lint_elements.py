"""Lint rules that look at one element: its kind, events, operator, role, decision, and every text in it."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.expressions import FeelError, TimerError, feel, timer
from engine.lint_flows import flows
from engine.model import SUPPORTED, Diagram, Element, Problem, Trigger
from engine.suggest import did_you_mean

REFUSED = {
    "scriptTask": ("不允许脚本任务", "script tasks run code"),
    "task": ("未指定类型的任务什么也不做", "a task without a type does nothing"),
    "sendTask": ("发送任务请改用服务任务", "use a service task to send"),
    "intermediateThrowEvent": (
        "抛出事件（链接、信号、补偿、消息、升级）会被忽略",
        "throw events would be ignored",
    ),
    "complexGateway": ("不支持复杂网关", "complex gateways are not supported"),
    "eventSubProcess": (
        "不支持事件子流程，请用边界事件",
        "event subprocesses are unsafe; use a boundary event",
    ),
    "transaction": ("不支持事务子流程", "transactions are not supported"),
    "adHocSubProcess": ("不支持即席子流程", "ad-hoc subprocesses are not supported"),
    "dataStoreReference": ("数据存储没有实现", "data stores have no implementation"),
    "dataStore": ("数据存储没有实现", "data stores have no implementation"),
}
ALLOWED = {
    "startEvent": ("message",),
    "endEvent": ("terminate", "error"),
    "intermediateCatchEvent": ("timer", "message"),
    "boundaryEvent": ("timer", "message", "error"),
    "receiveTask": ("message",),
}


@dataclass(frozen=True, slots=True)
class Context:
    """What the linter was given beside the diagram. `top`: this diagram is the one to deploy, not a called
    one."""

    operators: Mapping[str, Any]
    nodes: Mapping[str, Mapping[str, Any]]
    decisions: Collection[str]
    library: Mapping[str, Diagram]
    names: Collection[str] | None
    top: bool


def check(diagram: Diagram, context: Context) -> Iterator[Problem]:
    for element in diagram.elements.values():
        if element.kind not in SUPPORTED:
            zh, en = REFUSED.get(element.kind, (f"不支持 {element.kind}", f"{element.kind} is not supported"))
            yield Problem(element.id, element.name, zh, en)
            continue
        yield from _events(diagram, element, context)
        yield from _work(element, context)
        yield from _texts(element, context)
        yield from flows(diagram, element)
    for flow in diagram.flows.values():
        if flow.condition is not None:
            yield from _feel(flow.id, flow.name, flow.condition, context)


def problem(element: Element, zh: str, en: str, severity: str = "error") -> Problem:
    return Problem(element.id, element.name, zh, en, severity)


def _events(diagram: Diagram, element: Element, context: Context) -> Iterator[Problem]:
    allowed = ALLOWED.get(element.kind, ())
    for trigger in element.triggers:
        if trigger.kind not in allowed:
            yield problem(
                element,
                f"{element.kind} 不支持 {trigger.kind} 事件",
                f"a {trigger.kind} event is not supported on {element.kind}",
            )
        elif trigger.kind == "message" and not trigger.name:
            yield problem(element, "消息没有名称", "the message has no name")
    if len(element.triggers) > 1:
        yield problem(element, "一个事件只能有一个定义", "one event, one definition")
    if element.kind in ("intermediateCatchEvent", "boundaryEvent") and not element.triggers:
        yield problem(element, "事件没有定义，会被直接通过", "the event waits for nothing")
    if element.kind == "startEvent" and element.triggers and element.scope != diagram.process_id:
        yield problem(element, "子流程的开始事件不能有触发器", "a subprocess starts without a trigger")
    if element.kind == "startEvent" and element.triggers and not context.top:
        yield problem(
            element, "被调用流程的消息开始不起作用", "a called process is started by its caller", "warning"
        )
    yield from _first(diagram, element, context)


def _first(diagram: Diagram, element: Element, context: Context) -> Iterator[Problem]:
    """What only makes sense for the element's one trigger."""
    trigger = element.trigger
    if trigger is None:
        return
    if element.kind == "endEvent" and trigger.kind == "error":
        if context.top and element.scope == diagram.process_id:
            yield problem(
                element, "顶层流程的错误结束无人捕获", "nobody catches an error end of the top process"
            )
        elif trigger.name is None:
            yield problem(element, "错误结束没有错误代码", "the error end has no code")
    if trigger.kind == "error" and element.kind == "boundaryEvent" and not element.interrupting:
        yield problem(element, "错误边界事件必须中断", "an error boundary must interrupt")
    if trigger.form == "cycle" and (element.kind != "boundaryEvent" or element.interrupting):
        yield problem(
            element, "循环计时器只能用于非中断边界事件", "a cycle needs a non-interrupting boundary event"
        )


def _work(element: Element, context: Context) -> Iterator[Problem]:
    if element.kind == "serviceTask":
        yield from _operator(element, context)
    elif element.parameters:
        yield problem(element, "只有服务任务有参数", "only service tasks take parameters")
    role = context.nodes.get(element.id, {}).get("role") or element.candidate_groups
    if element.kind in ("userTask", "manualTask") and not role:
        yield problem(element, "用户任务没有角色", "the user task has no role")
    if element.kind == "businessRuleTask":
        if not element.decision:
            yield problem(element, "业务规则任务没有决策", "the business rule task names no decision")
        elif element.decision not in context.decisions:
            yield problem(element, f"未知决策 {element.decision}", f"unknown decision {element.decision}")
    if element.kind == "callActivity":
        if not element.called:
            yield problem(element, "调用活动没有流程", "the call activity names no process")
        elif element.called not in context.library:
            yield problem(
                element, f"库中没有流程 {element.called}", f"no process {element.called} in the library"
            )


def _operator(element: Element, context: Context) -> Iterator[Problem]:
    if not element.operator:
        yield problem(element, "服务任务没有操作", "the service task names no operator")
        return
    operator = context.operators.get(element.operator)
    if operator is None:
        near = did_you_mean(element.operator, context.operators)
        yield problem(element, f"未知操作 {element.operator}{near}", f"unknown operator {element.operator}")
        return
    given = Counter(parameter.name for parameter in element.parameters)
    for name, times in given.items():
        if name not in operator.parameters:
            yield problem(element, f"操作没有参数 {name}", f"{operator.name} takes no parameter {name}")
        elif times > 1:
            yield problem(element, f"参数 {name} 重复", f"parameter {name} is given twice")
    for name, required in operator.parameters.items():
        if required and name not in given:
            yield problem(element, f"缺少参数 {name}", f"parameter {name} is missing")


def _texts(element: Element, context: Context) -> Iterator[Problem]:
    for parameter in element.parameters:
        if parameter.feel:
            yield from _feel(element.id, element.name, parameter.text, context)
    for trigger in element.triggers:
        if trigger.correlation is not None:
            yield from _feel(element.id, element.name, trigger.correlation, context)
        if trigger.kind == "timer":
            yield from _timer(element, trigger, context)


def _timer(element: Element, trigger: Trigger, context: Context) -> Iterator[Problem]:
    try:
        timer(trigger.form, trigger.text, context.names)
    except (FeelError, TimerError) as error:
        yield problem(element, f"计时器错误：{error}", f"timer refused: {error}")


def _feel(element_id: str, name: str, text: str, context: Context) -> Iterator[Problem]:
    try:
        feel(text, context.names)
    except FeelError as error:
        yield Problem(element_id, name, f"表达式错误：{error}", f"expression refused: {error}")
