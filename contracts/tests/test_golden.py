"""Committed schemas are current, incompatible changes are refused each for its reason, and documents are valid."""

import json
from pathlib import Path
from typing import Any, Literal

import jsonschema
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from pydantic import BaseModel, ConfigDict, Field, create_model

from contracts import golden
from contracts.base import REGISTRY
from contracts.compatibility import breakages
from contracts.examples import example
from kit.envelope import headers_of


def test_committed_documents_are_what_the_classes_say() -> None:
    assert golden.stale() == []
    assert golden.problems(golden.committed(), golden.schemas()) == []
    assert len(golden.committed()) == len(REGISTRY) > 50


def test_stale_and_missing_documents_are_named(tmp_path: Path) -> None:
    golden.generate(tmp_path / "schemas", tmp_path / "asyncapi.json")
    assert golden.stale(tmp_path / "schemas", tmp_path / "asyncapi.json") == []
    name = sorted(REGISTRY)[0]
    (tmp_path / "schemas" / f"{name}.json").unlink()
    (tmp_path / "schemas" / "subsidy.old.gone.v1.json").write_text("{}")
    (tmp_path / "asyncapi.json").write_text("{}")
    found = golden.stale(tmp_path / "schemas", tmp_path / "asyncapi.json")
    assert found == ["asyncapi.json", f"{name}.json", "subsidy.old.gone.v1.json"]


class Part(BaseModel):
    line_id: str
    fen: int | None = None


class Old(BaseModel):
    """A message as it was committed."""

    key: str
    node: Literal["a", "b"]
    count: int = Field(ge=0)
    note: str | None = None
    parts: list[Part] = []


class Grown(Old):
    added: str | None = None
    more: int = 0


Widened = create_model("Widened", __base__=Old, node=(str, ...), key=(str | None, ...), count=(int, ...))


class Removed(BaseModel):
    key: str
    node: Literal["a", "b"]
    count: int = Field(ge=0)
    parts: list[Part] = []


class Renamed(Removed):
    remark: str | None = None


OtherType = create_model("OtherType", __base__=Old, count=(str, ...))


class NewlyRequired(Old):
    added: str


class MadeRequired(Old):
    note: str | None


NotNull = create_model("NotNull", __base__=Old, note=(str, ""))


class FewerValues(Old):
    node: Literal["a"]


class Narrower(Old):
    count: int = Field(ge=1)


class Longest(Old):
    key: str = Field(max_length=10)


class Patterned(Old):
    key: str = Field(pattern="^a")


class Strict(Old):
    model_config = ConfigDict(extra="forbid")


class OtherPart(BaseModel):
    line_id: str
    amount: int


InnerPart = create_model("InnerPart", __base__=Old, parts=(list[OtherPart], []))


@pytest.mark.parametrize("new", [Old, Grown, Widened])
def test_growing_is_compatible(new: type[BaseModel]) -> None:
    assert breakages(Old.model_json_schema(), new.model_json_schema()) == []


@pytest.mark.parametrize(
    ("new", "place", "why"),
    [
        (Removed, "note", "removed or renamed"),
        (Renamed, "note", "removed or renamed"),
        (OtherType, "count", "type was integer"),
        (NewlyRequired, "added", "required now"),
        (MadeRequired, "note", "required now"),
        (NotNull, "note", "type was null"),
        (FewerValues, "node", "const"),
        (Narrower, "count", "tightened"),
        (Longest, "key", "tightened"),
        (Patterned, "key", "pattern"),
        (Strict, "message", "further fields are refused"),
        (InnerPart, "parts[].fen", "removed or renamed"),
        (InnerPart, "parts[].amount", "required now"),
    ],
)
def test_a_planted_break_is_refused_with_its_place(new: type[BaseModel], place: str, why: str) -> None:
    found = breakages(Old.model_json_schema(), new.model_json_schema())
    assert any(one.startswith(f"{place}:") and why in one for one in found), found


def test_what_the_bus_knows_of_a_type_stands_too() -> None:
    old = golden.schema(REGISTRY["subsidy.batch.sign_slice.v1"])
    assert breakages(old, old | {"x-key": "node"})
    assert breakages(old, old | {"x-zone": "finance"})
    assert breakages(old, old | {"x-outcomes": old["x-outcomes"][:1]})
    assert not breakages(old, old | {"x-outcomes": [*old["x-outcomes"], "subsidy.batch.other.v1"]})


def test_a_type_that_disappears_is_a_break() -> None:
    old = golden.schemas()
    name, *rest = old
    found = golden.problems(old, {one: old[one] for one in rest})
    assert found == [f"{name}: the type is gone; consumers may still meet it"]


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_example_is_valid_and_travels_as_a_cloudevent(name: str) -> None:
    message = REGISTRY[name].model_validate(example(REGISTRY[name]))
    jsonschema.validate(message.model_dump(mode="json"), golden.schema(REGISTRY[name]))
    headers = dict(
        headers_of(
            id="e-1", type=name, sender="batch", sequence=1, generation=1, time="2023-05-04T02:00:00+00:00",
            causation_id="e-0", traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            key=message.key,
        )
    )  # fmt: skip
    jsonschema.validate({key: value.decode() for key, value in headers.items()}, golden.headers())
    event = from_binary_event(KafkaMessage(headers, message.key.encode(), message.model_dump_json().encode()))
    assert (event.get_type(), event.get_source(), event.get_data()) == (
        name,
        "/daohu/batch",
        message.model_dump(mode="json"),
    )
    assert event.get_extension("sequence") == "1"


def test_asyncapi_is_valid_and_names_every_message_once() -> None:
    document: dict[str, Any] = json.loads(golden.ASYNCAPI.read_text(encoding="utf-8"))
    ApplicationSchema.model_validate(document)
    assert set(document["components"]["messages"]) == set(REGISTRY)
    in_channels = [name for channel in document["channels"].values() for name in channel["messages"]]
    assert sorted(in_channels) == sorted(REGISTRY)
    for one in document["operations"].values():
        command = one["channel"]["$ref"].endswith("_commands")
        assert one["action"] == ("receive" if command else "send")
    for name, one in document["components"]["messages"].items():
        REGISTRY[name].model_validate(one["examples"][0]["payload"])


def test_every_reference_of_the_document_leads_somewhere() -> None:
    document = json.loads(golden.ASYNCAPI.read_text(encoding="utf-8"))
    references: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            references.extend([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(document)
    assert len(references) > len(REGISTRY) * 2
    for reference in set(references):
        target = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in target, reference
            target = target[step]
