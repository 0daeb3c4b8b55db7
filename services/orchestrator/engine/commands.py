"""What a diagram's service tasks may name, and how a command is built from an instance's data."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from contracts import catalogue
from contracts.base import REGISTRY, Message, operator_name, outcome_name
from engine.linter import Operator

COMMANDS: dict[str, type[Message]] = {operator_name(cls): cls for cls in catalogue.commands()}
"""Operators that a service task may name: every command of every room but our own."""
OWN_NAMES = frozenset({"actor", "work_item_id", "decision", "project_version", "outcome", "error_code"})
"""Data that every instance has or gets beside its start event, outcomes and forms."""
GIVEN = frozenset({"node", "round", "with_amounts", "after_check"})
"""Command fields that never come from the data: the diagram says them at the task."""


def operators() -> dict[str, Operator]:
    """The operators with their parameters; true where the diagram itself must give the value."""
    return {
        name: Operator(
            name=name,
            parameters={field: field in GIVEN for field in cls.model_fields},
            outcomes=frozenset(outcome_name(one) for one in cls.OUTCOMES),
        )
        for name, cls in COMMANDS.items()
        if cls.ROOM != "orchestrator"
    }


def data_names(manifest: Mapping[str, Any]) -> frozenset[str]:
    """Every name that an expression of a diagram may speak of."""
    fields = {field for cls in REGISTRY.values() for field in cls.model_fields}
    forms = {field for node in manifest.get("nodes", {}).values() for field in node.get("form", [])}
    return frozenset(fields | forms | OWN_NAMES)


class BadParameters(ValueError):
    """A command can't be built from the instance's data; names the fields, never the values."""


def build_command(operator: str, data: Mapping[str, Any], parameters: Mapping[str, Any]) -> Message:
    """The command of a service task: same-named data, overridden by what the diagram says at the task."""
    cls = COMMANDS[operator]
    values = {name: data[name] for name in cls.model_fields if data.get(name) is not None} | dict(parameters)
    try:
        return cls.model_validate(values)
    except ValidationError as wrong:
        fields = sorted({str(error["loc"][0]) for error in wrong.errors() if error["loc"]})
        raise BadParameters(f"命令 {operator} 缺少或不符 (missing or wrong): {', '.join(fields)}") from None
