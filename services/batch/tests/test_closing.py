"""批次归档: only when everything has come to its end; money that comes back reopens."""

from typing import Any

from contracts.batch import BatchClosed, CloseSet
from kit.auth import Role
from kit.testing import official, only
from services.batch.tests.county import COUNTY_HANDLER, HANDLER, TOWN, County
from services.batch.tests.test_carry_over import enrolment, state
from services.batch.tests.test_reissues import paid, returned


async def close(county: County, **body: Any) -> Any:
    options = {"json": body} if body else {}
    return await county.call(COUNTY_HANDLER, "POST", f"/batches/{county.batch_id}:close", **options)


async def test_a_batch_with_work_in_it_stays_open_and_says_why(county: County) -> None:
    await county.arrived(2)
    set_id = await county.signed_set()
    await county.submit(1)
    answer = await close(county)
    assert answer.status_code == 409
    assert answer.json()["open"] == {"normal": 2, "processing": 1, "set_open": 1}
    await county.freeze(set_id)
    assert (await close(county)).json()["open"]["set_frozen"] == 1


async def test_a_paid_batch_is_closed_and_takes_nothing_more(county: County) -> None:
    await paid(county, 2)
    await county.room.emitted()
    answer = await close(county)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["paid"], answer.json()["closed_by"]) == (2, COUNTY_HANDLER.sub)
    (closed,) = only(await county.room.emitted(), BatchClosed)
    assert (closed.paid, closed.paid_fen) == (2, 10_000)
    assert (await close(county)).status_code == 409
    await county.list_applications(1)
    path = f"/batches/{county.batch_id}/slices"
    assert (await county.call(HANDLER, "POST", path, json={"township": TOWN})).status_code == 409


async def test_who_was_not_confirmed_is_left_only_when_that_is_said(county: County) -> None:
    await paid(county, 1)
    await state(county, enrolment("forgotten"))
    assert (await close(county)).json()["open"] == {"unconfirmed": 1}
    assert (await close(county, leave_unconfirmed=True)).status_code == 200
    found = await county.get(HANDLER, f"/batches/{county.batch_id}/carry-over")
    assert (found["open"], [one["state"] for one in found["rows"]]) == (0, ["refused"])


async def test_money_that_comes_back_reopens_the_batch(county: County) -> None:
    slice_id, lines, _ = await paid(county, 1)
    assert (await close(county)).status_code == 200
    await county.room.deliver(returned(slice_id, lines[0].line_id))
    answer = await close(county)
    assert (answer.status_code, answer.json()["open"]) == (409, {"abnormal": 1})
    await county.room.emitted()


async def test_only_the_countys_handler_closes(county: County) -> None:
    for actor, status in (
        (HANDLER, 403),
        (official(Role.COUNTY_REVIEWER, "539901"), 403),
        (official(Role.COUNTY_HANDLER, "539902"), 404),
    ):
        answer = await county.call(actor, "POST", f"/batches/{county.batch_id}:close")
        assert answer.status_code == status


async def test_closing_counts_what_the_sets_say(county: County) -> None:
    slice_id, _ = await county.arrived(2)
    set_id = await county.signed_set()
    await county.freeze(set_id)
    order = await county.pay(set_id, failed=[(await county.lines(slice_id))[0].line_id])
    await county.room.deliver(CloseSet(set_id=set_id, order_id=order))
    assert (await close(county)).json()["open"] == {"abnormal": 1}
