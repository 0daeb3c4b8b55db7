"""Who may read which topic on a broker with an authorizer: other agencies, each its own public topic and no more.

Deny is the broker's default (`StandardAuthorizer`, no `allow.everyone.if.no.acl.found`): internal topics refuse
agencies because nothing allows them. These are the only allowances an agency ever gets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient  # noqa: TID251  (kit speaks Kafka)
from aiokafka.errors import for_code  # noqa: TID251  (kit speaks Kafka)
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest  # noqa: TID251  (kit speaks Kafka)

from contracts.public import topic_of_agency
from kit.kafka import client_options
from kit.settings import Settings

_TOPIC, _GROUP = 2, 3
_READ, _DESCRIBE = 3, 8
_LITERAL, _PREFIXED = 3, 4
_ALLOW = 3


@dataclass(frozen=True, slots=True)
class Allowance:
    """One ACL of a principal, in the protocol's numbers."""

    resource: int
    name: str
    pattern: int
    operation: int

    def of(self, principal: str) -> tuple[int, str, int, str, str, int, int]:
        """The fields of the protocol's requests: this, from any host, allowed to a principal."""
        return (self.resource, self.name, self.pattern, f"User:{principal}", "*", self.operation, _ALLOW)


def principal_of(agency: str) -> str:
    """The broker's user name of an agency."""
    return f"agency-{agency}"


def allowances(settings: Settings, agency: str) -> Sequence[Allowance]:
    """Read and describe its topic, and read with consumer groups whose names begin with its code and a dot."""
    topic = settings.kafka_namespace + topic_of_agency(agency)
    return (
        Allowance(_TOPIC, topic, _LITERAL, _READ),
        Allowance(_TOPIC, topic, _LITERAL, _DESCRIBE),
        Allowance(_GROUP, f"{agency}.", _PREFIXED, _READ),
    )


async def keep(settings: Settings, agencies: Sequence[str], gone: Sequence[str]) -> None:
    """Allow these agencies their topics, and withdraw everything from those. Both may be repeated.

    Raises the broker's error, also where it has no authorizer.
    """
    admin = AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=5000)
    await admin.start()
    try:
        for agency in agencies:
            for one in allowances(settings, agency):
                reply = await admin._send_request(CreateAclsRequest(*one.of(principal_of(agency))))
                _check([answer[0] for answer in reply.creation_responses])
        for agency in gone:
            for one in allowances(settings, agency):
                reply = await admin._send_request(DeleteAclsRequest(*one.of(principal_of(agency))))
                _check([answer[0] for answer in reply.filter_responses])
    finally:
        await admin.close()


def _check(codes: Sequence[int]) -> None:
    for code in codes:
        if code:
            raise for_code(code)("ACL")
