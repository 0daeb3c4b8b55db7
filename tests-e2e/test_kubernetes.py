"""The cluster's manifests: valid offline, and in agreement with code, topics and compose."""

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from contracts import catalogue
from contracts.base import REGISTRY
from deploy import topology
from kit.algorithms import SUITE_VARIABLE
from kit.settings import Settings
from stack.rooms import ROOMS

ROOT = Path(__file__).parent.parent
OVERLAYS = ("county", "province")
SCHEMAS = ROOT / "deploy" / "crd-schemas"
Resource = dict[str, Any]


@cache
def built(overlay: str) -> tuple[Resource, ...]:
    """What `kubectl apply -k` would send."""
    kubectl = Path(sys.executable).parent / "kubectl"
    folder = ROOT / "deploy" / "kustomize" / "overlays" / overlay
    made = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return tuple(yaml.safe_load_all(made.stdout))


def of_kind(overlay: str, kind: str) -> dict[str, Resource]:
    return {one["metadata"]["name"]: one for one in built(overlay) if one["kind"] == kind}


def problem(resource: Resource) -> str | None:
    """Why the API server would refuse it, or None."""
    kind, version = resource["kind"].lower(), resource["apiVersion"].rpartition("/")[2]
    published = SCHEMAS / f"{kind}_{version}.json"
    try:
        if published.exists():
            jsonschema.validate(resource, json.loads(published.read_text(encoding="utf-8")))
        else:
            kubernetes_validate.validate(resource, "1.37", strict=True)
    except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as refused:
        return f"{kind} {resource['metadata']['name']}: {refused.message}"
    return None


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_resource_is_valid(overlay: str) -> None:
    assert [found for one in built(overlay) if (found := problem(one))] == []


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("Deployment", lambda one: one["spec"].update(replica=3)),
        ("Deployment", lambda one: one["spec"].pop("selector")),
        ("KafkaTopic", lambda one: one["spec"].update(partitions="twelve")),
        ("KafkaUser", lambda one: one["spec"]["authorization"]["acls"][0].update(operations=["Gossip"])),
        ("Cluster", lambda one: one["spec"].update(instance=3)),
        ("ScaledObject", lambda one: one["spec"].pop("triggers")),
    ],
)
def test_a_planted_mistake_is_found(kind: str, spoil: Callable[[Resource], object]) -> None:
    first = next(iter(of_kind("province", kind).values()))
    spoilt = copy.deepcopy(first)
    spoil(spoilt)
    assert problem(first) is None
    assert problem(spoilt) is not None


def test_what_is_written_from_the_code_is_what_the_code_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert topology.stale() == []
    taken = topology.reads("payment")
    monkeypatch.setattr(topology, "reads", lambda room: [*taken, "subsidy.grievance.events"])
    assert "deploy/kustomize/base/rooms/payment/kafka-user.yaml" in topology.stale()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_room_has_all_its_parts(overlay: str) -> None:
    rooms = {topology.dashed(room) for room in ROOMS}
    for kind, prefix in {
        "Deployment": "daohu",
        "Service": "daohu",
        "PodDisruptionBudget": "daohu",
        "ServiceAccount": "daohu",
        "Job": "migrate",
        "KafkaUser": "kafka",
        "Database": "postgres",
    }.items():
        assert set(of_kind(overlay, kind)) == {f"{prefix}-{room}" for room in rooms}, kind
    assert rooms <= {name.removeprefix("daohu-") for name in of_kind(overlay, "NetworkPolicy")}


def environment(deployment: Resource) -> dict[str, Any]:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one for one in container["env"]}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_room_is_itself_and_nobody_else(overlay: str) -> None:
    roles = {one["name"]: one for one in of_kind(overlay, "Cluster")["postgres"]["spec"]["managed"]["roles"]}
    for room in ROOMS:
        name = topology.dashed(room)
        deployment = of_kind(overlay, "Deployment")[f"daohu-{name}"]
        found = environment(deployment)
        assert found["DAOHU_KAFKA_USERNAME"]["value"] == f"kafka-{name}"
        secrets = {
            key: one["valueFrom"]["secretKeyRef"]["name"] for key, one in found.items() if "valueFrom" in one
        }
        assert secrets == {
            "POSTGRES_USER": f"postgres-{name}",
            "POSTGRES_PASSWORD": f"postgres-{name}",
            "DAOHU_KAFKA_PASSWORD": f"kafka-{name}",
        }
        assert of_kind(overlay, "Database")[f"postgres-{name}"]["spec"]["owner"] == room
        assert roles[room]["inRoles"] == [f"{room}_desk"]
        assert roles[f"{room}_desk"]["login"] is False
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert container["image"] == f"daohu/{name}"
        assert deployment["spec"]["template"]["spec"]["volumes"][0]["secret"] == {
            "secretName": f"keys-{name}"
        }
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)


def test_settings_exist_in_the_code() -> None:
    known = {f"DAOHU_{name.upper()}" for name in Settings.model_fields} | {SUITE_VARIABLE}
    given = set(of_kind("county", "ConfigMap")["settings"]["data"])
    for deployment in of_kind("county", "Deployment").values():
        given |= {name for name in environment(deployment) if name.startswith("DAOHU_")}
    assert given <= known
    urls = json.loads(of_kind("county", "ConfigMap")["settings"]["data"]["DAOHU_ROOM_URLS"])
    assert set(urls) == set(ROOMS)
    assert {url.split("/")[2].split(":")[0] for url in urls.values()} <= set(of_kind("county", "Service"))


def test_topics_are_the_contracts_topics_in_three_copies() -> None:
    found = of_kind("county", "KafkaTopic")
    assert sorted(one["spec"]["topicName"] for one in found.values()) == catalogue.topics()
    for one in found.values():
        assert one["spec"]["replicas"] == 3
        assert one["spec"]["config"] == {"retention.ms": -1, "min.insync.replicas": 2}
        assert one["spec"]["partitions"] == Settings.model_fields["kafka_partitions"].default


def writers() -> dict[str, set[str]]:
    """Topic → the users who may write to it."""
    found: dict[str, set[str]] = {}
    for name, user in of_kind("county", "KafkaUser").items():
        for rule in user["spec"]["authorization"].get("acls", []):
            if "Write" in rule["operations"]:
                found.setdefault(rule["resource"]["name"], set()).add(name)
    return found


def test_nobody_writes_anothers_events_or_reads_without_need() -> None:
    allowed = writers()
    for topic in {one.model_construct().topic for one in REGISTRY.values()}:
        room = topic.split(".")[1]
        may = {f"kafka-{topology.dashed(room)}"}
        if topic.endswith(".commands"):
            may |= {"kafka-orchestrator", "kafka-batch"}  # batch hands rosters to application
        assert allowed[topic] <= may, topic
    for user in of_kind("county", "KafkaUser").values():
        rules = user["spec"]["authorization"].get("acls", [])
        named = [rule["resource"] for rule in rules if rule["resource"]["type"] in ("topic", "group")]
        assert {one["patternType"] for one in named} <= {"literal", "prefix"}
        assert all(one["name"] not in ("*", "subsidy.", "") for one in named)
        whole = [rule for rule in rules if rule["resource"] not in named]
        assert all(rule["operations"] == ["IdempotentWrite"] for rule in whole)
        assert all("All" not in rule["operations"] for rule in rules)


def test_a_room_that_reads_scales_by_the_lag_of_its_own_group() -> None:
    found = of_kind("province", "ScaledObject")
    assert set(found) == {f"daohu-{topology.dashed(room)}" for room in ROOMS if topology.reads(room)}
    for name, one in found.items():
        (trigger,) = one["spec"]["triggers"]
        assert trigger["metadata"]["excludePersistentLag"] == "true"
        assert topology.dashed(trigger["metadata"]["consumerGroup"]) == name.removeprefix("daohu-")
        assert one["spec"]["minReplicaCount"] >= 1
        assert one["spec"]["maxReplicaCount"] <= Settings.model_fields["kafka_partitions"].default
        assert one["spec"]["scaleTargetRef"]["name"] in of_kind("province", "Deployment")
        assert trigger["authenticationRef"]["name"] in of_kind("province", "TriggerAuthentication")
    assert all("replicas" not in one["spec"] for one in of_kind("province", "Deployment").values())


def test_kafka_is_the_version_that_the_tests_run() -> None:
    jars = (ROOT / "stack" / "kafka_jars.txt").read_text(encoding="utf-8")
    tested = re.search(r"org\.apache\.kafka:kafka_2\.13:(\S+)", jars)
    assert tested is not None
    kafka = of_kind("county", "Kafka")["kafka"]["spec"]["kafka"]
    assert kafka["version"] == tested[1]
    assert kafka["config"]["auto.create.topics.enable"] is False
    (listener,) = kafka["listeners"]
    assert listener["tls"] is True
    assert kafka["authorization"] == {"type": "simple"}
