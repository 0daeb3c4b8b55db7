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


TOWNSHIP_REVIEW = "township_review"


def _table(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = manifest.get(name)
    return found if isinstance(found, Mapping) else {}


def opens_by(manifest: Mapping[str, Any]) -> str:
    """carry_over, or roster where every batch comes from a list: route C, or as `[batch] opens_by` says."""
    declared = _table(manifest, "batch").get("opens_by")
    if declared in ("carry_over", "roster"):
        return str(declared)
    return "roster" if manifest.get("route") == "C" else "carry_over"


def signatures_of(manifest: Mapping[str, Any]) -> list[str]:
    """The signatures a slice needs before the county's: `[signatures] slice`, else as the route has it."""
    declared = _table(manifest, "signatures").get("slice")
    if isinstance(declared, list):
        return [str(node) for node in declared]
    return [] if manifest.get("route") == "C" else [TOWNSHIP_REVIEW]


def unit_of(manifest: Mapping[str, Any]) -> str:
    """What a quantity counts: 人·月, 亩, 台."""
    return str(_table(manifest, "payment").get("unit", ""))


def households_in(manifest: Mapping[str, Any]) -> bool:
    """Whether households are the beneficiaries."""
    return manifest.get("beneficiary_kind") == "household"


def spellings(categories: Mapping[str, str]) -> dict[str, str]:
    """Code by code and by name: a roster may use either."""
    return {**{name: code for code, name in categories.items()}, **{code: code for code in categories}}
