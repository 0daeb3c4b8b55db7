"""Reads BPMN from any editor into one `Diagram`. Hostile or unreadable files raise; everything that merely
cannot
run is collected on the diagram, so that the linter can report all of it at once."""

import hashlib
from collections.abc import Callable

from lxml import etree

from engine import vocabulary
from engine.model import SUPPORTED, Diagram, DiagramError, Element, Flow, Problem, Trigger
from engine.vocabulary import BPMN, DRAWING, expression, local, namespace

MAX_BYTES = 2_000_000
MAX_ELEMENTS = 500
SILENT = frozenset({
    "incoming", "outgoing", "documentation", "extensionElements", "laneSet", "textAnnotation", "association",
    "group", "flowNodeRef", "lane",
})  # fmt: skip
TOP = frozenset({
    "process", "collaboration", "message", "error", "signal", "escalation", "category", "itemDefinition",
    "extensionElements", "documentation",
})  # fmt: skip
# Drawn data shapes have no meaning here: data travel in the case. Their arrows would change data in Spiff.
DATA_SHAPES = frozenset({"dataObject", "dataObjectReference"})
EVENT_FORMS = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}


def refuse(zh: str, en: str) -> DiagramError:
    return DiagramError([Problem("", "", zh, en)])


def parse_xml(xml: bytes, max_bytes: int = MAX_BYTES) -> etree._Element:
    """Parse without entities, network or DTD. Raises DiagramError for oversize, DOCTYPE, or text that is not
    XML."""
    if len(xml) > max_bytes:
        raise refuse(f"文件超过 {max_bytes} 字节", f"the file is over {max_bytes} bytes")
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise refuse("文件含有 DOCTYPE", "a DOCTYPE is not allowed")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise refuse(f"不是有效的 XML：{error}", f"not valid XML: {error}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise refuse("文件含有 DOCTYPE", "a DOCTYPE is not allowed")
    return root


def read_bpmn(xml: bytes, filename: str) -> Diagram:
    """Read one file. Raises DiagramError when it is hostile, not BPMN, or has not exactly one executable
    process."""
    root = parse_xml(xml)
    if root.tag != f"{{{BPMN}}}definitions":
        raise refuse("不是 BPMN 2.0 文件", "not a BPMN 2.0 file")
    processes = [p for p in root.iterchildren(f"{{{BPMN}}}process")]
    runnable = [p for p in processes if p.get("isExecutable", "true") == "true"]
    if not runnable and len(processes) == 1:
        runnable = processes  # bpmn.io draws every process as not executable
    if len(runnable) != 1:
        raise refuse(
            f"必须恰有一个可执行流程，找到 {len(runnable)} 个",
            f"exactly one executable process is needed, found {len(runnable)}",
        )
    process = runnable[0]
    if not process.get("id"):
        raise refuse("流程没有 id", "the process has no id")
    diagram = Diagram(
        filename, process.get("id", ""), process.get("name", ""), hashlib.sha256(xml).hexdigest()
    )
    _Reading(root, diagram).run(process)
    return diagram


class _Reading:
    """One pass over one document."""

    def __init__(self, root: etree._Element, diagram: Diagram) -> None:
        self.root = root
        self.diagram = diagram
        self.names = {n.get("id"): n for n in root.iterchildren() if isinstance(n.tag, str) and n.get("id")}
        self.lanes: dict[str, str] = {}
        self.nodes = 0

    def problem(self, node: etree._Element, zh: str, en: str, severity: str = "error") -> None:
        self.diagram.problems.append(Problem(node.get("id", ""), node.get("name", ""), zh, en, severity))

    def run(self, process: etree._Element) -> None:
        self._duplicates()
        for child in self.root.iterchildren():
            if namespace(child) in DRAWING:
                continue
            if namespace(child) != BPMN or local(child) not in TOP:
                self.problem(
                    child, f"不支持的定义 {local(child)}", f"definition {local(child)} is not supported"
                )
        for lane in process.iter(f"{{{BPMN}}}lane"):
            for ref in lane.iterchildren(f"{{{BPMN}}}flowNodeRef"):
                self.lanes[(ref.text or "").strip()] = lane.get("name", "")
        self.diagram.problems += vocabulary.refused(process)
        self._scope(process, self.diagram.process_id)

    def _duplicates(self) -> None:
        seen: set[str] = set()
        for node in self.root.iter(f"{{{BPMN}}}*"):
            found = node.get("id")
            if found in seen:
                self.problem(node, f"id {found} 重复", f"id {found} is used twice")
            if found:
                seen.add(found)

    def _scope(self, holder: etree._Element, scope: str) -> None:
        for node in holder.iterchildren():
            kind = local(node)
            if namespace(node) in DRAWING:
                continue
            if namespace(node) != BPMN:
                self.problem(
                    node, f"未知命名空间的元素 {kind}", f"element {kind} of unknown {namespace(node)}"
                )
            elif kind in SILENT or kind.endswith("EventDefinition"):
                continue
            elif kind == "sequenceFlow":
                self._flow(node)
            elif kind in DATA_SHAPES:
                self.problem(
                    node,
                    "数据对象只是图示，不起作用",
                    "a data object is only drawn, it does nothing",
                    "warning",
                )
            elif node.get("id") is None:
                if kind not in ("ioSpecification", "property") or holder.tag == f"{{{BPMN}}}process":
                    self.problem(node, f"元素 {kind} 没有 id", f"element {kind} has no id")
            else:
                self._element(node, kind, scope)

    def _flow(self, node: etree._Element) -> None:
        self.diagram.problems += vocabulary.refused(node)
        text: str | None = None
        for condition in node.iterchildren(f"{{{BPMN}}}conditionExpression"):
            self._language(node, condition)
            text = expression(condition.text)
        flow = Flow(
            node.get("id", ""),
            node.get("sourceRef", ""),
            node.get("targetRef", ""),
            node.get("name", ""),
            text,
        )
        self.diagram.flows[flow.id] = flow

    def _language(self, owner: etree._Element, node: etree._Element) -> None:
        """An expression in another language would be read as FEEL and mean something else."""
        language = (node.get("language") or "").lower()
        if language and "feel" not in language:
            self.problem(
                owner, f"表达式语言 {language} 不支持", f"expression language {language} is not supported"
            )
        for name in node.attrib:
            space = etree.QName(name).namespace
            if space not in (None, BPMN, vocabulary.XSI):
                attribute = etree.QName(name).localname
                self.problem(owner, f"不支持 {attribute}", f"attribute {attribute} is not supported")
        if "${" in (node.text or "") or "#{" in (node.text or ""):
            self.problem(owner, "使用了 JUEL 表达式", "uses a ${…} expression; write FEEL")

    def _element(self, node: etree._Element, kind: str, scope: str) -> None:
        self.nodes += 1
        if self.nodes > MAX_ELEMENTS:
            raise refuse(f"元素超过 {MAX_ELEMENTS} 个", f"over {MAX_ELEMENTS} elements")
        element = Element(
            node.get("id", ""),
            kind,
            node.get("name", ""),
            scope,
            node.sourceline if isinstance(node.sourceline, int) else 0,
        )
        element.default = node.get("default")
        element.lane = self.lanes.get(element.id)
        element.attached_to = node.get("attachedToRef")
        element.interrupting = node.get("cancelActivity", "true") == "true"
        element.called = node.get("calledElement")
        self.diagram.elements.setdefault(element.id, element)
        self.diagram.problems += vocabulary.describe(element, node)
        self.diagram.problems += vocabulary.refused(node)
        self._children(node, element)
        for child in node.iterchildren():
            if local(child).endswith("EventDefinition"):
                element.triggers.append(self._trigger(child))
                self.diagram.problems += vocabulary.refused(child)
        if kind == "receiveTask":
            element.triggers = [self._message(node)]
        if kind == "subProcess":
            if node.get("triggeredByEvent") == "true":
                element.kind = "eventSubProcess"
            self._scope(node, element.id)
        if node.get("isForCompensation") == "true":
            self.problem(node, "不支持补偿", "compensation is not supported")
        if kind == "parallelGateway" and element.default:
            self.problem(node, "并行网关不能有默认流", "a parallel gateway has no default flow")
        if any(node.get(name, "1") != "1" for name in ("startQuantity", "completionQuantity")):
            self.problem(node, "不支持多令牌数量", "token quantities are not supported")
        if node.get("instantiate") == "true":
            self.problem(node, "不支持 instantiate", "instantiate is not supported")

    def _children(self, node: etree._Element, element: Element) -> None:
        """Standard children that change behaviour and that we do not run."""
        for child in node.iterchildren():
            kind = local(child)
            if namespace(child) != BPMN or kind in SILENT or kind.endswith("EventDefinition"):
                continue
            if kind.endswith("LoopCharacteristics"):
                self.problem(
                    node, "不支持循环和多实例任务", "loop and multi-instance tasks are not supported"
                )
            elif kind in ("dataInputAssociation", "dataOutputAssociation"):
                self.problem(node, "数据连线不起作用", "data associations do nothing", "warning")
            elif kind in (
                "ioSpecification",
                "property",
                "resourceRole",
                "potentialOwner",
                "performer",
                "humanPerformer",
            ):
                self.problem(node, f"不支持 {kind}", f"{kind} is not supported")
            elif element.kind in SUPPORTED and kind not in ("sequenceFlow",) and element.kind != "subProcess":
                self.problem(node, f"不支持 {kind}", f"{kind} is not supported here")

    def _trigger(self, node: etree._Element) -> Trigger:
        kind = local(node).removesuffix("EventDefinition")
        readers: dict[str, Callable[[etree._Element], Trigger]] = {
            "timer": self._timer, "message": self._message, "error": self._error,
        }  # fmt: skip
        reader = readers.get(kind)
        return reader(node) if reader else Trigger(kind)

    def _timer(self, node: etree._Element) -> Trigger:
        owner = node.getparent()
        for child in node.iterchildren():
            form = EVENT_FORMS.get(local(child))
            if form:
                self._language(owner if owner is not None else node, child)
                return Trigger("timer", form, (child.text or "").strip())
        return Trigger("timer")

    def _message(self, node: etree._Element) -> Trigger:
        message = self.names.get(node.get("messageRef") or "")
        if message is None or local(message) != "message":
            return Trigger("message")
        return Trigger("message", name=message.get("name"), correlation=vocabulary.correlation(message))

    def _error(self, node: etree._Element) -> Trigger:
        error = self.names.get(node.get("errorRef") or "")
        code = error.get("errorCode") if error is not None and local(error) == "error" else None
        if code is None and node.get("errorRef"):
            owner = node.getparent()
            self.problem(
                owner if owner is not None else node, "引用的错误没有代码", "the error it names has no code"
            )
        return Trigger("error", name=code)
