"""Messages in: each module registers the handlers of one topic on `on`."""

from services.batch.handlers import (
    deductions,
    enrolments,
    objections,
    projects,
    reissues,
    results,
    returns,
    reviews,
    rosters,
    sets,
    slices,
)
from services.batch.handlers.base import on

__all__ = [
    "deductions",
    "enrolments",
    "objections",
    "on",
    "projects",
    "reissues",
    "results",
    "returns",
    "reviews",
    "rosters",
    "sets",
    "slices",
]
