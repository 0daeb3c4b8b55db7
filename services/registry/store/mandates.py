"""Who may receive whose money: the head of a household, the person, or whoever holds a mandate valid that day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from contracts.registry import Basis, PayeeChanged, PayeePair
from kit.db import Tx
from services.registry.store import households


@dataclass(frozen=True, slots=True)
class Payee:
    """Who is paid on a day, and why."""

    payee_id: str
    basis: Basis
    valid_from: date | None = None
    valid_to: date | None = None


async def payee(tx: Tx, subject_id: str, project: str | None, on: date) -> Payee:
    """A mandate of the project before one for every project, the newest first; else the head; else the person."""
    row = await tx.fetchrow(
        "SELECT * FROM mandate WHERE subject_id = $1 AND project IN ('', $2) AND valid_from <= $3 "
        "AND (valid_to IS NULL OR valid_to >= $3) ORDER BY project DESC, rev DESC LIMIT 1",
        subject_id,
        project or "",
        on,
    )
    if row is not None:
        return Payee(row["payee_id"], Basis(row["basis"]), row["valid_from"], row["valid_to"])
    home = await households.homes(tx, [subject_id])
    return Payee(home[0].head_id, Basis.HOUSEHOLD_HEAD) if home else Payee(subject_id, Basis.SELF)


async def authorised(tx: Tx, project: str, on: date, pairs: Sequence[PayeePair]) -> list[bool]:
    """R12 in bulk, in the order asked: exactly whom `payee` names, for thousands at once."""
    rows = await tx.fetch(
        "SELECT coalesce((SELECT mandate.payee_id FROM mandate WHERE mandate.subject_id = pair.subject_id "
        "AND mandate.project IN ('', $3) AND mandate.valid_from <= $4 "
        "AND (mandate.valid_to IS NULL OR mandate.valid_to >= $4) "
        "ORDER BY mandate.project DESC, mandate.rev DESC LIMIT 1), household.head_id, pair.subject_id) "
        "= pair.payee_id AS ok "
        "FROM ROWS FROM (unnest($1::text[]), unnest($2::text[])) WITH ORDINALITY "
        "AS pair(subject_id, payee_id, place) LEFT JOIN household USING (subject_id) ORDER BY place",
        [pair.subject_id for pair in pairs],
        [pair.payee_id for pair in pairs],
        project,
        on,
    )
    return [row["ok"] for row in rows]


async def grant(
    tx: Tx,
    change_id: str,
    subject_id: str,
    project: str | None,
    payee_id: str,
    basis: Basis,
    valid_from: date,
    valid_to: date | None,
) -> None:
    """The approved payee, stated; newer than all former ones of the same beneficiary and project."""
    await tx.execute("SELECT pg_advisory_xact_lock(7204101, hashtext($1))", subject_id)
    rev = await tx.fetchval(
        "INSERT INTO mandate SELECT $1, $2, coalesce(max(rev), 0) + 1, $3, $4, $5, $6, $7 "
        "FROM mandate WHERE subject_id = $1 AND project = $2 RETURNING rev",
        subject_id,
        project or "",
        payee_id,
        basis.value,
        valid_from,
        valid_to,
        change_id,
    )
    tx.emit(
        PayeeChanged(
            subject_id=subject_id,
            project=project,
            payee_id=payee_id,
            basis=basis,
            valid_from=valid_from.isoformat(),
            valid_to=valid_to.isoformat() if valid_to else None,
            rev=rev,
        )
    )


async def follow_head(tx: Tx, change_id: str, subject_id: str, head_id: str, on: date) -> None:
    """Where the household's head is named as payee in so many words, the new head is from now on."""
    rows = await tx.fetch(
        "SELECT * FROM (SELECT DISTINCT ON (project) * FROM mandate WHERE subject_id = $1 "
        "ORDER BY project, rev DESC) AS newest WHERE basis = 'household_head' AND payee_id <> $2",
        subject_id,
        head_id,
    )
    for row in rows:
        last = row["valid_to"]
        if last is None or last >= on:
            first = max(on, row["valid_from"])
            await grant(
                tx, change_id, subject_id, row["project"] or None, head_id, Basis.HOUSEHOLD_HEAD, first, last
            )
