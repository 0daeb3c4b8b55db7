"""Door of `grievance`: an accepted objection holds one line; its conclusion frees or excludes it."""

from contracts.base import Message, event


@event("subsidy.grievance.objection_accepted.v1", key="slice_id", crosses=True)
class ObjectionAccepted(Message):
    """受理: `batch` holds the line. Neither complainant nor text travels."""

    objection_id: str
    slice_id: str
    line_id: str


@event("subsidy.grievance.objection_concluded.v1", key="slice_id", crosses=True)
class ObjectionConcluded(Message):
    """结论: upheld excludes the line, dismissed frees it."""

    objection_id: str
    slice_id: str
    line_id: str
    upheld: bool
