"""Every identifier the house makes: random, named (the same input gives the same id), payment ids."""

import re
import uuid

# Fixed for ever: changing either would give the same entitlement a second identity, and pay it twice.
HOUSE_NAMESPACE = uuid.UUID("6f0d2f0e-5f0b-5c55-9d0a-3f7f3f9f4a11")
PAYMENT_NAMESPACE = uuid.UUID("c1d7a3b2-8a54-5e0f-b6c9-2b90c6f5e7d3")

SEPARATOR = "|"
MAX_ATTEMPT = 99
END_TO_END_ID_MAX_LENGTH = 35  # ISO 20022 Max35Text
_END_TO_END_ID = re.compile(r"([0-9a-f]{32})-([1-9][0-9]?)")


def new_id() -> str:
    """A random id, as text."""
    return str(uuid.uuid4())  # noqa: TID251 - this is the one place the ban on uuid4 points to


def named_id(namespace: uuid.UUID | str, *parts: str | int) -> str:
    """UUIDv5 of the parts. `namespace` is a UUID, or a plain name within the house's own namespace.

    Raises ValueError for no parts, an empty part, or one that holds the separator: "a|b" + "c" and
    "a" + "b|c" must not become the same thing.
    """
    if isinstance(namespace, str):
        namespace = uuid.uuid5(HOUSE_NAMESPACE, namespace)
    texts = [str(part) for part in parts]
    if not texts or any(not text or SEPARATOR in text for text in texts):
        raise ValueError("parts of a named id must be non-empty and free of '|'")
    return str(uuid.uuid5(namespace, SEPARATOR.join(texts)))


def payment_id(subject: str, project: str, entitlement_period: str, kind: str, installment: int) -> str:
    """The identity of one entitlement, unique for ever: no amount, no card, no attempt (decisions §6)."""
    if installment < 1:
        raise ValueError("installment starts at 1")
    return named_id(PAYMENT_NAMESPACE, subject, project, entitlement_period, kind, installment)


def end_to_end_id(payment: str, attempt: int) -> str:
    """The bank's idempotency key and EndToEndId: 32 hex digits, '-', attempt 1..99; at most 35 characters."""
    if not 1 <= attempt <= MAX_ATTEMPT:
        raise ValueError(f"attempt must be 1..{MAX_ATTEMPT}")
    return f"{uuid.UUID(payment).hex}-{attempt}"


def parse_end_to_end_id(text: str) -> tuple[str, int] | None:
    """(payment id, attempt) of a key the bank sent back, or None when it is not one of ours."""
    match = _END_TO_END_ID.fullmatch(text)
    return (str(uuid.UUID(match[1])), int(match[2])) if match else None
