"""Rewrites a `Diagram` into the plain BPMN that Spiff's parser reads, with a map back to the analyst's
elements.

Spiff never sees a text of the analyst: conditions become flow ids, events lose their details, and ids get a
prefix
(an element called `Start` or `End` would silently be taken for one of Spiff's own)."""

from lxml import etree

from engine.model import Diagram, Element, Flow
from engine.vocabulary import BPMN

PREFIX = "e."
FLOW = "f."
SPLIT = "x."  # a gateway we inserted behind an element with several or conditional flows
FORKS = ("exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway")


def spec_name(element_id: str) -> str:
    return PREFIX + element_id


def scope_name(diagram: Diagram, scope: str) -> str:
    """The name of the Spiff process spec that holds the elements of a scope."""
    return scope if scope == diagram.process_id else spec_name(scope)


def condition_name(diagram: Diagram, flow_id: str) -> str:
    """What Spiff is given in the place of a condition's text; flow ids of two diagrams may be alike."""
    return f"{diagram.process_id}/{flow_id}"


def needs_split(diagram: Diagram, element: Element) -> str | None:
    """The kind of gateway to insert behind an element that is no gateway itself."""
    if element.kind in FORKS:
        return None
    flows = diagram.outgoing(element.id)
    if any(flow.condition is not None for flow in flows):
        return "exclusiveGateway"
    return "parallelGateway" if len(flows) > 1 else None


def to_spiff(diagram: Diagram) -> etree._Element:
    """The document for Spiff's parser."""
    root = etree.Element(f"{{{BPMN}}}definitions", nsmap={"bpmn": BPMN})
    process = _child(root, "process", id=diagram.process_id, isExecutable="true")
    _scope(diagram, process, diagram.process_id)
    return root


def _child(parent: etree._Element, tag: str, text: str | None = None, **attributes: str) -> etree._Element:
    node = etree.SubElement(parent, f"{{{BPMN}}}{tag}", attrib=attributes)
    node.text = text
    return node


def _scope(diagram: Diagram, holder: etree._Element, scope: str) -> None:
    for element in diagram.inside(scope):
        _element(diagram, holder, element)


def _element(diagram: Diagram, holder: etree._Element, element: Element) -> None:
    name = spec_name(element.id)
    node = _child(holder, element.kind, id=name)
    source = name
    default = element.default
    inserted = needs_split(diagram, element)
    if inserted:
        source = SPLIT + element.id
        split = _child(holder, inserted, id=source)
        _child(holder, "sequenceFlow", id=f"{SPLIT}{element.id}.in", sourceRef=name, targetRef=source)
        if default and inserted == "exclusiveGateway":
            split.set("default", FLOW + default)
    elif default and element.kind in FORKS:
        node.set("default", FLOW + default)
    if element.kind == "callActivity":
        node.set("calledElement", element.called or "")
    if element.kind == "boundaryEvent":
        node.set("attachedToRef", spec_name(element.attached_to or ""))
        node.set("cancelActivity", "true" if element.interrupting else "false")
    if element.kind in ("boundaryEvent", "intermediateCatchEvent", "endEvent"):
        _definition(node, element)
    if element.kind == "subProcess":
        _scope(diagram, node, element.id)
    for flow in diagram.outgoing(element.id):
        _flow(diagram, holder, flow, source, conditional=flow.id != default)


def _definition(node: etree._Element, element: Element) -> None:
    """An empty event definition of the right class; the runtime puts its own in its place."""
    trigger = element.trigger
    if trigger is None:
        return
    definition = _child(node, f"{trigger.kind}EventDefinition")
    if trigger.kind == "timer":
        _child(definition, "timeDuration", "P1D")


def _flow(diagram: Diagram, holder: etree._Element, flow: Flow, source: str, *, conditional: bool) -> None:
    node = _child(
        holder, "sequenceFlow", id=FLOW + flow.id, sourceRef=source, targetRef=spec_name(flow.target)
    )
    if flow.condition is not None and conditional:
        _child(node, "conditionExpression", condition_name(diagram, flow.id))
