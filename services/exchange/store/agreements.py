"""Agencies and agreements: who may have what, and how much of a limit is used."""

from datetime import datetime, timedelta

from kit.db import Tx
from services.exchange.domain import AgreementState, Filter, in_force
from services.exchange.store.tables import Agency, Agreement


async def agency(tx: Tx, code: str) -> Agency | None:
    """One agency."""
    row = await tx.fetchrow("SELECT * FROM agency WHERE code = $1", code)
    return Agency(**row) if row else None


async def agencies(tx: Tx) -> list[Agency]:
    """All agencies, by code."""
    return [Agency(**row) for row in await tx.fetch("SELECT * FROM agency ORDER BY code")]


async def find(tx: Tx, agreement_id: str, *, lock: bool = False) -> Agreement | None:
    """One agreement."""
    row = await tx.fetchrow(
        f"SELECT * FROM agreement WHERE agreement_id = $1{' FOR UPDATE' if lock else ''}", agreement_id
    )
    return Agreement(**row) if row else None


async def listed(tx: Tx, code: str | None = None) -> list[Agreement]:
    """Agreements, the latest first."""
    rows = await tx.fetch(
        "SELECT * FROM agreement WHERE $1::text IS NULL OR agency = $1 ORDER BY opened_at DESC, agreement_id",
        code,
    )
    return [Agreement(**row) for row in rows]


async def active(tx: Tx, code: str, *, lock: bool = False) -> Agreement | None:
    """The agency's agreement that counts today; None when there is none (any more)."""
    row = await tx.fetchrow(
        f"SELECT * FROM agreement WHERE agency = $1 AND state = 'active'{' FOR UPDATE' if lock else ''}", code
    )
    if row is None or not in_force(row["state"], row["valid_from"], row["valid_to"], tx.today):
        return None
    return Agreement(**row)


async def all_active(tx: Tx) -> list[Agreement]:
    """Every agreement that counts today."""
    rows = await tx.fetch("SELECT * FROM agreement WHERE state = 'active' ORDER BY agency")
    return [
        Agreement(**row)
        for row in rows
        if in_force(row["state"], row["valid_from"], row["valid_to"], tx.today)
    ]


def filter_of(one: Agreement) -> Filter:
    """What the agreement lets through."""
    return Filter(one.types, one.projects, one.regions)


async def save_decision(tx: Tx, one: Agreement) -> None:
    """Write back state, who decided or revoked, and why."""
    await tx.execute(
        "UPDATE agreement SET state = $2, decided_by = $3, decided_at = $4, revoked_by = $5, revoked_at = $6, "
        "reason = $7 WHERE agreement_id = $1",
        one.agreement_id, one.state, one.decided_by, one.decided_at, one.revoked_by, one.revoked_at, one.reason,
    )  # fmt: skip


async def silence(tx: Tx, code: str, topic: str) -> int:
    """At revocation: end every subscription and take back what has not left yet. Returns how many events."""
    await tx.execute(
        "UPDATE subscription SET state = 'ended', secret_sealed = CASE channel WHEN 'webhook' THEN ''::bytea END, "
        "former_sealed = NULL WHERE agency = $1 AND state <> 'ended'",
        code,
    )
    await tx.execute("UPDATE replay SET done_at = $2 WHERE agency = $1 AND done_at IS NULL", code, tx.wall)
    await tx.execute("DELETE FROM token WHERE agency = $1", code)
    return await tx.execute(
        "DELETE FROM pending USING outbox WHERE pending.seq = outbox.seq AND outbox.topic = $1", topic
    )


async def spend(tx: Tx, code: str, what: str, since: datetime, amount: int, limit: int) -> bool:
    """Use some of a limit in the window that begins at `since`; False (and nothing used) when it is not left."""
    used = await tx.fetchval(
        "INSERT INTO usage AS kept VALUES ($1, $2, $3, $4) ON CONFLICT (agency, what, since) "
        "DO UPDATE SET used = kept.used + excluded.used RETURNING used",
        code,
        what,
        since,
        amount,
    )
    if used > limit:
        await tx.execute(
            "UPDATE usage SET used = used - $4 WHERE agency = $1 AND what = $2 AND since = $3",
            code,
            what,
            since,
            amount,
        )
        return False
    await tx.execute(
        "DELETE FROM usage WHERE agency = $1 AND what = $2 AND since < $3",
        code,
        what,
        since - timedelta(days=2),
    )
    return True


def decidable(one: Agreement) -> bool:
    """Whether somebody may still approve or refuse it."""
    return one.state == AgreementState.PROPOSED
