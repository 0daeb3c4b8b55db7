"""HTTP of the orchestrator: projects, instances, work items."""

from services.orchestrator.api import instances, projects, work_items

routers = [projects.router, instances.router, work_items.router]
