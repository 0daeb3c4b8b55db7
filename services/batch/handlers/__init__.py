"""Messages in: each module registers the handlers of one topic on `on`."""

from services.batch.handlers import objections, projects, results, rosters, sets, slices
from services.batch.handlers.base import on

__all__ = ["objections", "on", "projects", "results", "rosters", "sets", "slices"]
