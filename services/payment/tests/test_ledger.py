"""The ledger's rules hold in the database, whoever writes."""

import asyncpg
import pytest

from services.payment.domain.ledger import Kind, Move
from services.payment.store import ledger
from services.payment.store.ledger import About
from services.payment.tests.world import BOOK, World, line

ABOUT = About("reserve", "test", "tester")
POSTING = (
    "INSERT INTO posting (posting_id, kind, project, county, year, memo, actor, business_day, at) "
    "VALUES ($1, 'reserve', '11810', '539901', 2023, 'm', 'a', '2023-05-01', now())"
)


async def write(world: World, posting: str, entries: dict[Kind, int]) -> None:
    """A posting as somebody would write it who goes round the code."""
    async with world.harness.room.tx() as tx:
        await tx.execute(POSTING, posting)
        for kind, fen in entries.items():
            await tx.execute("INSERT INTO entry VALUES ($1, $2, $3)", posting, BOOK.account_id(kind), fen)


async def test_what_does_not_balance_is_refused_at_commit(world: World) -> None:
    await world.grant(1000)
    with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
        await write(world, "p1", {Kind.BUDGET: -10, Kind.COMMITTED: 9})
    with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
        await write(world, "p2", {})
    assert await world.balances() == {"appropriation": -1000, "budget": 1000}


async def test_no_account_but_the_source_goes_below_zero(world: World) -> None:
    await world.grant(1000)
    with pytest.raises(asyncpg.CheckViolationError, match="no_negative_balance"):
        async with world.harness.room.tx() as tx:
            await ledger.post(tx, BOOK, [Move(Kind.BUDGET, Kind.COMMITTED, 1001)], ABOUT)
    async with world.harness.room.tx() as tx:
        # Through an account within one posting is no overdraft: only the net counts.
        moves = [Move(Kind.PAID, Kind.RETURNED, 5), Move(Kind.BUDGET, Kind.PAID, 5)]
        await ledger.post(tx, BOOK, moves, ABOUT)
    assert await world.balances() == {"appropriation": -1000, "budget": 995, "returned": 5}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET amount_fen = amount_fen * 2",
        "DELETE FROM entry",
        "TRUNCATE entry, posting CASCADE",
        "UPDATE posting SET memo = 'other'",
        "DELETE FROM posting",
        "UPDATE account SET balance_fen = balance_fen + 1 WHERE kind = 'budget'",
        "DELETE FROM account",
        "INSERT INTO account VALUES ('x', 'p', '539901', 2023, 'budget', 5)",
        "DELETE FROM payment",
    ],
)
async def test_nothing_is_changed_or_removed(world: World, statement: str) -> None:
    await world.ordered([line("sl1", 0)])
    before = await world.balances()
    with pytest.raises(asyncpg.PostgresError) as refused:
        async with world.harness.room.tx() as tx:
            await tx.execute(statement)
    assert refused.value.sqlstate in ("23001", "23503")
    assert await world.balances() == before


async def test_an_old_posting_takes_no_more_entries(world: World) -> None:
    await world.grant(1000)
    posting = await world.value("SELECT posting_id FROM posting")
    with pytest.raises(asyncpg.RestrictViolationError, match="earlier transaction"):
        async with world.harness.room.tx() as tx:
            await tx.execute(
                "INSERT INTO entry VALUES ($1, $2, -1), ($1, $3, 1)",
                posting,
                BOOK.account_id(Kind.PAID),
                BOOK.account_id(Kind.RETURNED),
            )


@pytest.mark.parametrize(
    "change",
    [
        "state = 'PAID'",
        "state = 'ACCEPTED'",
        "state = 'RETURNED'",
        "state = 'PLANNED'",
        "amount_fen = amount_fen + 1",
        "payee_id = 'other'",
        "attempt = 2",
    ],
)
async def test_a_committed_payment_makes_no_such_step(world: World, change: str) -> None:
    await world.ordered([line("sl1", 0)])
    with pytest.raises(asyncpg.RestrictViolationError):
        async with world.harness.room.tx() as tx:
            await tx.execute(f"UPDATE payment SET {change}")


async def test_postings_are_few_however_many_the_lines(world: World) -> None:
    await world.ordered([line("sl1", n) for n in range(50)])
    await world.finish()
    assert await world.states() == {"PAID": 50}
    kinds = [row["kind"] for row in await world.rows("SELECT kind FROM posting ORDER BY number")]
    assert kinds == ["grant", "reserve", "send", "result"]
    assert await world.value("SELECT count(*) FROM payment WHERE settled_posting IS NULL") == 0
