"""What every message is: a frozen pydantic model with a wire type, a key, a zone and declared outcomes.

The wire name is written out, never derived from the class, so that a rename cannot break consumers
(`subsidy.<room>.<verb>.v<N>`). Messages carry ids, codes, counts and amounts, never a person's data.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict

TYPE_PATTERN = re.compile(r"^subsidy\.(?P<room>[a-z_]+)\.(?P<verb>[a-z_]+)\.v(?P<version>[1-9]\d*)$")
CHUNK_ROWS = 1000
"""Most rows that one chunk message may carry (decisions II: well under 1 MB)."""


class Zone(StrEnum):
    """Network zone that owns a message (decisions §7): 外网 township pool or 财政内网 county pool."""

    OUTSIDE = "outside"
    FINANCE = "finance"
    BOTH = "both"


class Kind(StrEnum):
    COMMAND = "commands"
    EVENT = "events"


class Record(BaseModel):
    """A part of a message: frozen, and tolerant of fields that a newer version adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Message(Record):
    """A message of the bus. Subclasses are declared with `@command` or `@event`."""

    TYPE: ClassVar[str]
    ROOM: ClassVar[str]
    KIND: ClassVar[Kind]
    KEY: ClassVar[str]
    ZONE: ClassVar[Zone]
    CROSSES: ClassVar[bool]
    OUTCOMES: ClassVar[tuple[str, ...]]

    @property
    def key(self) -> str:
        """Kafka key: application id before the slice, slice id for lines, set id for the county."""
        return str(getattr(self, self.KEY))

    @property
    def topic(self) -> str:
        return topic_of(self.ROOM, self.KIND)

    def awaits(self) -> list[tuple[str, int]]:
        """(stream, revision) pairs whose chunks must all have arrived before this may be handled."""
        return []


class Chunk(Message):
    """Part `index` of `count` of one revision of a stream; `digest` covers the rows of all parts.

    `ROWS` names the field that holds the part's rows.
    """

    ROWS: ClassVar[str] = "rows"

    stream_id: str
    revision: int
    index: int
    count: int
    digest: str


M = TypeVar("M", bound=type[Message])
REGISTRY: dict[str, type[Message]] = {}


def topic_of(room: str, kind: Kind) -> str:
    return f"subsidy.{room}.{kind.value}"


def command(
    type_: str, *, key: str, zone: Zone = Zone.BOTH, crosses: bool = False, outcomes: Iterable[str] = ()
) -> Callable[[M], M]:
    """Declare a command: one owner, imperative; `outcomes` are the wire types that answer it."""
    return _declare(type_, Kind.COMMAND, key, zone, crosses, tuple(outcomes))


def event(type_: str, *, key: str, zone: Zone = Zone.BOTH, crosses: bool = False) -> Callable[[M], M]:
    """Declare an event: a fact in the past tense."""
    return _declare(type_, Kind.EVENT, key, zone, crosses, ())


def _declare(
    type_: str, kind: Kind, key: str, zone: Zone, crosses: bool, outcomes: tuple[str, ...]
) -> Callable[[M], M]:
    match = TYPE_PATTERN.match(type_)
    if match is None:
        raise ValueError(f"{type_}: not subsidy.<room>.<verb>.v<N>")
    if type_ in REGISTRY:
        raise ValueError(f"{type_}: declared twice")

    def bind(cls: M) -> M:
        if key not in getattr(cls, "model_fields"):  # noqa: B009  (mypy cannot see through the type variable)
            raise ValueError(f"{type_}: key field {key} is missing")
        cls.TYPE, cls.ROOM, cls.KIND, cls.KEY = type_, match["room"], kind, key
        cls.ZONE, cls.CROSSES, cls.OUTCOMES = zone, crosses, outcomes
        REGISTRY[type_] = cls
        return cls

    return bind


def operator_name(message: type[Message]) -> str:
    """What a diagram's service task names: `<room>.<verb>`, e.g. `payment.calculate_set`."""
    match = TYPE_PATTERN.match(message.TYPE)
    assert match is not None
    return f"{match['room']}.{match['verb']}"


def outcome_name(type_: str) -> str:
    """The short name that gateways test: `slice_matched` for `subsidy.card_matching.slice_matched.v1`."""
    match = TYPE_PATTERN.match(type_)
    assert match is not None
    return match["verb"]


def canonical(value: Any) -> bytes:
    """Canonical JSON in UTF-8: keys sorted, no blanks; the same bytes as the standard library's, four times faster.

    Raises TypeError for what is no JSON, whole numbers beyond 64 bits included.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def rows_digest(rows: Iterable[Any]) -> str:
    """SHA-256 over the canonical JSON of all rows of a revision, in order; hex."""
    digest = hashlib.sha256()
    for row in rows:
        value = row.model_dump(mode="json") if isinstance(row, BaseModel) else row
        digest.update(canonical(value))
        digest.update(b"\n")
    return digest.hexdigest()
