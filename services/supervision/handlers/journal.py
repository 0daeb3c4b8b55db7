"""What happens elsewhere becomes steps of timelines, a whole poll at once."""

from collections.abc import Sequence

from contracts.application import EnrolmentsStated
from contracts.payment import PaymentsStated, RecoveryChanged
from contracts.verification import EligibilityRefused
from kit import chunks
from kit.db import Tx
from kit.handlers import Incoming
from services.supervision.domain.journal import ENTRIES, entry, rule_of
from services.supervision.handlers.base import happened, on
from services.supervision.store import interceptions, money, places, steps


@on.together(*ENTRIES)
async def journal(messages: Sequence[Incoming], tx: Tx) -> None:
    """Keep where things belong, and one step per event."""
    await places.keep(tx, [message for message, _ in messages])
    await steps.write(
        tx, [(envelope.id, happened(envelope, tx), entry(message)) for message, envelope in messages]
    )


@on(EligibilityRefused)
async def eligibility_refused(message: EligibilityRefused, tx: Tx) -> None:
    """Intercepted at entry (M59): a step of the application, and one interception per rule."""
    assert tx.cause is not None
    rules = sorted({rule_of(reason) for reason in message.reasons})
    at = happened(tx.cause, tx)
    step = ("application", message.application_id, "资格校验", "拦截 (intercepted)", {"rules": rules})
    await steps.write(tx, [(tx.cause.id, at, step)])
    await interceptions.of_application(tx, message.application_id, rules, at)


@on(RecoveryChanged)
async def recovery_changed(message: RecoveryChanged, tx: Tx) -> None:
    """追回 of a paid line moved on."""
    assert tx.cause is not None
    await money.keep_recovery(tx, message)
    step = ("line", message.line_id, "追回", "追回进展 (recovery)", {"state": message.state})
    await steps.write(tx, [(tx.cause.id, happened(tx.cause, tx), step)])


@on.complete(EnrolmentsStated)
async def enrolments_stated(message: EnrolmentsStated, tx: Tx) -> None:
    """待定, 在享, 暂停, 停发: a step of each application, in one statement."""
    await steps.of_enrolments(tx, message, happened(tx.cause, tx))
    await chunks.forget(tx, message.stream_id, message.revision + 1)


@on.complete(PaymentsStated)
async def payments_stated(message: PaymentsStated, tx: Tx) -> None:
    """The bank's results of a slice, in one statement; the parts are dropped once read."""
    await money.keep_results(tx, message, happened(tx.cause, tx))
    await chunks.forget(tx, message.stream_id, message.revision + 1)
