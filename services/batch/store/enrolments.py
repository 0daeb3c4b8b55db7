"""What `application` states of enrolments and `registry` of payees and households; the newest fact wins."""

from datetime import date

from contracts.application import EnrolmentsStated
from contracts.registry import HouseholdChanged, PayeeChanged
from kit.db import Tx


async def keep(tx: Tx, stated: EnrolmentsStated) -> list[str]:
    """Keep all enrolments of a statement; returns the applications whose enrolment changed."""
    rows = await tx.fetch(
        """
        INSERT INTO enrolment
        SELECT e.enrolment_id, e.application_id, e.rev, $3, $4, e.township, e.village, e.subject_id, e.payee_id,
               e.category, coalesce(e.quantity, '1'), e.state, e.valid_from, e.valid_to, e.reason
          FROM chunk_rows($1, $2) AS row, jsonb_to_record(row) AS e(
               enrolment_id text, application_id text, rev int, township text, village text, subject_id text,
               payee_id text, category text, quantity text, state text, valid_from text, valid_to text,
               reason text)
         ORDER BY e.enrolment_id
        ON CONFLICT (enrolment_id) DO UPDATE SET
               rev = EXCLUDED.rev, township = EXCLUDED.township, village = EXCLUDED.village,
               subject_id = EXCLUDED.subject_id, payee_id = EXCLUDED.payee_id, category = EXCLUDED.category,
               quantity = EXCLUDED.quantity, state = EXCLUDED.state, valid_from = EXCLUDED.valid_from,
               valid_to = EXCLUDED.valid_to, reason = EXCLUDED.reason
         WHERE enrolment.rev < EXCLUDED.rev
        RETURNING application_id
        """,
        stated.stream_id,
        stated.revision,
        stated.project,
        stated.county,
    )
    return [row["application_id"] for row in rows]


async def keep_payee(tx: Tx, one: PayeeChanged) -> None:
    """Keep an approved payee; former ones stay, each with its days."""
    await tx.execute(
        "INSERT INTO payee VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        one.subject_id,
        one.project or "",
        one.rev,
        one.payee_id,
        date.fromisoformat(one.valid_from),
        date.fromisoformat(one.valid_to) if one.valid_to else None,
    )


async def keep_household(tx: Tx, one: HouseholdChanged) -> None:
    """Keep who heads a household from a day on."""
    await tx.execute(
        "INSERT INTO household VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        one.household_id,
        one.rev,
        one.subject_id,
        one.head_id,
        date.fromisoformat(one.effective_on),
    )
