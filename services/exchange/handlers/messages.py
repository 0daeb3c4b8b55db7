"""Messages in become facts, each once, whatever the order of arrival."""

from contracts.application import Enrolment, EnrolmentsStated
from contracts.batch import BatchClosed, LinesStated, SetFrozen
from contracts.payment import PaymentFoundPaid, PaymentReturned, PaymentsStated
from kit import chunks
from kit.db import Tx
from services.exchange.domain import enrolment_body, enrolment_fact
from services.exchange.handlers.base import on
from services.exchange.handlers.feeding import feed_agencies
from services.exchange.store import facts


@on.complete(EnrolmentsStated)
async def enrolments_stated(message: EnrolmentsStated, tx: Tx) -> None:
    """Who came to draw a subsidy, on other terms, or no longer."""
    async for part in chunks.parts(tx, message.stream_id, message.revision):
        await _enrolments(tx, message, [Enrolment.model_validate(row) for row in part])
    tx.wake(feed_agencies)
    await chunks.forget(tx, message.stream_id, message.revision + 1)


async def _enrolments(tx: Tx, message: EnrolmentsStated, rows: list[Enrolment]) -> None:
    known = await facts.enrolments_before(tx, [one.enrolment_id for one in rows])
    new = []
    for one in rows:
        before = known.get(one.enrolment_id)
        if before is not None and before["rev"] >= one.rev:
            continue  # overtaken by a later act, whose fact has been told
        if name := enrolment_fact(before, one):
            new.append(
                facts.NewFact(
                    fact_id=facts.fact_id(one.enrolment_id, one.rev),
                    name=name,
                    project=message.project,
                    county=message.county,
                    township=one.township,
                    subject_id=one.subject_id,
                    ref=one.enrolment_id,
                    body=enrolment_body(name, one),
                )
            )
    await facts.keep_enrolments(tx, message, rows)
    await facts.add(tx, new)


@on.complete(LinesStated)
async def lines_stated(message: LinesStated, tx: Tx) -> None:
    """What payments are for; results that waited for it are told now."""
    await facts.keep_lines(tx, message)
    if await facts.tell_results(tx, [message.stream_id]):
        tx.wake(feed_agencies)


@on(SetFrozen)
async def set_frozen(message: SetFrozen, tx: Tx) -> None:
    """Which revisions are being paid."""
    await facts.keep_frozen(tx, message)
    if await facts.tell_results(tx, [one.slice_id for one in message.frozen]):
        tx.wake(feed_agencies)


@on.complete(PaymentsStated)
async def payments_stated(message: PaymentsStated, tx: Tx) -> None:
    """The bank's results: those that were paid."""
    async for part in chunks.parts(tx, message.stream_id, message.revision):
        paid = [row["line_id"] for row in part if row["state"] == "paid"]
        results = [(facts.fact_id("paid", message.order_id, one), one, "payment_made") for one in paid]
        await facts.keep_results(tx, message.slice_id, results)
    if await facts.tell_results(tx, [message.slice_id]):
        tx.wake(feed_agencies)
    await chunks.forget(tx, message.stream_id, message.revision + 1)


@on(PaymentFoundPaid)
async def payment_found_paid(message: PaymentFoundPaid, tx: Tx) -> None:
    """Money that had arrived although the bank reported it as failed: paid, as if it had been stated so."""
    fact = facts.fact_id("paid", message.order_id, message.line_id)
    await facts.keep_results(tx, message.slice_id, [(fact, message.line_id, "payment_made")])
    if await facts.tell_results(tx, [message.slice_id]):
        tx.wake(feed_agencies)


@on(PaymentReturned)
async def payment_returned(message: PaymentReturned, tx: Tx) -> None:
    """Money that came back. The bank's reason is not told."""
    fact = facts.fact_id("returned", message.payment_id, message.attempt, message.line_id)
    await facts.keep_results(tx, message.slice_id, [(fact, message.line_id, "payment_returned")])
    if await facts.tell_results(tx, [message.slice_id]):
        tx.wake(feed_agencies)


@on(BatchClosed)
async def batch_closed(message: BatchClosed, tx: Tx) -> None:
    """A batch is done, with its sums."""
    new = facts.NewFact(
        fact_id=facts.fact_id("closed", message.batch_id),
        name="batch_closed",
        project=message.project,
        county=message.county,
        body={"period": message.period, "paid": message.paid, "paid_fen": message.paid_fen},
    )
    await facts.add(tx, [new])
    tx.wake(feed_agencies)
