import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from kit import audit
from kit.audit import Entry, Head

AT = datetime(2026, 1, 1, 8, 0, 0, 123456, tzinfo=UTC)


class Memory:
    """Stands for a connection where only the chain's arithmetic matters."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    async def execute(self, sql: str, /, *args: Any) -> None:
        if "unnest" in sql:
            names = ("seq", "at", "actor", "action", "resource", "detail", "prev", "hash")
            self.rows += [dict(zip(names, row, strict=True)) for row in zip(*args, strict=True)]

    async def fetchrow(self, sql: str, /, *args: Any) -> Any:
        return self.rows[-1] if self.rows else None


def entry(number: int) -> Entry:
    return Entry("u1", "line.hold", f"line-{number}", {"reason": "R04", "count": number})


async def chain(count: int) -> tuple[list[dict[str, Any]], Head]:
    memory = Memory()
    head = await audit.append_many(memory, [entry(n) for n in range(count)], AT)
    return memory.rows, head


async def test_a_whole_chain_verifies() -> None:
    rows, head = await chain(20)
    assert head.seq == 20
    assert audit.verify(rows, head) is None
    assert audit.verify([]) is None
    assert audit.verify([], head) == 1


async def test_every_random_tamper_is_noticed() -> None:
    dice = random.Random(7)
    original, head = await chain(12)

    def edit(rows: list[dict[str, Any]]) -> None:
        row = dice.choice(rows)
        name = dice.choice([name for name in row if name != "detail"])
        row[name] = {"seq": row["seq"] + 1, "at": AT.replace(microsecond=dice.randrange(123456))}.get(
            name, "x"
        )

    def detail(rows: list[dict[str, Any]]) -> None:
        dice.choice(rows)["detail"] = '{"reason":"R05"}'

    def delete(rows: list[dict[str, Any]]) -> None:
        del rows[dice.randrange(len(rows))]

    def swap(rows: list[dict[str, Any]]) -> None:
        one, other = dice.sample(range(len(rows)), 2)
        rows[one], rows[other] = rows[other], rows[one]

    def truncate(rows: list[dict[str, Any]]) -> None:
        del rows[dice.randrange(len(rows)) :]

    def rechain(rows: list[dict[str, Any]]) -> None:
        at = dice.randrange(len(rows))
        rows[at]["actor"] = "somebody else"
        prev = rows[at]["prev"]
        for row in rows[at:]:
            row["prev"] = prev
            prev = row["hash"] = audit.row_hash(
                row["seq"], row["at"], row["actor"], row["action"], row["resource"], {"forged": 1}, prev
            )
            row["detail"] = {"forged": 1}

    for attack in [edit, detail, delete, swap, truncate, rechain]:
        for _ in range(170):
            rows = [dict(row) for row in original]
            attack(rows)
            assert audit.verify(rows, head) is not None, attack.__name__


async def test_floats_are_refused_and_dates_become_text() -> None:
    memory = Memory()
    with pytest.raises(ValueError, match="exact"):
        await audit.append(memory, Entry("u", "a", "r", {"x": 0.1}), AT)
    head = await audit.append(memory, Entry("u", "a", "r", {"day": date(2023, 5, 8)}), AT)
    assert audit.verify(memory.rows, head) is None


async def test_in_the_database(postgres_dsn_factory: Callable[[], str]) -> None:
    dsn = postgres_dsn_factory()
    one, other = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    try:
        await one.execute(audit.DDL)
        await one.execute(audit.DDL)  # may be applied again
        async with one.transaction():
            first = await audit.append(one, entry(1))
            await audit.append_many(one, [entry(n) for n in range(2, 100)])
        assert await audit.append_many(one, []) == await audit.head(one)
        rolled_back = one.transaction()
        await rolled_back.start()
        await audit.append(one, entry(100))
        await rolled_back.rollback()
        # Each waits for the one before to commit: the chain stays one chain.
        async with one.transaction():
            await audit.append(one, entry(100))
            assert not await other.fetchval("SELECT pg_try_advisory_xact_lock($1)", audit._LOCK)
        async with other.transaction():
            head = await audit.append(other, entry(101))
        rows = await one.fetch("SELECT * FROM audit ORDER BY seq")
        assert len(rows) == head.seq == 101
        assert first.seq == 1
        assert audit.verify(rows, head) is None
        for attack in ("UPDATE audit SET actor = 'x' WHERE seq = 5", "DELETE FROM audit", "TRUNCATE audit"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
                await one.execute(attack)
        await one.execute("ALTER TABLE audit DISABLE TRIGGER USER")
        await one.execute("UPDATE audit SET detail = '{}' WHERE seq = 5")
        assert audit.verify(await one.fetch("SELECT * FROM audit ORDER BY seq"), head) == 5
    finally:
        await one.close()
        await other.close()
