"""Changes of enrolments that one official proposes and another one decides."""

from collections.abc import Mapping
from typing import Any

from contracts.application import EnrolmentState
from kit import rows
from kit.db import Tx
from services.application.domain import CHANGEABLE, Act, state_after
from services.application.store import payees
from services.application.store.tables import EnrolmentChange
from services.application.store.views import Sight, Wanted, listed


class AlreadyProposed(Exception):
    """The enrolment has a proposal that nobody has decided yet."""


async def enrolment(tx: Tx, enrolment_id: str) -> dict[str, Any] | None:
    """An enrolment, taken until the commit."""
    row = await tx.fetchrow("SELECT * FROM enrolment WHERE enrolment_id = $1 FOR UPDATE", enrolment_id)
    return dict(row) if row else None


async def propose(tx: Tx, new: EnrolmentChange) -> None:
    """Insert a proposal. Raises AlreadyProposed."""
    kept = await tx.fetchval(
        "INSERT INTO enrolment_change SELECT * FROM jsonb_populate_record(NULL::enrolment_change, $1) "
        "ON CONFLICT (enrolment_id) WHERE state = 'proposed' DO NOTHING RETURNING true",
        new.model_dump(mode="json"),
    )
    if not kept:
        raise AlreadyProposed


async def one(tx: Tx, change_id: str) -> dict[str, Any] | None:
    """A proposal, taken until the commit."""
    row = await tx.fetchrow("SELECT * FROM enrolment_change WHERE change_id = $1 FOR UPDATE", change_id)
    return dict(row) if row else None


async def find(tx: Tx, sight: Sight, wanted: Wanted) -> list[dict[str, Any]]:
    """Proposals by id, at most `limit`."""
    return await listed(tx, "enrolment_change", "change_id", sight, wanted)


async def decide(tx: Tx, change_id: str, state: str, actor: str, note: str | None) -> None:
    """Note who decided, and how."""
    await tx.execute(
        "UPDATE enrolment_change SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5 "
        "WHERE change_id = $1",
        change_id,
        state,
        actor,
        tx.now,
        note,
    )


async def apply(tx: Tx, change: Mapping[str, Any], enrolment: Mapping[str, Any]) -> None:
    """What was approved holds; a stopped person may apply again."""
    act, before = Act(change["act"]), EnrolmentState(enrolment["state"])
    fields = dict(change["fields"])
    after = {name: fields.get(name, enrolment[name]) for name in CHANGEABLE}
    await tx.execute(
        "UPDATE enrolment SET state = $2, township = $3, village = $4, category = $5, quantity = $6, "
        "own_payee_id = $7, valid_to = $8, reason = $9, rev = rev + 1, updated_at = $10 "
        "WHERE enrolment_id = $1",
        enrolment["enrolment_id"],
        state_after(act, before).value,
        after["township"],
        after["village"],
        after["category"],
        after["quantity"],
        fields.get("payee_id", enrolment["own_payee_id"]),
        change["last_period"],
        None if act is Act.RESUME else change["reason"],
        tx.now,
    )
    await payees.follow(tx, enrolment_ids=[enrolment["enrolment_id"]])
    if act is Act.STOP:
        # Who moved applied in another township, whose rows the official who stops them does not reach.
        async with rows.left(tx.connection):
            await tx.execute(
                "UPDATE application SET live = false WHERE application_id = $1", enrolment["application_id"]
            )
