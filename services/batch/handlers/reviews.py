"""Reviewed hits (§4): two people lifted or confirmed what held a line."""

from contracts.verification import LineReviewed
from kit.db import Tx
from services.batch.domain.reviews import Consequence, consequence
from services.batch.handlers import standing
from services.batch.handlers.base import on
from services.batch.store import lines

ACTOR = "room:verification"
RECOVERY = "核查属实，支付后追回 (hit confirmed after the order: recovery)"
OTHER_PAYEE = "须变更领款人 (somebody else must be paid): "


@on(LineReviewed)
async def line_reviewed(message: LineReviewed, tx: Tx) -> None:
    """Lifted: the line goes on at its slice's next check. Confirmed: it leaves, or waits for another payee."""
    found = await standing.locked(tx, message.line_id)
    if found is None:
        return
    one, line = found
    match consequence(message.verdict, message.consequence, message.last_period, line.entitlement_period):
        case Consequence.GOES_ON:
            if one.state == "township":
                await lines.release(tx, line, ACTOR, message.reason)
        case Consequence.OTHER_PAYEE:
            if not await standing.ordered(tx, one, line):
                await lines.wait_for_payee(tx, line, ACTOR, OTHER_PAYEE + message.reason)
        case Consequence.LEAVES | Consequence.LEAVES_AND_ENDS as what:
            ends = what is Consequence.LEAVES_AND_ENDS
            await standing.not_owed(
                tx, one, line, message.reason, ACTOR, recovery=RECOVERY, ends_enrolment=ends
            )
