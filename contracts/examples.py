"""One readable example per message, made from its schema: the same every time, and of nobody."""

from collections.abc import Mapping
from typing import Any

from contracts.base import Message

KNOWN: dict[str, Any] = {
    "project": "11810",
    "period": "202305",
    "entitlement_period": "202305",
    "county": "539901",
    "township": "539901101",
    "village": "539901101201",
    "category": "destitute",
    "channel": "helper",
    "kind": "normal",
    "node": "township_review",
    "actor": "township_reviewer@539901101",
    "role": "township_reviewer",
    "region": "539901101",
    "decision": "approve",
    "target": "township_handler",
    "state": "paid",
    "quantity": "1",
    "amount_fen": 8000,
    "revision": 3,
    "index": 0,
    "count": 1,
    "submitted_on": "2023-05-04",
    "due_at": "2023-05-11T10:00:00+00:00",
    "at": "2023-05-04T02:00:00+00:00",
    "version": "sha256:0d5b",
}
"""Values by field name, where a type alone would tell nothing."""


def example(message: type[Message]) -> dict[str, Any]:
    """A valid message of the type, as JSON."""
    schema = message.model_json_schema()
    made = _value("message", schema, schema)
    return message.model_validate(made).model_dump(mode="json")


def _value(name: str, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        return _value(name, root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "anyOf" in schema:
        schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
        return _value(name, schema, root)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object" if "properties" in schema:
            return {field: _value(field, part, root) for field, part in schema["properties"].items()}
        case "object":
            return {}
        case "array":
            return [_value(name.removesuffix("s"), schema["items"], root)]
        case "string":
            return str(KNOWN.get(name, f"{name.removesuffix('_id').replace('_', '-')}-1"))
        case "integer" | "number":
            known = KNOWN.get(name, 1)
            return known if isinstance(known, int) else 1
        case "boolean":
            return True
    return "x"
