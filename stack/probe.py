"""Asks a broker, in its own protocol, whether it is ready to serve."""

import asyncio
import logging
import socket
import threading

from aiokafka.client import AIOKafkaClient  # noqa: TID251 - readiness only; no message passes here


def kafka_answers(bootstrap: str, timeout: float = 2.0) -> bool:
    """Whether the broker answers a metadata request and counts itself among the living.

    Runs its own event loop in a thread, so that synchronous and asynchronous callers may both ask.
    """
    host, _, port = bootstrap.split(",")[0].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=timeout).close()
    except OSError:
        return False
    answer: list[bool] = []
    asking = threading.Thread(
        target=lambda: answer.append(asyncio.run(_ask(bootstrap, timeout))), daemon=True
    )
    asking.start()
    asking.join(timeout * 3)
    return answer == [True]


async def _ask(bootstrap: str, timeout: float) -> bool:  # noqa: ASYNC109 - handed to the client, which keeps it
    logger = logging.getLogger("aiokafka")
    level, client = (
        logger.level,
        AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=int(timeout * 1000)),
    )
    logger.setLevel(logging.CRITICAL)  # refusals are what we are waiting out
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except Exception:  # whatever it is, the broker is not ready yet
        return False
    finally:
        await client.close()
        logger.setLevel(level)
