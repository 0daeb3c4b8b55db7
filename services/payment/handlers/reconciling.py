"""每日对账 by itself: the day after, the bank's statement of every account is fetched and booked, once.

A person may fetch or upload the same statement before or after: an entry counts once in whatever statement it comes.
"""

import logging

from kit.crashpoint import crashpoint
from kit.service import Room
from services.payment import ports
from services.payment.domain.results import Refused
from services.payment.domain.statements import Entry, check
from services.payment.handlers.door import backoff, on
from services.payment.ports import BankRefused, BankUnavailable
from services.payment.store import projects, runs

log = logging.getLogger("daohu.payment")


@on.worker(every=5.0)
async def reconcile_days(room: Room) -> bool:
    """Book the next day that is over; what the bank has not stated yet is asked for again, ever more slowly."""
    async with room.tx() as tx:
        await runs.plan(tx)
        one = await runs.due(tx)
        if one is None:
            return False
        terms = await projects.terms(tx, one.project, one.county)
    crashpoint("payment.before_statement")
    try:
        found = await ports.bank_of(room).statement(terms.payer_account, one.day)
        entries = check([Entry(**entry) for entry in found.entries])
    except (BankUnavailable, BankRefused, Refused) as failure:
        out = isinstance(failure, BankUnavailable)
        why = "unavailable" if isinstance(failure, BankUnavailable) else failure.code
        async with room.tx() as tx:
            await runs.retry_later(tx, one, why, backoff(one.tries))
        log.info("no statement of %s for %s %s: %s", one.day, one.project, one.county, why)
        return not out  # a bank that is out is out for the other days as well
    crashpoint("payment.after_statement")
    async with room.tx() as tx:
        await runs.book(tx, one, entries, found.sha256)
    return True
