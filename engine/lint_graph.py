"""Lint rules about the whole graph: starts and ends, what is reachable, loops that never wait, joins that
never fire."""

from collections.abc import Iterator, Mapping

from engine.model import WAITS, Diagram, Element, Problem


def check(diagram: Diagram, library: Mapping[str, Diagram]) -> Iterator[Problem]:
    scopes = [diagram.process_id, *(e.id for e in diagram.elements.values() if e.kind == "subProcess")]
    for scope in scopes:
        yield from _starts_and_ends(diagram, scope)
    yield from _broken_flows(diagram)
    for scope in scopes:
        yield from _unreachable(diagram, scope)
        yield from _endless(diagram, scope, library)
    yield from _joins(diagram)
    yield from _recursion(diagram, library)
    yield from _uncaught(diagram)


def problem(element: Element, zh: str, en: str) -> Problem:
    return Problem(element.id, element.name, zh, en)


def _starts_and_ends(diagram: Diagram, scope: str) -> Iterator[Problem]:
    kinds = [element.kind for element in diagram.inside(scope)]
    name = diagram.elements[scope].name if scope in diagram.elements else diagram.name
    if kinds.count("startEvent") != 1:
        yield Problem(
            scope, name, "必须恰有一个开始事件", f"needs one start event, has {kinds.count('startEvent')}"
        )
    if "endEvent" not in kinds:
        yield Problem(scope, name, "没有结束事件", "has no end event")


def _broken_flows(diagram: Diagram) -> Iterator[Problem]:
    for flow in diagram.flows.values():
        source, target = diagram.elements.get(flow.source), diagram.elements.get(flow.target)
        if source is None or target is None:
            yield Problem(flow.id, flow.name, "流的一端不存在", "one end of the flow does not exist")
        elif source.scope != target.scope:
            yield Problem(flow.id, flow.name, "流穿过了子流程边界", "the flow crosses a subprocess")


def _next(diagram: Diagram) -> dict[str, list[str]]:
    following: dict[str, list[str]] = {element_id: [] for element_id in diagram.elements}
    for flow in diagram.flows.values():
        if flow.source in following and flow.target in following:
            following[flow.source].append(flow.target)
    return following


def _reach(following: Mapping[str, list[str]], start: str) -> set[str]:
    """Everything behind `start`; `start` itself only when a loop leads back to it."""
    found: set[str] = set()
    todo = list(following[start])
    while todo:
        current = todo.pop()
        if current not in found:
            found.add(current)
            todo += following[current]
    return found


def _unreachable(diagram: Diagram, scope: str) -> Iterator[Problem]:
    following = _next(diagram)
    for element in diagram.elements.values():
        if element.attached_to in following:
            following[element.attached_to].append(element.id)
    reached: set[str] = set()
    for element in diagram.inside(scope):
        if element.kind == "startEvent":
            reached |= {element.id} | _reach(following, element.id)
    for element in diagram.inside(scope):
        if element.id not in reached and element.kind != "eventSubProcess":
            yield problem(element, "从开始事件到不了", "cannot be reached from the start")


def _waits(diagram: Diagram, element: Element, library: Mapping[str, Diagram], seen: frozenset[str]) -> bool:
    """Whether a token surely stops here: in a subprocess, when every way through it waits."""
    if element.kind == "subProcess":
        return _holds(diagram, element.id, library, seen)
    if element.kind == "callActivity":
        called = library.get(element.called or "")
        if called is None or called.process_id in seen:
            return called is not None
        return _holds(called, called.process_id, library, seen | {called.process_id})
    return element.kind in WAITS


def _holds(diagram: Diagram, scope: str, library: Mapping[str, Diagram], seen: frozenset[str]) -> bool:
    passing = _passing(diagram, scope, library, seen)
    starts = [e.id for e in diagram.inside(scope) if e.kind == "startEvent"]
    ends = {e.id for e in diagram.inside(scope) if e.kind == "endEvent"}
    return not any(_reach(passing, start) & ends for start in starts)


def _passing(
    diagram: Diagram, scope: str, library: Mapping[str, Diagram], seen: frozenset[str]
) -> dict[str, list[str]]:
    """One scope's graph without the elements that wait: what one event can run through."""
    following = _next(diagram)
    inside = diagram.inside(scope)
    passing = {e.id for e in inside if not _waits(diagram, e, library, seen)}
    return {name: [target for target in following[name] if target in passing] for name in passing}


def _endless(diagram: Diagram, scope: str, library: Mapping[str, Diagram]) -> Iterator[Problem]:
    passing = _passing(diagram, scope, library, frozenset({diagram.process_id}))
    for element_id in passing:
        if element_id in _reach(passing, element_id):
            element = diagram.elements[element_id]
            yield problem(
                element, "循环中没有任何等待，会无休止地运行", "a loop without a wait would run for ever"
            )


def _joins(diagram: Diagram) -> Iterator[Problem]:
    """A join with one way in from outside and another from behind itself waits for itself."""
    following = _next(diagram)
    for element in diagram.elements.values():
        incoming = diagram.incoming(element.id)
        if element.kind not in ("parallelGateway", "inclusiveGateway") or len(incoming) < 2:
            continue
        behind = _reach(following, element.id)
        back = [flow for flow in incoming if flow.source in behind]
        if back and len(back) < len(incoming):
            yield problem(
                element, "汇合网关的一个入口来自它自己之后", "a way into this join comes from behind it"
            )


def _recursion(diagram: Diagram, library: Mapping[str, Diagram]) -> Iterator[Problem]:
    for element in diagram.elements.values():
        if element.kind != "callActivity":
            continue
        seen: set[str] = set()
        todo = [element.called or ""]
        while todo:
            name = todo.pop()
            if name in library and name not in seen:
                seen.add(name)
                todo += sorted(library[name].calls)
        if diagram.process_id in seen:
            yield problem(element, "流程直接或间接调用自己", "the process calls itself")


def _uncaught(diagram: Diagram) -> Iterator[Problem]:
    """Error ends of subprocesses need a boundary around them; those of the top may be a caller's to catch."""
    for element in diagram.elements.values():
        trigger = element.trigger
        if element.kind != "endEvent" or trigger is None or trigger.kind != "error":
            continue
        scope, caught = element.scope, element.scope == diagram.process_id
        while scope in diagram.elements and not caught:
            catching = [t for e in diagram.attached(scope) for t in e.triggers if t.kind == "error"]
            caught = any(t.name in (None, trigger.name) for t in catching)
            scope = diagram.elements[scope].scope
        if not caught:
            yield problem(
                element, f"错误 {trigger.name} 无人捕获", f"nobody catches the error {trigger.name}"
            )
