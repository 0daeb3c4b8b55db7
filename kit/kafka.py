"""How every Kafka client of a room reaches the broker: plainly, or as the room's own user over TLS (SCRAM-SHA-512)."""

import ssl
from typing import Any

from faststream.security import SASLScram512

from kit.settings import Settings


def client_options(settings: Settings) -> dict[str, Any]:
    """Arguments for aiokafka's clients. Raises OSError when the CA file can't be read."""
    plain = {"bootstrap_servers": settings.kafka_bootstrap}
    if not settings.kafka_username:
        return plain
    return plain | {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": settings.kafka_username,
        "sasl_plain_password": settings.kafka_password.get_secret_value(),
        "ssl_context": _trusted(settings),
    }


def broker_security(settings: Settings) -> SASLScram512 | None:
    """The same for FastStream's broker; None for a plain one."""
    if not settings.kafka_username:
        return None
    return SASLScram512(
        settings.kafka_username,
        settings.kafka_password.get_secret_value(),
        ssl_context=_trusted(settings),
        use_ssl=True,
    )


def _trusted(settings: Settings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.kafka_ca_file or None)
