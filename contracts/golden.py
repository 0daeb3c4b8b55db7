"""The contracts as documents: one JSON Schema per type and version, and AsyncAPI 3, all from the same classes."""

import json
from pathlib import Path
from typing import Any

from contracts import catalogue
from contracts.base import REGISTRY, Kind, Message
from contracts.compatibility import breakages
from contracts.examples import example
from contracts.public import FACTS, PublicFact

HERE = Path(__file__).resolve().parent
SCHEMAS = HERE / "schemas"
ASYNCAPI = HERE / "asyncapi.json"
PUBLIC_SCHEMAS = SCHEMAS / "public"
PUBLIC_ASYNCAPI = HERE / "asyncapi-public.json"
"""What other agencies get has documents of its own: nothing of the rooms' topics is in them."""
JSON = "application/json"

assert catalogue.DOORS, "the catalogue completes the registry of types"


def schema(message: type[Message]) -> dict[str, Any]:
    """The JSON Schema of one type and version, with what the bus must know of it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": message.TYPE,
        **message.model_json_schema(),
        "x-key": message.KEY,
        "x-kind": message.KIND.value,
        "x-zone": message.ZONE.value,
        "x-crosses": message.CROSSES,
        "x-outcomes": sorted(message.OUTCOMES),
    }


def schemas() -> dict[str, dict[str, Any]]:
    """All schemas by wire type."""
    return {name: schema(REGISTRY[name]) for name in sorted(REGISTRY)}


def public_schemas() -> dict[str, dict[str, Any]]:
    """The schemas of what other agencies are told, by wire type."""
    return {one.TYPE: schema(one) | {"x-personal": one.PERSONAL} for one in FACTS.values()}


def headers() -> dict[str, Any]:
    """CloudEvents 1.0 in Kafka binary mode, with our extensions."""
    text = {"type": "string"}
    return {
        "type": "object",
        "required": [
            "ce_specversion",
            "ce_id",
            "ce_type",
            "ce_source",
            "ce_sender",
            "ce_sequence",
            "ce_generation",
        ],
        "properties": {
            "ce_specversion": {"const": "1.0"},
            "ce_id": text | {"description": "unique for ever"},
            "ce_type": text | {"description": "subsidy.<room>.<verb>.v<N>"},
            "ce_source": text | {"description": "/daohu/<room>"},
            "ce_time": text | {"format": "date-time"},
            "ce_partitionkey": text | {"description": "the record's key"},
            "ce_sender": text | {"description": "the sending database"},
            "ce_sequence": text | {"description": "gapless per sender, topic and key, from 1"},
            "ce_generation": text | {"description": "raised when an emptied broker is filled again"},
            "ce_causationid": text | {"description": "the command or event that this follows from"},
            "ce_traceparent": text | {"description": "W3C trace context of the sender's own transaction"},
            "traceparent": text,
            "content-type": {"const": JSON},
        },
    }


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0: channels are topics; a room sends its events and receives its commands."""
    found = [REGISTRY[name] for name in sorted(REGISTRY)]
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for one in found:
        topic = one.model_construct().topic
        name = topic.replace(".", "_")
        channel = channels.setdefault(name, {"address": topic, "messages": {}})
        channel["messages"][one.TYPE] = {"$ref": f"#/components/messages/{_escaped(one.TYPE)}"}
        command = one.KIND is Kind.COMMAND
        verb = "receive" if command else "send"
        operation = operations.setdefault(
            f"{one.ROOM}_{verb}",
            {"action": verb, "channel": {"$ref": f"#/channels/{name}"}, "messages": []},
        )
        operation["messages"].append({"$ref": f"#/channels/{name}/messages/{_escaped(one.TYPE)}"})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "daohu",
            "version": "1",
            "description": "Commands and events between rooms: CloudEvents over Kafka. No person's data.",
        },
        "defaultContentType": JSON,
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {one.TYPE: _message(one) for one in found},
            "schemas": {"headers": headers()},
        },
    }


def public_asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0 for other agencies: one channel each, which they only receive."""
    text = {"type": "string"}
    own = headers()
    for name in ("ce_causationid", "ce_traceparent", "traceparent"):
        del own["properties"][name]
    own["properties"] |= {
        "ce_subject": text | {"description": "pairwise pseudonym of the person; absent where there is none"},
        "ce_position": text | {"description": "place in the agency's feed, as in GET …/public/events"},
        "ce_replayid": text | {"description": "the replay that told this fact again; absent the first time"},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "daohu for other agencies",
            "version": "1",
            "description": "Facts under an agreement: CloudEvents over Kafka. Pseudonyms, never a person's data.",
        },
        "defaultContentType": JSON,
        "channels": {
            "agency": {
                "address": "subsidy.public.{agency}",
                "parameters": {"agency": {"description": "the agency's code in its agreement"}},
                "messages": {
                    one.TYPE: {"$ref": f"#/components/messages/{_escaped(one.TYPE)}"}
                    for one in FACTS.values()
                },
            }
        },
        "operations": {"receive": {"action": "send", "channel": {"$ref": "#/channels/agency"}}},
        "components": {
            "messages": {one.TYPE: _message(one) for one in FACTS.values()},
            "schemas": {"headers": own},
        },
    }


def _message(one: type[Message]) -> dict[str, Any]:
    sample = example(one)
    return {
        "name": one.TYPE,
        "title": one.__name__,
        "summary": " ".join((one.__doc__ or "").split()),
        "contentType": JSON,
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": _local(
            public_schemas()[one.TYPE] if issubclass(one, PublicFact) else schema(one), one.TYPE
        ),
        "examples": [{"name": one.TYPE.rpartition(".")[0], "payload": sample}],
    }


def _local(value: Any, type_: str) -> Any:
    """References of a schema, as seen from the whole document."""
    if isinstance(value, dict):
        return {
            name: f"#/components/messages/{_escaped(type_)}/payload{inner[1:]}"
            if name == "$ref"
            else _local(inner, type_)
            for name, inner in value.items()
        }
    return [_local(one, type_) for one in value] if isinstance(value, list) else value


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def written(value: Any) -> str:
    """As committed: readable, and the same for the same contracts."""
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=False) + "\n"


def committed(folder: Path = SCHEMAS) -> dict[str, dict[str, Any]]:
    """The committed schemas by wire type."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def problems(old: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]]) -> list[str]:
    """Everything that `new` breaks of `old`, over all types."""
    found = [f"{name}: the type is gone; consumers may still meet it" for name in old if name not in new]
    for name in old.keys() & new.keys():
        found += [f"{name}: {one}" for one in breakages(old[name], new[name])]
    return sorted(found)


def stale(folder: Path = SCHEMAS, document: Path = ASYNCAPI) -> list[str]:
    """Committed documents that are no longer what the classes say."""
    expected = {folder / f"{name}.json": written(one) for name, one in schemas().items()} | {
        document: written(asyncapi())
    }
    if folder == SCHEMAS:
        expected |= {PUBLIC_SCHEMAS / f"{name}.json": written(one) for name, one in public_schemas().items()}
        expected[PUBLIC_ASYNCAPI] = written(public_asyncapi())
    there = {*folder.glob("**/*.json"), document, *expected}
    return sorted(
        path.name for path in there
        if not path.exists() or path.read_text(encoding="utf-8") != expected.get(path)
    )  # fmt: skip


def generate(folder: Path = SCHEMAS, document: Path = ASYNCAPI) -> None:
    """Write all documents; those of types that are gone disappear."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.json"):
        path.unlink()
    for name, one in schemas().items():
        (folder / f"{name}.json").write_text(written(one), encoding="utf-8")
    document.write_text(written(asyncapi()), encoding="utf-8")
    if folder == SCHEMAS:
        PUBLIC_SCHEMAS.mkdir(exist_ok=True)
        for name, one in public_schemas().items():
            (PUBLIC_SCHEMAS / f"{name}.json").write_text(written(one), encoding="utf-8")
        PUBLIC_ASYNCAPI.write_text(written(public_asyncapi()), encoding="utf-8")
