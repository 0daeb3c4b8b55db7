"""The system with every room as its own Kafka user: the users, allowances and topics that deploy/kustomize declares,
on a live broker with TLS, SCRAM and an authorizer that denies whatever nothing allows."""

import asyncio
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # noqa: TID251  (as Strimzi's operators do)
from aiokafka.errors import for_code  # noqa: TID251
from aiokafka.protocol.admin import CreateAclsRequest  # noqa: TID251
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.topology import dashed
from kit.kafka import client_options
from kit.settings import Settings
from stack.brokers import Broker
from stack.kafka import Kafka
from stack.paths import CHECKOUT
from stack.rooms import ROOMS, Stack
from stack.supervisor import Service

# The protocol's numbers of what a KafkaUser says in words.
RESOURCES = {"topic": 2, "group": 3, "cluster": 4, "transactionalId": 5}
PATTERNS = {"literal": 3, "prefix": 4}
OPERATIONS = {
    name: number
    for number, name in enumerate(
        (
            "All", "Read", "Write", "Create", "Delete", "Alter", "Describe", "ClusterAction", "DescribeConfigs",
            "AlterConfigs", "IdempotentWrite",
        ),
        start=2,
    )
}  # fmt: skip
ALLOW = 3


@cache
def deployed() -> tuple[dict[str, Any], ...]:
    """What `kubectl apply -k` would send for a county."""
    kubectl = Path(sys.executable).parent / "kubectl"
    folder = CHECKOUT / "deploy" / "kustomize" / "overlays" / "county"
    made = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=True)
    return tuple(yaml.safe_load_all(made.stdout))


def of_kind(kind: str) -> dict[str, Any]:
    """Name → resource."""
    return {one["metadata"]["name"]: one for one in deployed() if one["kind"] == kind}


def username(room: str) -> str:
    """As whom the room's deployment logs in."""
    (container,) = of_kind("Deployment")[f"daohu-{dashed(room)}"]["spec"]["template"]["spec"]["containers"]
    return next(str(one["value"]) for one in container["env"] if one["name"] == "DAOHU_KAFKA_USERNAME")


def rules(room: str) -> list[dict[str, Any]]:
    """The allowances of the room's KafkaUser."""
    found: list[dict[str, Any]] = of_kind("KafkaUser")[username(room)]["spec"]["authorization"]["acls"]
    return found


def may(room: str, operation: str, topic: str) -> bool:
    """Whether its KafkaUser says so."""
    return any(
        operation in one["operations"]
        and one["resource"]["type"] == "topic"
        and (
            topic.startswith(one["resource"]["name"])
            if one["resource"]["patternType"] == "prefix"
            else topic == one["resource"]["name"]
        )
        for one in rules(room)
    )


def topics() -> list[str]:
    """The topics that the deployment declares."""
    return sorted(one["spec"]["topicName"] for one in of_kind("KafkaTopic").values())


async def declare(bootstrap: str) -> None:
    """As a super user, what Strimzi's operators do: the topics (one copy: one broker), and each user's allowances."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        declared = [one["spec"] for one in of_kind("KafkaTopic").values()]
        await admin.create_topics([NewTopic(one["topicName"], one["partitions"], 1) for one in declared])
        for room in ROOMS:
            for request in _requests(f"User:{username(room)}", rules(room)):
                reply = await admin._send_request(request)
                for code, reason in reply.creation_responses:
                    if code:
                        raise for_code(code)(reason)
    finally:
        await admin.close()


def _requests(principal: str, allowed: Iterable[Mapping[str, Any]]) -> Iterable[CreateAclsRequest]:
    for rule in allowed:
        what = rule["resource"]
        for operation in rule["operations"]:
            yield CreateAclsRequest(
                RESOURCES[what["type"]],
                what.get("name", "kafka-cluster"),
                PATTERNS[what.get("patternType", "literal")],
                principal,
                rule["host"],
                OPERATIONS[operation],
                ALLOW,
            )


def certify(folder: Path) -> tuple[Path, Path]:
    """A broker's key and certificate (PEM, one file), and the authority that clients trust."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker of a test")])
    now = datetime.now(UTC)  # noqa: TID251 - a certificate's dates
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    ).public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    broker, authority = folder / "broker.pem", folder / "ca.crt"
    broker.touch(mode=0o600)
    broker.write_bytes(secret + made)
    authority.write_bytes(made)
    return broker, authority


class Secured(Stack):
    """Every room is its own user on the broker's TLS listener."""

    passwords: Mapping[str, str]
    authority: Path

    def _choose_broker(self) -> Broker:
        self.passwords = {username(room): f"word-of-{room}" for room in ROOMS}
        certificate, self.authority = certify(self.data_dir / "tls")
        return Kafka(
            self.data_dir / "kafka",
            log=self.log_dir / "broker.log",
            users=self.passwords,
            certificate=certificate,
        )

    def start_servers(self) -> None:
        """As in a cluster, topics and users are there before any room."""
        super().start_servers()
        asyncio.run(declare(self.broker.bootstrap))

    def login(self, room: str) -> dict[str, str]:
        """The room's settings of `kit.kafka`."""
        assert isinstance(self.broker, Kafka)
        return {
            "DAOHU_KAFKA_BOOTSTRAP": self.broker.agencies,
            "DAOHU_KAFKA_USERNAME": username(room),
            "DAOHU_KAFKA_PASSWORD": self.passwords[username(room)],
            "DAOHU_KAFKA_CA_FILE": str(self.authority),
        }

    def client(self, room: str) -> dict[str, Any]:
        """Arguments for a client that logs in as the room, by the room's own code."""
        given = {name.removeprefix("DAOHU_").lower(): value for name, value in self.login(room).items()}
        return client_options(Settings.model_validate({"dsn": "", **given}))

    def _room(self, name: str) -> Service:
        service = super()._room(name)
        return replace(service, env={**service.env, **self.login(name)})
