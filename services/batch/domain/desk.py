"""待送审 / 已送审 / 在途 / 已办结: relative to the viewer's desk, computed, never stored (§2)."""

from collections.abc import Collection
from enum import StrEnum

from services.batch.domain.signing import DEPARTMENT_REVIEW, FINANCE_REVIEW, TOWNSHIP_REVIEW


class Desk(StrEnum):
    """Whose desk it is."""

    TOWNSHIP = "township"
    TOWNSHIP_REVIEW = "township_review"
    COUNTY = "county"
    DEPARTMENT = "department"
    FINANCE = "finance"


class Tab(StrEnum):
    """The manual's tabs; the Chinese word is what screens show."""

    TO_SUBMIT = "待送审"
    SUBMITTED = "已送审"
    UNDER_WAY = "在途"
    DONE = "已办结"


_DESKS = {
    "township_handler": Desk.TOWNSHIP,
    "township_reviewer": Desk.TOWNSHIP_REVIEW,
    "county_handler": Desk.COUNTY,
    "county_reviewer": Desk.DEPARTMENT,
    "finance_reviewer": Desk.FINANCE,
    "finance_payer": Desk.FINANCE,
}
# The node whose signature takes it off a desk.
_SIGNS = {
    Desk.TOWNSHIP_REVIEW: TOWNSHIP_REVIEW,
    Desk.DEPARTMENT: DEPARTMENT_REVIEW,
    Desk.FINANCE: FINANCE_REVIEW,
}


def desk_of(roles: Collection[str]) -> Desk:
    """The desk of an official; the highest one where a person has several roles."""
    return next((_DESKS[role] for role in reversed(_DESKS) if role in roles), Desk.COUNTY)


def slice_tab(desk: Desk, state: str, signed: Collection[str]) -> Tab:
    """The tab in which a desk finds a slice; `signed` are the nodes with a live signature."""
    if state in ("settled", "ended"):
        return Tab.DONE
    if desk is Desk.TOWNSHIP:
        return {"township": Tab.TO_SUBMIT, "arrived": Tab.SUBMITTED}.get(state, Tab.UNDER_WAY)
    if desk is Desk.TOWNSHIP_REVIEW:
        if TOWNSHIP_REVIEW not in signed:
            return Tab.TO_SUBMIT
        return Tab.SUBMITTED if state in ("township", "arrived") else Tab.UNDER_WAY
    if desk is Desk.COUNTY:
        return {"arrived": Tab.TO_SUBMIT, "in_set": Tab.SUBMITTED}.get(state, Tab.UNDER_WAY)
    if state != "in_set":
        return Tab.UNDER_WAY
    return Tab.SUBMITTED if _SIGNS[desk] in signed else Tab.TO_SUBMIT


def set_tab(desk: Desk, state: str, signed: Collection[str]) -> Tab:
    """The tab in which a county desk finds a set."""
    if state in ("closed", "ended"):
        return Tab.DONE
    if state == "frozen":
        return Tab.UNDER_WAY
    node = _SIGNS.get(desk, DEPARTMENT_REVIEW)
    if node not in signed:
        return Tab.TO_SUBMIT
    return Tab.SUBMITTED
