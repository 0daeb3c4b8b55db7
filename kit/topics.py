"""Topics exist before anyone uses them: same fixed number of partitions everywhere, kept for ever."""

import asyncio
from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # noqa: TID251  (kit speaks Kafka)
from aiokafka.errors import TopicAlreadyExistsError, for_code  # noqa: TID251  (kit speaks Kafka)

from kit.kafka import client_options
from kit.settings import Settings


async def answers(bootstrap: str) -> bool:
    """Whether any of the bootstrap addresses takes a connection; a slow broker does, a dead one does not."""
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, int(port)), 5)
        except (OSError, TimeoutError):
            continue
        writer.close()
        return True
    return False


async def missing_topics(settings: Settings, topics: Sequence[str]) -> list[str]:
    """Which of these topics the broker does not have, by their full names.

    Raises the client's error when no broker answers within some seconds.
    """
    admin = AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=5000)
    try:
        await admin.start()
        present = set(await admin.list_topics())
    finally:
        await admin.close()
    return sorted({settings.kafka_namespace + topic for topic in topics} - present)


async def ensure_topics(settings: Settings, topics: Sequence[str]) -> None:
    """Create what is missing; a topic that another room has just created is fine.

    Raises the broker's error for anything else.
    """
    if not topics:
        return
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        wanted = {settings.kafka_namespace + topic for topic in topics}
        missing = sorted(wanted - set(await admin.list_topics()))
        if not missing:
            return
        new = [
            NewTopic(
                name,
                num_partitions=settings.kafka_partitions,
                replication_factor=settings.kafka_replication,
                topic_configs={"retention.ms": "-1"},
            )
            for name in missing
        ]
        reply = await admin.create_topics(new)
        for topic, code, *_ in reply.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error(topic)
    except TopicAlreadyExistsError:
        return
    finally:
        await admin.close()
