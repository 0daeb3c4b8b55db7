"""What grievance decides without a database: kinds, states, codes, deadlines, 回避."""

from collections.abc import Callable
from datetime import date
from enum import IntEnum, StrEnum

ACCEPT_WITHIN_WORKING_DAYS = 3
"""受理 within 3 working days of registration (decisions §5)."""
CONCLUDE_WITHIN_WORKING_DAYS = 15
"""结论 and reply within 15 working days of 受理, of a reopening again."""
ESCALATE_AFTER_WORKING_DAYS = 30
"""From registration: what is not concluded by then goes up to discipline."""
ANSWER_WITHIN_WORKING_DAYS = 5
"""A message is answered within 5 working days (our default: 农机 gives simple matters five)."""
RATE_WITHIN_WORKING_DAYS = 5
"""How long a complainant may rate before the desk may close."""

AddDays = Callable[[date, int], date]


class Kind(StrEnum):
    """投诉, 异议, 咨询留言."""

    COMPLAINT = "complaint"
    OBJECTION = "objection"
    MESSAGE = "message"


class State(StrEnum):
    """A case's way: 登记 → 受理 (or refused) → 入户查实 → 结论 → 答复 → 办结; a message: 登记 → 答复 → 办结."""

    REGISTERED = "registered"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SURVEYED = "surveyed"
    CONCLUDED = "concluded"
    REPLIED = "replied"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        """The screen's word."""
        return _LABELS[self]


_LABELS = {
    State.REGISTERED: "登记",
    State.ACCEPTED: "受理",
    State.REFUSED: "不予受理",
    State.SURVEYED: "入户查实",
    State.CONCLUDED: "结论",
    State.REPLIED: "已答复",
    State.CLOSED: "已办结",
}

HOLDING = frozenset({State.ACCEPTED, State.SURVEYED})
"""States in which a case that names a line holds it."""
OPEN = HOLDING | {State.REGISTERED}
WAITING = OPEN | {State.CONCLUDED}
"""States in which the office owes something by `due_on`."""


class Topic(StrEnum):
    """What a case is about, in codes; the words around it are sealed."""

    NOT_ENTITLED = "not_entitled"
    WRONG_QUANTITY = "wrong_quantity"
    WRONG_AMOUNT = "wrong_amount"
    DECEASED = "deceased"
    MOVED_AWAY = "moved_away"
    ATTITUDE = "attitude"
    DELAY = "delay"
    FAVOURITISM = "favouritism"
    MISUSE = "misuse"
    POLICY = "policy"
    PAYMENT = "payment"
    SUGGESTION = "suggestion"
    OTHER = "other"


class About(StrEnum):
    """What a complaint is against; service and project hold nothing."""

    SERVICE = "service"
    PERSON = "person"
    PROJECT = "project"
    LINE = "line"


class Department(StrEnum):
    """To whom a message goes (M47: to each 业务局)."""

    CIVIL_AFFAIRS = "civil_affairs"
    AGRICULTURE = "agriculture"
    FINANCE = "finance"
    HUMAN_RESOURCES = "human_resources"
    HEALTH = "health"
    EDUCATION = "education"
    DISABLED_PERSONS = "disabled_persons"
    OTHER = "other"


class Channel(IntEnum):
    """Where a case came in."""

    MINI_PROGRAM = 1
    WEBSITE = 2
    TELEPHONE = 3
    LETTER = 4
    VISIT = 5


BY_CITIZEN = frozenset({Channel.MINI_PROGRAM, Channel.WEBSITE})
"""Channels on which people file for themselves; the others are registered by the desk."""


class Finding(StrEnum):
    """What the visit established, in codes that statistics may count."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"
    NOT_AT_HOME = "not_at_home"
    DATA_ERROR = "data_error"
    CIRCUMSTANCES_CHANGED = "circumstances_changed"


def accept_by(registered_on: date, add_working_days: AddDays) -> date:
    """The last day to accept or refuse; the day of registration is not counted."""
    return add_working_days(registered_on, ACCEPT_WITHIN_WORKING_DAYS)


def conclude_by(accepted_on: date, add_working_days: AddDays) -> date:
    """The last day for conclusion and reply."""
    return add_working_days(accepted_on, CONCLUDE_WITHIN_WORKING_DAYS)


def first_deadline(kind: Kind, registered_on: date, add_working_days: AddDays) -> date:
    """受理 of complaints and objections; the answer to a message."""
    if kind is Kind.MESSAGE:
        return add_working_days(registered_on, ANSWER_WITHIN_WORKING_DAYS)
    return accept_by(registered_on, add_working_days)


def escalates_on(registered_on: date, add_working_days: AddDays) -> date:
    """After this day an unconcluded case is escalated."""
    return add_working_days(registered_on, ESCALATE_AFTER_WORKING_DAYS)


def overdue(state: State, due_on: date, today: date) -> bool:
    """Whether the office is late with its next step."""
    return state in WAITING and today > due_on


def escalated(state: State, on: date | None, today: date) -> bool:
    """Whether it went up: not concluded 30 working days after registration."""
    return state in OPEN and on is not None and today > on


def may_conclude(state: State, about: About | None, line_id: str | None) -> bool:
    """A case about a person or a line needs 入户查实 first; one about service or a project may do without."""
    if state is State.ACCEPTED:
        return line_id is None and about in (About.SERVICE, About.PROJECT)
    return state is State.SURVEYED


def must_recuse(handler_subject: str | None, line_subject: str | None, complainant: str | None) -> bool:
    """回避: who is complained about, or complains, never handles it.

    Officials' tokens usually name no subject; where one does (an official who draws a subsidy), it decides.
    """
    return handler_subject is not None and handler_subject in (line_subject, complainant)


_MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def media_type(data: bytes) -> str | None:
    """What the bytes themselves say they are: PNG, JPEG, or None; a file's name proves nothing."""
    return next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), None)


_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB", b"iCCP", b"pHYs", b"cHRM"}
)
_JPEG_METADATA = frozenset({*range(0xE1, 0xF0), 0xFE}) - {0xEE}


def without_metadata(data: bytes) -> bytes:
    """The picture without the segments that tell place, time and device: a complainant must stay unknown.

    Raises ValueError for a picture whose parts do not add up.
    """
    return _png(data) if media_type(data) == "image/png" else _jpeg(data)


def _png(data: bytes) -> bytes:
    out, at = bytearray(data[:8]), 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        chunk, name = data[at : at + 12 + length], data[at + 4 : at + 8]
        if len(chunk) != 12 + length:
            raise ValueError("a chunk is cut off")
        out += chunk if name in _PNG_KEPT else b""
        at += len(chunk)
        if name == b"IEND":
            return bytes(out)
    raise ValueError("the picture has no end")


def _jpeg(data: bytes) -> bytes:
    out, at = bytearray(data[:2]), 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:  # the picture itself: to the end marker, and nothing behind it
            end = data.rfind(b"\xff\xd9")
            if end < 0:
                raise ValueError("the picture has no end")
            return bytes(out + data[at : end + 2])
        if length < 2 or at + 2 + length > len(data):
            raise ValueError("a segment is cut off")
        out += b"" if marker in _JPEG_METADATA else data[at : at + 2 + length]
        at += 2 + length
    raise ValueError("the picture has no scan")
