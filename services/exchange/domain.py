"""What exchange decides without a database: what an agreement covers, which change is a fact, when to try again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from contracts.application import Enrolment, EnrolmentState
from contracts.public import FACTS

AGENCY_CODE = r"^[a-z]{2,24}$"
"""Letters alone: the code is part of a topic's name and of a key file's."""
MAX_PAGE = 1000
RETRY_SECONDS = (5, 30, 120, 600, 1800, 7200, 21600)
"""Pauses between the tries of one webhook event; after the last one it is a dead letter."""
DISABLE_AFTER = 3
"""So many dead letters in a row disable a webhook."""
SECRET_OVERLAP_HOURS = 24
"""How long the former secret signs too after a rotation (Standard Webhooks: several signatures)."""
TOLERANCE_SECONDS = 300


class AgreementState(StrEnum):
    """An agreement: opened by one operator, decided by another, revoked by any."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    REFUSED = "refused"
    REVOKED = "revoked"


class SubscriptionState(StrEnum):
    """A webhook: active after its challenge, disabled after too many dead letters, ended by the agency."""

    ACTIVE = "active"
    DISABLED = "disabled"
    ENDED = "ended"


class Channel(StrEnum):
    TOPIC = "topic"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Filter:
    """Types by short name, projects by code, regions by code at any level. An empty list takes nothing."""

    types: Sequence[str]
    projects: Sequence[str]
    regions: Sequence[str]

    def takes(self, name: str, project: str, place: str) -> bool:
        """Whether a fact passes: `place` is its township, or its county where it has no township."""
        return (
            name in self.types
            and project in self.projects
            and any(place.startswith(region) for region in self.regions)
        )

    def within(self, other: "Filter") -> bool:
        """Whether everything that passes here passes there: a subscription never widens its agreement."""
        return (
            set(self.types) <= set(other.types)
            and set(self.projects) <= set(other.projects)
            and all(any(one.startswith(region) for region in other.regions) for one in self.regions)
        )


def unknown_types(types: Sequence[str]) -> list[str]:
    """Names that are no public fact."""
    return [one for one in types if one not in FACTS]


def is_region(code: str) -> bool:
    """City, county or township: provinces are too much for one agreement, villages are never told."""
    return re.fullmatch(r"[0-9]{4}|[0-9]{6}|[0-9]{9}", code) is not None


def in_force(state: str, valid_from: date, valid_to: date | None, today: date) -> bool:
    """Whether an agreement counts today (both days counted)."""
    return state == AgreementState.ACTIVE and valid_from <= today and (valid_to is None or today <= valid_to)


def enrolment_fact(before: dict[str, Any] | None, after: Enrolment) -> str | None:
    """What the change of an enrolment is to the outside; None where an agency learns nothing from it.

    `before` is the last known state (any earlier rev): a rev that was overtaken on the way is not missed, the
    net change is what counts.
    """
    drew = before is not None and before["state"] == EnrolmentState.ACTIVE
    draws = after.state is EnrolmentState.ACTIVE
    if draws and not drew:
        return "enrolment_started"
    if drew and not draws:
        return "enrolment_stopped"
    if draws and before is not None and any(before[name] != getattr(after, name) for name in _TERMS):
        return "enrolment_changed"
    return None


_TERMS = ("township", "category", "quantity", "valid_from", "valid_to")


def enrolment_body(name: str, after: Enrolment) -> dict[str, Any]:
    """What travels of an enrolment; never why it stopped."""
    body = {one: getattr(after, one) for one in _TERMS}
    return body | ({"state": after.state.value} if name == "enrolment_stopped" else {})


def pause_after(attempts: int) -> int | None:
    """Seconds until the next try after `attempts` failures; None: it is a dead letter."""
    return RETRY_SECONDS[attempts - 1] if attempts <= len(RETRY_SECONDS) else None
