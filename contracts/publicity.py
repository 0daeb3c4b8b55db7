"""Door of `publicity`: 公示① of a slice, 公示② of a set, evidence, final confirmation (M24–M29, M58)."""

from contracts.base import Message, Zone, command, event
from contracts.batch import SliceRevision


def _pinned(version: str) -> list[tuple[str, int]]:
    """What pins the terms must be known first; commands of the first year name no version."""
    return [(f"project:{version}", 1)] if version else []


@command(
    "subsidy.publicity.publish_slice.v1",
    key="slice_id",
    zone=Zone.OUTSIDE,
    outcomes=["subsidy.publicity.notice_confirmed.v1"],
)
class PublishSlice(Message):
    """Prepare a notice for a slice; answered when a person gives the final confirmation.

    `scope` all | changed: changed leaves out lines that a confirmed notice of this round showed in the same
    words (village, quantity, amount); with none left the answer comes at once. `project_version` pins the terms.
    """

    slice_id: str
    revision: int
    project: str
    period: str
    township: str
    round: int
    with_amounts: bool
    scope: str = "all"
    project_version: str = ""

    def awaits(self) -> list[tuple[str, int]]:
        return [(self.slice_id, self.revision), *_pinned(self.project_version)]


@event("subsidy.publicity.notice_confirmed.v1", key="slice_id", zone=Zone.OUTSIDE)
class NoticeConfirmed(Message):
    """Answered at once, with none published, when `notice_id` showed all lines before (empty: no line at all)."""

    slice_id: str
    notice_id: str
    round: int
    published_lines: int


@command(
    "subsidy.publicity.publish_set.v1",
    key="set_id",
    zone=Zone.FINANCE,
    crosses=True,
    outcomes=["subsidy.publicity.set_notices_closed.v1"],
)
class PublishSet(Message):
    """公示② with amounts: one notice per slice, one answer per set (decisions §2)."""

    set_id: str
    project: str
    period: str
    county: str
    slices: list[SliceRevision]
    round: int
    with_amounts: bool
    scope: str = "all"
    project_version: str = ""

    def awaits(self) -> list[tuple[str, int]]:
        slices = [(one.slice_id, one.revision) for one in self.slices]
        return [*slices, *_pinned(self.project_version)]


@event("subsidy.publicity.set_notices_closed.v1", key="set_id", zone=Zone.FINANCE)
class SetNoticesClosed(Message):
    """All notices confirmed, or the county closed the round; `unconfirmed` slices leave for a later set."""

    set_id: str
    round: int
    published_lines: int
    unconfirmed: list[str]
    unconfirmed_count: int


@event("subsidy.publicity.notice_published.v1", key="slice_id", crosses=True)
class NoticePublished(Message):
    """A notice hangs from `first_day` to `last_day` (ISO dates)."""

    slice_id: str
    notice_id: str
    project: str
    township: str
    round: int
    first_day: str
    last_day: str
    lines: int
