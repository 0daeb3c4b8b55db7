"""Who is paid for an enrolment: a mandate valid today, else the head of a household, else whom the line named."""

from collections.abc import Sequence

from contracts.registry import HouseholdChanged, PayeeChanged
from kit.db import Tx

_TODAYS = (
    "SELECT DISTINCT ON (enrolment.enrolment_id) enrolment.enrolment_id, mandate.payee_id "
    "FROM enrolment JOIN mandate ON mandate.subject_id = enrolment.subject_id "
    "AND mandate.project IN ('', enrolment.project) "
    "AND mandate.valid_from <= $1 AND (mandate.valid_to IS NULL OR mandate.valid_to >= $1) "
    "ORDER BY enrolment.enrolment_id, mandate.project DESC, mandate.rev DESC"
)
"""The newest mandate of the day; one for the project goes before one for every project."""


async def keep_mandate(tx: Tx, changed: PayeeChanged) -> None:
    """Note what the registry's two officials approved."""
    await tx.execute(
        "INSERT INTO mandate (subject_id, project, rev, payee_id, valid_from, valid_to) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        changed.subject_id,
        changed.project or "",
        changed.rev,
        changed.payee_id,
        changed.valid_from,
        changed.valid_to,
    )


async def keep_head(tx: Tx, changed: HouseholdChanged) -> None:
    """The household's head is whom its enrolments are paid to; an older statement changes nothing."""
    newer = await tx.fetchval(
        "INSERT INTO household VALUES ($1, $2, $3) ON CONFLICT (subject_id) DO UPDATE "
        "SET head_id = excluded.head_id, rev = excluded.rev WHERE household.rev < excluded.rev RETURNING true",
        changed.subject_id,
        changed.head_id,
        changed.rev,
    )
    if newer:
        await tx.execute(
            "UPDATE enrolment SET own_payee_id = $2 WHERE subject_id = $1 AND own_payee_id <> $2 "
            "AND state IN ('proposed', 'active', 'suspended')",
            changed.subject_id,
            changed.head_id,
        )


async def follow(
    tx: Tx, *, subject_id: str | None = None, enrolment_ids: Sequence[str] | None = None
) -> list[str]:
    """Bring living enrolments' payees to what holds today, also back when a mandate has run out.

    Of one subject, of some enrolments, or of all. Returns the ids of those changed.
    """
    rows = await tx.fetch(
        f"WITH today AS ({_TODAYS}) "
        "UPDATE enrolment SET payee_id = coalesce(today.payee_id, enrolment.own_payee_id), rev = enrolment.rev + 1, "
        "updated_at = $4 FROM enrolment AS same LEFT JOIN today USING (enrolment_id) "
        "WHERE same.enrolment_id = enrolment.enrolment_id AND enrolment.enrolment_id IN "
        "(SELECT enrolment_id FROM today UNION SELECT enrolment_id FROM enrolment "
        "WHERE payee_id <> own_payee_id) "
        "AND enrolment.payee_id <> coalesce(today.payee_id, enrolment.own_payee_id) "
        "AND enrolment.state IN ('proposed', 'active', 'suspended') "
        "AND ($2::text IS NULL OR enrolment.subject_id = $2) "
        "AND ($3::text[] IS NULL OR enrolment.enrolment_id = ANY($3)) RETURNING enrolment.enrolment_id",
        tx.today.isoformat(),
        subject_id,
        list(enrolment_ids) if enrolment_ids is not None else None,
        tx.now,
    )
    return [row["enrolment_id"] for row in rows]


async def may_receive(tx: Tx, subject_id: str, project: str, payee_id: str) -> bool:
    """Whether the registry has said that this person may receive the beneficiary's money today (R12)."""
    if payee_id == subject_id:
        return not await tx.fetchval("SELECT true FROM household WHERE subject_id = $1", subject_id)
    return bool(
        await tx.fetchval(
            "SELECT true FROM household WHERE subject_id = $1 AND head_id = $2 UNION ALL "
            "SELECT true FROM mandate WHERE subject_id = $1 AND payee_id = $2 AND project IN ('', $3) "
            "AND valid_from <= $4 AND (valid_to IS NULL OR valid_to >= $4) LIMIT 1",
            subject_id,
            payee_id,
            project,
            tx.today.isoformat(),
        )
    )
