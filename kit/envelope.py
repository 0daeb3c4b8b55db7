"""The envelope of a message: CloudEvents 1.0 in Kafka binary mode, with our extensions.

Headers: `ce_id ce_type ce_source ce_specversion ce_time ce_causationid ce_sender ce_sequence ce_generation
ce_traceparent`, plus plain `traceparent` and `content-type`. Reading never raises: what cannot be read is a
`Malformed`, which the consumer parks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

MARKER_TYPE = "subsidy.kit.generation_marker.v1"
"""Type of the record that ends each partition after a republication; consumers only read its generation."""


@dataclass(frozen=True)
class Envelope:
    """Where a message comes from. `sequence` is gapless per (sender, topic, key)."""

    id: str
    type: str
    sender: str
    topic: str
    key: str
    sequence: int
    generation: int
    causation_id: str | None
    traceparent: str | None
    time: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Malformed:
    """A record whose headers or key cannot be read, and why."""

    reason: str


def headers_of(
    *,
    id: str,
    type: str,
    sender: str,
    sequence: int,
    generation: int,
    time: str,
    causation_id: str | None,
    traceparent: str | None,
    key: str,
    attributes: Mapping[str, str] | None = None,
) -> list[tuple[str, bytes]]:
    """Kafka headers for one record; `attributes` are further CloudEvents attributes (subject, replayid)."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": id,
        "ce_type": type,
        "ce_source": f"/daohu/{sender}",
        "ce_time": time,
        "ce_partitionkey": key,
        "ce_sender": sender,
        "ce_sequence": str(sequence),
        "ce_generation": str(generation),
        "content-type": "application/json",
    }
    if causation_id:
        headers["ce_causationid"] = causation_id
    if traceparent:
        headers["ce_traceparent"] = headers["traceparent"] = traceparent
    headers |= {f"ce_{name}": value for name, value in (attributes or {}).items()}
    return [(name, value.encode()) for name, value in headers.items()]


def read(topic: str, key: bytes | None, headers: Sequence[tuple[str, bytes]]) -> Envelope | Malformed:
    """Read an envelope; never raises."""
    try:
        texts = {name: bytes(value).decode() for name, value in headers}
        return Envelope(
            id=texts["ce_id"],
            type=texts["ce_type"],
            sender=texts["ce_sender"],
            topic=topic,
            key=(key or b"").decode(),
            sequence=int(texts["ce_sequence"]),
            generation=int(texts["ce_generation"]),
            causation_id=texts.get("ce_causationid"),
            traceparent=texts.get("ce_traceparent") or texts.get("traceparent"),
            time=texts.get("ce_time", ""),
        )
    except KeyError as missing:
        return Malformed(f"header {missing} is missing")
    except (UnicodeDecodeError, ValueError, TypeError) as wrong:
        return Malformed(f"{type(wrong).__name__} in a header")
