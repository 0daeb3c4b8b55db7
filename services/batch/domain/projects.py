"""What batch reads of a project's manifest."""

from collections.abc import Mapping
from typing import Any


def name_of(manifest: Mapping[str, Any], default: str) -> str:
    """The project's Chinese name."""
    project = manifest.get("project")
    inner = project if isinstance(project, Mapping) else manifest
    return str(inner.get("name", default))


def categories_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """补贴对象类别 as code → name; empty when the project declares none.

    Written as a table code = "name", or as a list of names or of {code, name}.
    """
    project = manifest.get("project")
    declared = manifest.get("categories")
    if declared is None and isinstance(project, Mapping):
        declared = project.get("categories")
    if isinstance(declared, Mapping):
        return {
            str(code): str(value.get("name", code)) if isinstance(value, Mapping) else str(value)
            for code, value in declared.items()
        }
    found: dict[str, str] = {}
    for one in declared or []:
        if isinstance(one, Mapping):
            found[str(one["code"])] = str(one.get("name", one["code"]))
        else:
            found[str(one)] = str(one)
    return found


def spellings(categories: Mapping[str, str]) -> dict[str, str]:
    """Code by code and by name: a roster may use either."""
    return {**{name: code for code, name in categories.items()}, **{code: code for code in categories}}
