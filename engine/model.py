"""The one model every diagram is read into, whatever editor drew it: elements, flows, and what they wait
for."""

from dataclasses import dataclass, field

# What the engine runs. Everything else that BPMN knows is refused by the linter.
TASKS = frozenset({"serviceTask", "userTask", "manualTask", "businessRuleTask", "receiveTask"})
SCOPES = frozenset({"subProcess", "callActivity"})
GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway"})
EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "boundaryEvent"})
ACTIVITIES = TASKS | SCOPES
SUPPORTED = ACTIVITIES | GATEWAYS | EVENTS
# A token stops at these until the outside world answers.
WAITS = frozenset(
    {"serviceTask", "userTask", "manualTask", "receiveTask", "intermediateCatchEvent", "eventBasedGateway"}
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a diagram, at the analyst's own element. Severity: error | warning."""

    element_id: str
    element_name: str
    message_zh: str
    message_en: str
    severity: str = "error"

    def __str__(self) -> str:
        where = f"{self.element_id} {self.element_name}".strip()
        return f"[{self.severity}] {where}: {self.message_zh} ({self.message_en})"


class DiagramError(ValueError):
    """A diagram that cannot be read or compiled; `problems` holds every reason, never empty."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow; `condition` is FEEL text without a leading `=`."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """What an event waits for or throws. `text` is the timer's value; `name` the message's name or the
    error's
    code (None catches any error)."""

    kind: str  # timer | message | error | terminate | any refused kind
    form: str = ""  # of a timer: date | duration | cycle
    text: str = ""
    name: str | None = None
    correlation: str | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value handed to an operator: literal text, or FEEL when `feel`."""

    name: str
    text: str
    feel: bool


@dataclass(slots=True)
class Element:
    """A flow node as the analyst drew it."""

    id: str
    kind: str
    name: str = ""
    scope: str = ""  # id of the process or subprocess that holds it
    line: int = 0
    default: str | None = None
    lane: str | None = None
    attached_to: str | None = None
    interrupting: bool = True
    triggers: list[Trigger] = field(default_factory=list)
    operator: str | None = None
    parameters: list[Parameter] = field(default_factory=list)
    decision: str | None = None
    result_variable: str | None = None
    called: str | None = None
    candidate_groups: tuple[str, ...] = ()

    @property
    def trigger(self) -> Trigger | None:
        return self.triggers[0] if self.triggers else None


@dataclass(slots=True)
class Diagram:
    """One file's process. `problems` are those that reading already met; the linter adds its own."""

    filename: str
    process_id: str
    name: str
    sha256: str
    elements: dict[str, Element] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def outgoing(self, element_id: str) -> list[Flow]:
        return [flow for flow in self.flows.values() if flow.source == element_id]

    def incoming(self, element_id: str) -> list[Flow]:
        return [flow for flow in self.flows.values() if flow.target == element_id]

    def inside(self, scope: str) -> list[Element]:
        """The elements directly in a process or subprocess."""
        return [element for element in self.elements.values() if element.scope == scope]

    def attached(self, element_id: str) -> list[Element]:
        return [element for element in self.elements.values() if element.attached_to == element_id]

    @property
    def start_message(self) -> str | None:
        """The event type that starts a case of this process, or None when only the API does."""
        for element in self.inside(self.process_id):
            if element.kind == "startEvent" and element.trigger and element.trigger.kind == "message":
                return element.trigger.name
        return None

    @property
    def calls(self) -> set[str]:
        """Process ids that call activities name."""
        return {e.called for e in self.elements.values() if e.kind == "callActivity" and e.called}
