"""A request that fits a route's own description, about the seeded place: so that no refusal of the form comes
before the decision who may."""

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import seeding

TEXTS: Mapping[str, str] = {
    "id_no": "539901195003071015",
    "name": "陶砚秋",
    "phone": "13900000000",
    "day": "2023-05-01",
    "date-time": "2023-05-01T00:00:00Z",
    "date": "2023-05-01",
    "code": "agency",
    "sender_id": "agency",
    "version": "v1",
}


class Sample:
    """Requests of one room, by its OpenAPI document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def request(
        self, path: str, operation: Mapping[str, Any], more: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Arguments of an httpx request without its method; `more` goes into the body, or else the query."""
        query: dict[str, Any] = {} if "requestBody" in operation else dict(more or {})
        for parameter in operation.get("parameters", []):
            name, value = parameter["name"], self._value(parameter["schema"], parameter["name"])
            if parameter["in"] == "path":
                path = path.replace("{" + name + "}", str(value))
            elif parameter["in"] == "query" and parameter.get("required"):
                query[name] = value
        made: dict[str, Any] = {"url": path, "params": query}
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            made["content"] = json.dumps(
                self._value(content["application/json"]["schema"], "") | dict(more or {})
            )
            made["headers"] = {"content-type": "application/json"}
        elif "multipart/form-data" in content:
            form = self._value(content["multipart/form-data"]["schema"], "")
            made["files"] = {"file": ("photo.png", _picture(), "image/png")}
            made["data"] = {name: value for name, value in form.items() if name != "file"}
        return made

    def _value(self, schema: Mapping[str, Any], name: str) -> Any:
        if "$ref" in schema:
            return self._value(self._at(schema["$ref"]), name)
        for choice in ("anyOf", "oneOf", "allOf"):
            if choice in schema:
                fitting = [one for one in schema[choice] if one.get("type") != "null"]
                return self._value(fitting[0], name)
        if "const" in schema or "enum" in schema:
            return schema.get("const", (schema.get("enum") or [None])[0])
        match schema.get("type"):
            case "object":
                return {
                    one: self._value(schema["properties"][one], one) for one in schema.get("required", [])
                }
            case "array":
                return [self._value(schema["items"], name.removesuffix("s"))]
            case "integer" | "number":
                return max(1, schema.get("minimum", 1))
            case "boolean":
                return False
            case "string":
                return self._text(schema, name)
        return {}

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        for key in (schema.get("format", ""), name):
            if key in TEXTS:
                return TEXTS[key]
        fitting = seeding.BY_COLUMN.get(name)
        if isinstance(fitting, str):
            return fitting
        return f"{seeding.MARK}{name}"[: schema.get("maxLength", 200)].ljust(schema.get("minLength", 0), "x")

    def _at(self, reference: str) -> Mapping[str, Any]:
        found: Any = self._document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert isinstance(found, dict)
        return found


def _picture() -> bytes:
    """A real image of one white dot: what is no image is refused by every door that takes one."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\xff")),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
