"""What may change in a message of the same version: topics keep everything, so old messages must still be read,
and whoever reads a field must still find it. All else needs a new version."""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_EXACT = ("pattern", "format", "const", "multipleOf", "uniqueItems", "x-key", "x-kind", "x-zone")


def breakages(old: Schema, new: Schema) -> list[str]:
    """Places where `new` refuses what `old` took, or lacks what `old` had; empty when it is compatible."""
    return list(_compare("", old, new, old, new))


def _compare(place: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema) -> Iterator[str]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    for word in _EXACT:
        if word in new and old.get(word) != new[word]:
            yield f"{place or 'message'}: {word} was {old.get(word)}, is {new[word]}"
    for word, sign in [(word, 1) for word in _LOWER] + [(word, -1) for word in _UPPER]:
        if word in new and (word not in old or sign * new[word] > sign * old[word]):
            yield f"{place or 'message'}: {word} was {old.get(word)}, is {new[word]}: tightened"
    if "enum" in new and (gone := [one for one in old.get("enum", ["(anything)"]) if one not in new["enum"]]):
        yield f"{place or 'message'}: values {gone} are no longer taken"
    if lost := set(old.get("x-outcomes", ())) - set(new.get("x-outcomes", ())):
        yield f"{place or 'message'}: outcomes {sorted(lost)} are gone"
    yield from _types(place, old, new, old_root, new_root)
    yield from _fields(place, old, new, old_root, new_root)
    for word in ("items", "additionalProperties"):
        before, after = old.get(word), new.get(word)
        if isinstance(after, Mapping):
            if isinstance(before, Mapping):
                yield from _compare(f"{place}[]", before, after, old_root, new_root)
            else:
                yield f"{place}[]: was not typed, is now"
        elif after is False and before is not False:
            yield f"{place or 'message'}: further fields are refused now"


def _types(place: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema) -> Iterator[str]:
    """Every form that was taken (type, or one of anyOf) is still taken by one of the forms."""
    before, after = _forms(old), _forms(new)
    if "anyOf" not in old and "anyOf" not in new:
        if (
            "type" in new
            and old.get("type") != new["type"]
            and (old.get("type"), new["type"]) != ("integer", "number")
        ):
            yield f"{place or 'message'}: type was {old.get('type')}, is {new['type']}"
        return
    for form in before:
        found = [list(_compare(place, form, one, old_root, new_root)) for one in after]
        if found and all(found):
            yield min(found, key=len)[0]


def _fields(place: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in before:
        inside = f"{place}.{name}" if place else name
        if name not in after:
            yield f"{inside}: removed or renamed"
        else:
            yield from _compare(inside, before[name], after[name], old_root, new_root)
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        inside = f"{place}.{name}" if place else name
        yield f"{inside}: required now, and older messages lack it"


def _forms(schema: Schema) -> list[Schema]:
    forms: list[Schema] = schema.get("anyOf") or [schema]
    return forms


def _resolved(schema: Schema, root: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    target: Any = root
    for step in schema["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    rest = {word: value for word, value in schema.items() if word != "$ref"}
    return {**target, **rest}
