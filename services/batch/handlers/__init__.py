"""Messages in: each module registers the handlers of one topic on `on`."""

from services.batch.handlers import enrolments, objections, projects, results, rosters, sets, slices
from services.batch.handlers.base import on

__all__ = ["enrolments", "objections", "on", "projects", "results", "rosters", "sets", "slices"]
