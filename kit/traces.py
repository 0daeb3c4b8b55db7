"""One trace also where a command is answered later by a worker: its trace is kept until the outcome is emitted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache

import asyncpg

from contracts.base import REGISTRY
from kit import telemetry
from kit.outbox import Outgoing


@cache
def _outcomes() -> frozenset[str]:
    return frozenset(name for cls in REGISTRY.values() for name in cls.OUTCOMES)


async def keep(
    connection: asyncpg.Connection, taken: Mapping[str, str], sent: Sequence[Outgoing], at: datetime
) -> None:
    """Keep the traces of the commands taken in this transaction that it does not answer itself."""
    answered = {one.cause for one in sent}
    left = {command: trace for command, trace in taken.items() if command not in answered}
    if left:
        await connection.execute(
            "INSERT INTO command_trace SELECT *, $3 FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING",
            list(left),
            list(left.values()),
            at,
        )


async def continued(
    connection: asyncpg.Connection, taken: Mapping[str, str], sent: Sequence[Outgoing]
) -> list[Outgoing]:
    """The messages, those that answer an earlier command outside any span in that command's trace."""
    late = {one.cause for one in sent if one.cause and one.cause not in taken and one.traceparent is None}
    done = {one.cause for one in sent if one.cause and one.cause not in taken and one.type in _outcomes()}
    found: dict[str, str] = {}
    if late or done:
        # One statement for both; what stays is a command whose parts come before its outcome.
        rows = await connection.fetch(
            "WITH gone AS (DELETE FROM command_trace WHERE id = ANY($2)) "
            "SELECT id, traceparent, since FROM command_trace WHERE id = ANY($1)",
            sorted(late),
            sorted(done),
        )
        for row in rows:
            span = telemetry.past_span("answer", row["traceparent"], row["since"], message_id=row["id"])
            found[row["id"]] = span or row["traceparent"]
    return [
        replace(one, traceparent=found[one.cause]) if one.traceparent is None and one.cause in found else one
        for one in sent
    ]
