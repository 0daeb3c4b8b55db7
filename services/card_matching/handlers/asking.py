"""Asking the agency, part by part, until everybody is settled. Safe to stop at any point.

A part's request never changes, so repeating it is answered from the agency's own record. Results count only once
the registry has the accounts. Calls that fail cost time; only answers without a result count against a person.
"""

import asyncio
from typing import Any

from kit.crashpoint import crashpoint
from kit.ids import named_id
from kit.service import Room
from services.card_matching import domain, ports
from services.card_matching.domain import Answer, Unbelievable
from services.card_matching.handlers.door import on
from services.card_matching.handlers.stating import state_rechecks, state_results
from services.card_matching.ports import AgencyRefused, AgencyUnavailable, Asked
from services.card_matching.store import requests

AT_ONCE = 4
"""Requests to the agency at the same time."""


@on.worker(every=0.5)
async def ask_agency(room: Room) -> bool:
    """Send the requests that are due. Raises when the registry is out: the work stays due."""
    async with room.tx() as tx:
        due = await requests.due(tx, AT_ONCE)
    outcomes = await asyncio.gather(*(_ask(room, part) for part in due), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return bool(due)


async def _ask(room: Room, part: Any) -> None:
    async with room.tx() as tx:
        payees = await requests.persons(tx, part)
    known = await ports.identities(room, payees)
    persons = [Asked(payee, _ref(part, payee), *known[payee]) for payee in payees if payee in known]
    settled = {payee: Answer("abnormal", domain.NOT_REGISTERED) for payee in payees if payee not in known}
    try:
        settled |= await _answers(room, part, persons) if persons else {}
    except AgencyUnavailable as away:
        async with room.tx() as tx:
            await requests.later(tx, part, domain.wait_seconds(part["tries"], away.retry_after))
        return
    except AgencyRefused as refused:
        if refused.status == 409 or len(persons) > 1:
            # A used request id gets a new one; what else was refused is halved until it is one person.
            async with room.tx() as tx:
                await requests.divide(tx, part, 1 if refused.status == 409 else 2)
            return
        settled[persons[0].payee_id] = Answer("abnormal", domain.REFUSED)
    crashpoint("card_matching.before_accounts")
    await ports.put_accounts(room, {payee: one.account for payee, one in settled.items() if one.account})
    crashpoint("card_matching.after_accounts")
    async with room.tx() as tx:
        if await requests.record(tx, part, settled):
            tx.wake(state_results)
            tx.wake(state_rechecks)


def _ref(part: Any, payee_id: str) -> str:
    """A mark that means nothing outside this match: the agency learns no id of ours."""
    return named_id("card-person", part["match_id"], payee_id)


async def _answers(room: Room, part: Any, persons: list[Asked]) -> dict[str, Answer]:
    """What the agency says, by payee; nothing at all when its reply can't be believed."""
    request_id = named_id("card-request", part["match_id"], part["part"])
    crashpoint("card_matching.before_agency")
    try:
        body = await ports.ask(room, part["operation"], request_id, persons)
        crashpoint("card_matching.after_agency")
        found = domain.read_reply(body, {one.ref: one.name for one in persons})
    except Unbelievable:
        return {}
    return {one.payee_id: found[one.ref] for one in persons if one.ref in found}
