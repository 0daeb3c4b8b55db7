"""Project folders compiled into programs, and commands built from their data."""

from services.orchestrator.engine.commands import (
    COMMANDS,
    BadParameters,
    build_command,
    data_names,
    operators,
)
from services.orchestrator.engine.project import Programs, Project, ProjectRefused

__all__ = [
    "COMMANDS",
    "BadParameters",
    "Programs",
    "Project",
    "ProjectRefused",
    "build_command",
    "data_names",
    "operators",
]
