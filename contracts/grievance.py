"""Door of `grievance`: an accepted objection holds one line; its conclusion frees or excludes it."""

from contracts.base import Message, Zone, event


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


@event("subsidy.grievance.case_changed.v1", key="case_id", zone=Zone.OUTSIDE, crosses=True)
class CaseChanged(Message):
    """A complaint, objection or message moved on. Neither persons nor words travel; `matter` is a code.

    `kind` complaint | objection | message; `state` registered | accepted | refused | surveyed | concluded |
    replied | closed; `due_on` (ISO date) is the next deadline on the working-day calendar.
    """

    case_id: str
    kind: str
    matter: str
    project: str | None = None
    county: str
    township: str | None = None
    state: str
    due_on: str | None = None
    upheld: bool | None = None
    satisfied: bool | None = None
