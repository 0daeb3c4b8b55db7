"""What a case asks of the outside world. Effects are facts of one step, in order; the caller persists or
sends them.

`task_id` counts per case and depends only on the case's inputs, so a replay asks for the same command by the
same id.
`scope` is the path of call activities and subprocesses around an element ("" on the top level)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Due = timedelta | datetime | str


@dataclass(frozen=True, slots=True)
class SendCommand:
    task_id: int
    element_id: str
    operator: str
    parameters: dict[str, Any]
    scope: str = ""


@dataclass(frozen=True, slots=True)
class CancelCommand:
    """The token left a service task without its answer (a boundary event, a terminate end)."""

    task_id: int


@dataclass(frozen=True, slots=True)
class OpenWorkItem:
    task_id: int
    element_id: str
    name: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class CloseWorkItem:
    """The work item is done or withdrawn."""

    task_id: int
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class SetTimer:
    """`due`: a duration, a UTC instant, or text that the caller's calendar resolves: `working days(n)`, or a
    duration with months (`P1M`). `repeat`: rounds left (-1 without end); each round is asked for anew, so to the
    caller every SetTimer fires once, and replaces an older one of the same task and branch."""

    task_id: int
    element_id: str
    due: Due
    repeat: int = 1
    scope: str = ""
    branch: int = 0  # which event behind an event gateway


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """The timer of this task has fired for the last time, or is no longer wanted."""

    task_id: int


@dataclass(frozen=True, slots=True)
class WaitMessage:
    task_id: int
    element_id: str
    message_name: str
    correlation: str
    scope: str = ""
    branch: int = 0


@dataclass(frozen=True, slots=True)
class CancelMessage:
    """The message of this task has come, or is no longer wanted."""

    task_id: int


@dataclass(frozen=True, slots=True)
class DecisionMade:
    element_id: str
    decision: str
    rules: list[Any]
    result: Any
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    element_id: str
    task_id: int
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Left:
    element_id: str
    task_id: int
    cancelled: bool = False
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    pass


@dataclass(frozen=True, slots=True)
class Incident:
    """The case cannot go on at this element until `Case.retry(task_id)`."""

    task_id: int
    element_id: str
    text: str
    scope: str = ""


Effect = (
    SendCommand | CancelCommand | OpenWorkItem | CloseWorkItem | SetTimer | CancelTimer | WaitMessage
    | CancelMessage | DecisionMade | Entered | Left | Ended | Incident
)  # fmt: skip
