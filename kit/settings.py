"""A room's settings, all from the environment: the same room runs embedded, in compose or in a cluster."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from `DAOHU_*`. Units are in the names."""

    model_config = SettingsConfigDict(env_prefix="DAOHU_", extra="ignore")

    profile: Literal["development", "production"] = "production"
    host: str = "127.0.0.1"
    port: int = 8000
    dsn: str
    kafka_bootstrap: str
    kafka_namespace: str = ""
    """Prefix of topics and groups, for systems that share a broker; never part of an envelope."""
    kafka_idempotent: bool = True
    """False only for the wheel broker, which has no idempotent producer (see the capability table)."""
    kafka_partitions: int = 12
    kafka_replication: int = 1
    kafka_acls: bool = False
    """Whether `exchange` keeps the agencies' ACLs on the broker (it needs an authorizer, and us as its super user)."""
    kafka_session_timeout_ms: int = 10_000
    kafka_username: str = ""
    """The room's own user; with one, clients speak TLS and SCRAM-SHA-512 (kit.kafka)."""
    kafka_password: SecretStr = SecretStr("")
    kafka_ca_file: str = ""
    room_urls: dict[str, str] = Field(default_factory=dict)
    key_dir: str = ""
    regions_file: str = "regions/yunling.json"
    agency_url: str = ""
    bank_url: str = ""
    otlp_endpoint: str = ""
    roster_row_limit: int = 300_000
    pool_size: int = 8
    poll_records: int = 500
    consumer_stall_seconds: float = 30.0
