"""`python -m deploy.topology generate | check`: what the cluster must know of the rooms, read from the code.

Writes, per room, its folder in `kustomize/base/rooms` (names, Kafka user with the least it needs, database), and the
lists of topics and database roles. Rooms come from `stack.rooms`, topics from the contracts, reads from the handlers,
writes from what the room's source emits.
"""

import argparse
import ast
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from contracts import catalogue
from contracts.base import REGISTRY, Kind, Message
from contracts.public import topic_of_agency
from kit.settings import Settings
from stack.rooms import ROOMS

ROOT = Path(__file__).parent.parent
KUSTOMIZE = ROOT / "deploy" / "kustomize"
HEAD = "# Written by `python -m deploy.topology generate`.\n"
KAFKA = {"apiVersion": "kafka.strimzi.io/v1", "labels": {"strimzi.io/cluster": "kafka"}}


def dashed(room: str) -> str:
    """The room's name where names have no underscore."""
    return room.replace("_", "-")


def reads(room: str) -> list[str]:
    """Topics that the room's handlers take messages from."""
    found: list[str] = importlib.import_module(f"services.{room}.app").service.handlers.topics()
    return found


def writes(room: str) -> list[str]:
    """Topics of the messages that the room's source makes; the orchestrator sends whatever a diagram names."""
    if room == "orchestrator":
        return sorted(
            {_topic(one) for one in REGISTRY.values() if room == one.ROOM or one.KIND is Kind.COMMAND}
        )
    names = set(_made(room))
    made = [one for one in REGISTRY.values() if one.__name__ in names]
    return sorted({_topic(one) for one in made if room == one.ROOM or one.KIND is Kind.COMMAND})


def _topic(message: type[Message]) -> str:
    return message.model_construct().topic


def _made(room: str) -> Iterator[str]:
    """Names of classes that the source calls, or hands to `chunks.state`."""
    for path in (ROOT / "services" / room).rglob("*.py"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield node.func.id
                if node.func.id == "Statement":  # kit.stating.Statement(LinesStated)
                    yield from (one.id for one in node.args[:1] if isinstance(one, ast.Name))
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "state"
            ):
                yield from (one.id for one in node.args if isinstance(one, ast.Name))


def kafka_user(room: str) -> dict[str, Any]:
    """Read what it handles in its own group, write what it emits and read that back (the relay's recognition)."""
    own, taken = writes(room), reads(room)
    rules = [_rule("topic", name, ["Describe", "Read"]) for name in sorted({*taken, *own} - set(own))]
    rules += [_rule("topic", name, ["Describe", "Read", "Write"]) for name in own]
    if taken:
        rules.append(_rule("group", room, ["Read"]))
    if room == "exchange":
        prefix = topic_of_agency("")
        rules.append(_rule("topic", prefix, ["Create", "Describe", "Read", "Write"], "prefix"))
    elif not own:
        # Every relay opens an idempotent producer; who may write to some topic needs no allowance for that.
        rules.append({"resource": {"type": "cluster"}, "operations": ["IdempotentWrite"], "host": "*"})
    return {
        "apiVersion": KAFKA["apiVersion"],
        "kind": "KafkaUser",
        "metadata": {"name": "kafka", "labels": KAFKA["labels"]},
        "spec": {
            "authentication": {"type": "scram-sha-512"},
            "authorization": {"type": "simple", "acls": rules},
        },
    }


def _rule(kind: str, name: str, operations: list[str], pattern: str = "literal") -> dict[str, Any]:
    return {
        "resource": {"type": kind, "name": name, "patternType": pattern},
        "operations": operations,
        "host": "*",
    }


def database(room: str) -> dict[str, Any]:
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Database",
        "metadata": {"name": "postgres"},
        "spec": {"cluster": {"name": "postgres"}, "name": room, "owner": room},
    }


def kustomization(room: str) -> dict[str, Any]:
    """The room's name on everything that rooms have in common."""
    name = dashed(room)
    secrets = [_set(f"{number}/valueFrom/secretKeyRef/name", f"postgres-{name}") for number in (0, 1)]
    kafka = [_set("3/valueFrom/secretKeyRef/name", f"kafka-{name}"), _set("4/value", f"kafka-{name}")]
    # A room holds no key of another, and its service token says which room it is.
    keys = {
        "op": "replace",
        "path": "/spec/template/spec/volumes/0/secret/secretName",
        "value": f"keys-{name}",
    }
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["../../room", "kafka-user.yaml", "database.yaml"],
        "nameSuffix": f"-{name}",
        "labels": [{"pairs": {"app.kubernetes.io/name": name}, "includeSelectors": True}],
        "images": [{"name": "daohu/room", "newName": f"daohu/{name}"}],
        "patches": [
            {"target": {"kind": "Deployment"}, "patch": yaml.safe_dump([*secrets, *kafka, keys])},
            {"target": {"kind": "Job"}, "patch": yaml.safe_dump(secrets)},
        ],
    }


def _set(place: str, value: str) -> dict[str, str]:
    return {"op": "replace", "path": f"/spec/template/spec/containers/0/env/{place}", "value": value}


def topics() -> Iterator[dict[str, Any]]:
    """Kept for ever; three copies, of which two must have taken a record."""
    for name in catalogue.topics():
        yield {
            "apiVersion": KAFKA["apiVersion"],
            "kind": "KafkaTopic",
            "metadata": {"name": name.replace("_", "-"), "labels": KAFKA["labels"]},
            "spec": {
                "topicName": name,
                "partitions": Settings.model_fields["kafka_partitions"].default,
                "replicas": 3,
                "config": {"retention.ms": -1, "min.insync.replicas": 2},
            },
        }


def roles() -> dict[str, Any]:
    """A login and a desk per room (kit/rows.py); passwords are the operator's secrets `postgres-<room>`."""
    managed: list[dict[str, Any]] = []
    for room in ROOMS:
        managed.append({"name": f"{room}_desk", "ensure": "present", "login": False})
        secret = {"name": f"postgres-{dashed(room)}"}
        managed.append(
            {
                "name": room,
                "ensure": "present",
                "login": True,
                "inRoles": [f"{room}_desk"],
                "passwordSecret": secret,
            }
        )
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": {"name": "postgres"},
        "spec": {"managed": {"roles": managed}},
    }


def scaling() -> Iterator[dict[str, Any]]:
    """KEDA: more processes while a room's group lags; partitions are the upper limit (one reader each).

    The orchestrator and whoever leads workers never goes to zero.
    """
    for room in ROOMS:
        name = dashed(room)
        if not reads(room):
            continue
        access = {"name": f"kafka-{name}"}
        yield {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "TriggerAuthentication",
            "metadata": access,
            "spec": {
                "secretTargetRef": [
                    {"parameter": "password", "name": f"kafka-{name}", "key": "password"},
                    {"parameter": "ca", "name": "kafka-cluster-ca-cert", "key": "ca.crt"},
                ]
            },
        }
        metadata = {
            "bootstrapServers": "kafka-kafka-bootstrap.daohu.svc:9093",
            "consumerGroup": room,
            "lagThreshold": "1000",
            "activationLagThreshold": "100",
            "excludePersistentLag": "true",
            "tls": "enable",
            "sasl": "scram_sha512",
            "username": f"kafka-{name}",
        }
        yield {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": {"name": f"daohu-{name}"},
            "spec": {
                "scaleTargetRef": {"name": f"daohu-{name}"},
                "minReplicaCount": 2,
                "maxReplicaCount": Settings.model_fields["kafka_partitions"].default,
                "cooldownPeriod": 600,
                "triggers": [{"type": "kafka", "metadata": metadata, "authenticationRef": access}],
            },
        }


def settings() -> str:
    """Where rooms find each other."""
    return (
        "DAOHU_ROOM_URLS=" + json.dumps({room: f"http://daohu-{dashed(room)}:8000" for room in ROOMS}) + "\n"
    )


def files() -> dict[Path, str]:
    """Everything that follows from the code, by path."""
    made = {
        KUSTOMIZE / "components" / "kafka" / "topics.yaml": HEAD
        + yaml.safe_dump_all(topics(), sort_keys=False),
        KUSTOMIZE / "components" / "postgres" / "roles.yaml": HEAD + yaml.safe_dump(roles(), sort_keys=False),
        KUSTOMIZE / "components" / "keda" / "scaling.yaml": HEAD
        + yaml.safe_dump_all(scaling(), sort_keys=False),
        KUSTOMIZE / "base" / "rooms.env": HEAD + settings(),
    }
    index = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [dashed(room) for room in ROOMS],
    }
    made[KUSTOMIZE / "base" / "rooms" / "kustomization.yaml"] = HEAD + yaml.safe_dump(index, sort_keys=False)
    for room in ROOMS:
        folder = KUSTOMIZE / "base" / "rooms" / dashed(room)
        parts = {
            "kustomization": kustomization(room),
            "kafka-user": kafka_user(room),
            "database": database(room),
        }
        for name, content in parts.items():
            made[folder / f"{name}.yaml"] = HEAD + yaml.safe_dump(content, sort_keys=False)
    return made


def stale() -> list[str]:
    """Committed files that are not what the code says; also folders of rooms that are no more."""
    wrong = [path for path, text in files().items() if not path.exists() or path.read_text("utf-8") != text]
    known = {dashed(room) for room in ROOMS}
    folders = (KUSTOMIZE / "base" / "rooms").iterdir()
    wrong += [folder for folder in folders if folder.is_dir() and folder.name not in known]
    return [str(path.relative_to(ROOT)) for path in wrong]


def main() -> int:
    """0 when all is well; `generate` writes first."""
    parser = argparse.ArgumentParser(prog="deploy.topology", description=__doc__)
    parser.add_argument("what", choices=["check", "generate"])
    if parser.parse_args().what == "generate":
        for path, text in files().items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if old := stale():
        print(
            "请运行 python -m deploy.topology generate (not what the code says):",
            *old,
            sep="\n",
            file=sys.stderr,
        )
        return 1
    print(f"{len(ROOMS)} rooms, {len(catalogue.topics())} topics: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
