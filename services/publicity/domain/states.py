"""The states of a notice and what may follow what (M25, M58)."""

from datetime import date, timedelta
from enum import StrEnum

PUBLIC_AFTER_END = timedelta(days=30)
"""How long the masked list stays open after its last day; later nobody needs it (PIPL art. 19)."""


class State(StrEnum):
    """A notice's way; `closed` is a notice that the county ended without confirmation."""

    TO_GENERATE = "to_generate"
    TO_PUBLISH = "to_publish"
    PUBLISHED = "published"
    ENDED = "ended"
    CONFIRMED = "confirmed"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        """The screen's word."""
        return _LABELS[self]


_LABELS = {
    State.TO_GENERATE: "待生成",
    State.TO_PUBLISH: "待发布",
    State.PUBLISHED: "已发布",
    State.ENDED: "公示结束",
    State.CONFIRMED: "已确认",
    State.CLOSED: "已关闭",
}

EDITABLE = frozenset({State.TO_GENERATE, State.TO_PUBLISH})
EVIDENT = frozenset({State.PUBLISHED, State.ENDED})
"""States in which photos are taken."""
SHOWN = frozenset({State.PUBLISHED, State.ENDED, State.CONFIRMED})
OPEN = frozenset(State) - {State.CONFIRMED, State.CLOSED}


def has_ended(ends_on: date | None, today: date) -> bool:
    """Whether the last day is over; the day itself still belongs to the notice."""
    return ends_on is not None and today > ends_on


def shown(state: State, starts_on: date | None, ends_on: date | None, today: date) -> bool:
    """Whether everybody may read the masked rows today."""
    if state not in SHOWN or starts_on is None or ends_on is None:
        return False
    return starts_on <= today <= ends_on + PUBLIC_AFTER_END
