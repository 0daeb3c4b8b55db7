"""Lint rules about the flows at one element: conditions, defaults, and what may stand behind what."""

from collections.abc import Iterator

from engine.model import ACTIVITIES, Diagram, Element, Flow, Problem

CHOICES = ("exclusiveGateway", "inclusiveGateway")


def flows(diagram: Diagram, element: Element) -> Iterator[Problem]:
    def problem(zh: str, en: str, severity: str = "error") -> Problem:
        return Problem(element.id, element.name, zh, en, severity)

    outgoing, incoming = diagram.outgoing(element.id), diagram.incoming(element.id)
    conditions = [flow for flow in outgoing if flow.condition is not None]
    if element.kind == "endEvent" and outgoing:
        yield problem("结束事件不能有流出", "an end event has no way out")
    if element.kind in ("startEvent", "boundaryEvent") and incoming:
        yield problem("该事件不能有流入", "nothing flows into this event")
    if element.kind != "endEvent" and not outgoing:
        yield problem("没有流出，令牌停在此处", "a token would stop here: no way out")
    if element.default and element.default not in {flow.id for flow in outgoing}:
        yield problem(
            f"默认流 {element.default} 不从此处流出", f"default flow {element.default} does not leave here"
        )
    if element.default and any(flow.id == element.default for flow in conditions):
        yield problem("默认流的条件会被忽略", "the condition on the default flow would be ignored")
    if element.kind in CHOICES:
        yield from _choice(element, outgoing)
    elif element.kind in ("parallelGateway", "eventBasedGateway"):
        if conditions:
            yield problem("此网关会忽略条件", "conditions behind this gateway would be ignored")
    elif conditions:
        yield from _task_conditions(element, outgoing)
    elif element.default:
        yield problem("没有条件却有默认流", "a default flow without any condition")
    if element.kind == "eventBasedGateway":
        yield from _event_gateway(diagram, element, outgoing)
    if element.kind == "boundaryEvent":
        host = diagram.elements.get(element.attached_to or "")
        if host is None or host.kind not in ACTIVITIES or host.scope != element.scope:
            yield problem("边界事件没有附着在活动上", "the boundary event is attached to no activity")


def _choice(element: Element, outgoing: list[Flow]) -> Iterator[Problem]:
    bare = [flow for flow in outgoing if flow.condition is None and flow.id != element.default]
    if len(outgoing) == 1 and not bare and element.default is None:
        yield Problem(
            element.id, element.name, "唯一的流带条件，不成立时无路可走", "the only way out has a condition"
        )
    if len(outgoing) < 2:
        return
    for flow in bare:
        yield Problem(element.id, element.name, f"流 {flow.id} 没有条件", f"flow {flow.id} has no condition")
    if element.default is None:
        yield Problem(element.id, element.name, "网关没有默认流", "the gateway has no default flow")


def _task_conditions(element: Element, outgoing: list[Flow]) -> Iterator[Problem]:
    """Conditions on a task's own flows become an exclusive gateway: allowed, but the first that holds
    wins."""
    if element.default is None:
        yield Problem(
            element.id, element.name, "带条件的流出没有默认流", "conditional flows without a default flow"
        )
    for flow in outgoing:
        if flow.condition is None and flow.id != element.default:
            yield Problem(
                element.id,
                element.name,
                f"流 {flow.id} 没有条件也不是默认流",
                f"flow {flow.id} has no condition and is not the default",
            )
    if len(outgoing) > 2:
        yield Problem(
            element.id,
            element.name,
            "只走第一个成立的条件",
            "only the first condition that holds is taken",
            "warning",
        )


def _event_gateway(diagram: Diagram, element: Element, outgoing: list[Flow]) -> Iterator[Problem]:
    def problem(zh: str, en: str) -> Problem:
        return Problem(element.id, element.name, zh, en)

    if len(outgoing) < 2:
        yield problem("事件网关至少要有两个事件", "an event gateway needs two events at least")
    timers, messages = 0, []
    for flow in outgoing:
        target = diagram.elements.get(flow.target)
        if target is None:
            continue
        if target.kind not in ("intermediateCatchEvent", "receiveTask"):
            yield problem(
                "事件网关后只能是捕获事件", "only catching events may stand behind an event gateway"
            )
            continue
        if len(diagram.incoming(target.id)) > 1 or diagram.attached(target.id):
            yield problem(
                "网关后的事件不能有别的入口或边界事件",
                "an event behind the gateway has no other way in and no boundary",
            )
        for trigger in target.triggers:
            timers += trigger.kind == "timer"
            if trigger.kind == "message":
                messages.append(trigger.name)
    if timers > 1:
        yield problem("事件网关只能有一个计时器", "two timers behind one event gateway")
    if len(messages) != len(set(messages)):
        yield problem("事件网关后同一消息出现两次", "the same message twice behind one event gateway")
