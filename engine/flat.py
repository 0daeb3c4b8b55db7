"""A process and all it calls as one graph of steps, so that checks see paths across blocks and subprocesses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.model import Diagram, Element

Key = tuple[str, ...]
"""Ids of the call activities and subprocesses around an element, and its own id."""


@dataclass(frozen=True, slots=True)
class Way:
    """A flow to the next step; `condition` is FEEL, `default` the way when no condition holds."""

    target: Key
    condition: str | None = None
    default: bool = False


@dataclass(slots=True)
class Step:
    """An element where it is reached; calls and subprocesses are dissolved into their contents."""

    key: Key
    element: Element
    file: str
    ways: list[Way] = field(default_factory=list)


def flatten(diagram: Diagram, library: Mapping[str, Diagram]) -> dict[Key, Step]:
    """Every step by its key; the first one is the start. A call that is unknown or recursive stays a step."""
    steps: dict[Key, Step] = {}
    _scope(diagram, library, diagram.process_id, (), (diagram.process_id,), steps)
    return steps


def entry(diagram: Diagram, scope: str, inside: Key) -> Key | None:
    """The start event of a process or subprocess."""
    return next(((*inside, one.id) for one in diagram.inside(scope) if one.kind == "startEvent"), None)


def _scope(
    diagram: Diagram,
    library: Mapping[str, Diagram],
    scope: str,
    inside: Key,
    calling: tuple[str, ...],
    steps: dict[Key, Step],
) -> None:
    for element in sorted(diagram.inside(scope), key=lambda one: one.kind != "startEvent"):
        key = (*inside, element.id)
        step = steps[key] = Step(key, element, diagram.filename)
        after = list(_ways(diagram, element, inside))
        within = _within(diagram, library, element, calling)
        if within is None:
            step.ways = after
        else:
            part, its_scope, its_calling = within
            first = entry(part, its_scope, key)
            step.ways = [Way(first)] if first else after
            _scope(part, library, its_scope, key, its_calling, steps)
            for one in part.inside(its_scope):
                if one.kind == "endEvent" and not one.triggers:
                    steps[(*key, one.id)].ways = after
        for attached in diagram.attached(element.id):
            step.ways.append(Way((*inside, attached.id)))


def _within(
    diagram: Diagram, library: Mapping[str, Diagram], element: Element, calling: tuple[str, ...]
) -> tuple[Diagram, str, tuple[str, ...]] | None:
    if element.kind == "subProcess":
        return diagram, element.id, calling
    called = library.get(element.called or "") if element.kind == "callActivity" else None
    if called is None or called.process_id in calling:
        return None
    return called, called.process_id, (*calling, called.process_id)


def _ways(diagram: Diagram, element: Element, inside: Key) -> Iterator[Way]:
    for flow in diagram.outgoing(element.id):
        yield Way((*inside, flow.target), flow.condition, flow.id == element.default)
