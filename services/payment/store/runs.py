"""每日对账: which days of which accounts still wait for the bank's statement, and what the booked ones came to."""

from collections.abc import Sequence
from datetime import date, timedelta

from kit.db import Tx
from services.payment.domain.statements import Entry
from services.payment.store import reconciling, statements
from services.payment.store.statement_tables import ReconciliationRun
from services.payment.store.statements import Place


async def plan(tx: Tx) -> int:
    """Every day that is over, from an account's first order on, is due once; returns how many are new."""
    return await tx.execute(
        """
        INSERT INTO reconciliation_run (project, county, day, state, next_try_at)
        SELECT o.project, o.county, one.day::date, 'due', $2
          FROM (SELECT project, county, min((issued_at AT TIME ZONE INTERVAL '+08:00')::date) AS first
                  FROM payment_order GROUP BY 1, 2) AS o
         CROSS JOIN LATERAL generate_series(
                coalesce((SELECT max(day) + 1 FROM reconciliation_run AS r
                           WHERE (r.project, r.county) = (o.project, o.county)), o.first),
                $1::date - 1, INTERVAL '1 day') AS one(day)
            ON CONFLICT DO NOTHING
        """,
        tx.today,
        tx.wall,
    )


async def due(tx: Tx) -> ReconciliationRun | None:
    """The next day to ask the bank about."""
    row = await tx.fetchrow(
        "SELECT * FROM reconciliation_run WHERE state = 'due' AND next_try_at <= $1 "
        "ORDER BY next_try_at, day, project, county LIMIT 1",
        tx.wall,
    )
    return ReconciliationRun(**dict(row)) if row else None


async def find(tx: Tx, place: Place, day: date) -> ReconciliationRun | None:
    """A day's run; None while the day is not over, or before the account's first order."""
    row = await tx.fetchrow(
        "SELECT * FROM reconciliation_run WHERE (project, county, day) = ($1, $2, $3)", *place, day
    )
    return ReconciliationRun(**dict(row)) if row else None


async def retry_later(tx: Tx, one: ReconciliationRun, why: str, seconds: float) -> None:
    """Nothing usable came: ask again after so many seconds of wall time."""
    await tx.execute(
        "UPDATE reconciliation_run SET tries = tries + 1, why = $4, next_try_at = $5 "
        "WHERE (project, county, day) = ($1, $2, $3) AND state = 'due'",
        one.project,
        one.county,
        one.day,
        why[:40],
        tx.wall + timedelta(seconds=seconds),
    )


async def book(tx: Tx, one: ReconciliationRun, entries: Sequence[Entry], sha256: str) -> None:
    """Keep the day's statement as any other door does, and what the day then came to."""
    place = Place(one.project, one.county)
    await statements.keep(tx, place, one.day, entries, sha256, "bank")
    moved = entries or await tx.fetchval(
        "SELECT EXISTS (SELECT FROM posting WHERE (project, county, business_day) = ($1, $2, $3))",
        *place,
        one.day,
    )
    found = await reconciling.of_day(tx, place, one.day) if moved else None
    differences = reconciling.differences(found) if found else {}
    booked = await tx.execute(
        "UPDATE reconciliation_run SET state = $4, why = NULL, entries = $5, matched = $6, suspended = $7, "
        "suspended_fen = $8, agrees = $9, differences = $10, booked_at = $11 "
        "WHERE (project, county, day) = ($1, $2, $3) AND state = 'due'",
        *place,
        one.day,
        "done" if found else "quiet",
        len(entries),
        found["matched"] if found else 0,
        found["suspended"] if found else 0,
        found["suspended_fen"] if found else 0,
        found["agrees"] if found else True,
        differences,
        tx.now,
    )
    if booked and found:
        tx.audit(
            "payment.reconcile_day",
            f"account:{one.project}:{one.county}:{one.day}",
            "payment",
            entries=len(entries),
            agrees=found["agrees"],
        )
