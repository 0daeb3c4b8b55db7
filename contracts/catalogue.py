"""Imports every door, so that the registry of messages is complete for whoever needs all of them."""

from contracts import (
    application,
    batch,
    card_matching,
    grievance,
    orchestrator,
    payment,
    publicity,
    registry,
    supervision,
    verification,
)
from contracts.base import REGISTRY, Kind, Message

DOORS = (
    application,
    batch,
    card_matching,
    grievance,
    orchestrator,
    payment,
    publicity,
    registry,
    supervision,
    verification,
)


def commands() -> list[type[Message]]:
    """Every command, in wire-name order."""
    return [REGISTRY[name] for name in sorted(REGISTRY) if REGISTRY[name].KIND is Kind.COMMAND]


def events() -> list[type[Message]]:
    """Every event, in wire-name order."""
    return [REGISTRY[name] for name in sorted(REGISTRY) if REGISTRY[name].KIND is Kind.EVENT]


def topics() -> list[str]:
    """Every internal topic that carries at least one message type."""
    return sorted({message.model_construct().topic for message in REGISTRY.values()})
