"""补发: proposed by one, approved by another; a line of its own entitlement period."""

from typing import Any

from contracts.application import EnrolmentState
from contracts.batch import LinesStated, SliceOpened
from kit.auth import Actor, Role
from kit.testing import official, only
from services.batch.tests.county import COUNTY_HANDLER, HANDLER, OTHER_TOWN, REVIEWER, TOWN, County
from services.batch.tests.test_carry_over import enrolment, state


def wanted(*applications: str, **more: Any) -> dict[str, Any]:
    basis = {"application_ids": list(applications), "entitlement_periods": ["202303", "202304"]}
    return basis | {"reason": "恢复后补发停发月份"} | more


async def propose(county: County, body: dict[str, Any], actor: Actor = HANDLER) -> Any:
    return await county.call(actor, "POST", f"/batches/{county.batch_id}/adjustments", json=body)


async def decide(county: County, adjustment_id: str, how: str, actor: Actor = REVIEWER) -> Any:
    return await county.call(actor, "POST", f"/adjustments/{adjustment_id}:{how}", json={"opinion": "同意"})


async def test_back_pay_needs_two_people_and_makes_a_slice_of_its_own(county: County) -> None:
    await state(county, enrolment("a"), enrolment("b", category="poor", quantity="2"))
    proposed = (await propose(county, wanted("a", "b"))).json()
    assert proposed["state"] == "proposed" and proposed["township"] == TOWN
    both = official(Role.TOWNSHIP_REVIEWER, TOWN, sub=HANDLER.sub)
    assert (await decide(county, proposed["adjustment_id"], "approve", both)).status_code == 403
    assert (await decide(county, proposed["adjustment_id"], "approve", HANDLER)).status_code == 403
    await county.room.emitted()
    assert (await decide(county, proposed["adjustment_id"], "approve")).status_code == 200
    sent = await county.room.emitted()
    opened = only(sent, SliceOpened)
    assert [(one.kind, one.lines, one.publicity_done) for one in opened] == [("adjustment", 2, False)] * 2
    lines = [row for part in only(sent, LinesStated) for row in part.rows]
    assert {(one.application_id, one.kind, one.entitlement_period, one.quantity) for one in lines} == {
        ("a", "back_pay", "202303", "1"),
        ("a", "back_pay", "202304", "1"),
        ("b", "back_pay", "202303", "2"),
        ("b", "back_pay", "202304", "2"),
    }
    assert (await decide(county, proposed["adjustment_id"], "approve")).status_code == 409
    (seen,) = await county.get(COUNTY_HANDLER, f"/batches/{county.batch_id}/adjustments")
    assert (seen["state"], seen["decided_by"], seen["opinion"]) == ("approved", REVIEWER.sub, "同意")
    # It is a submission like any other: checked, published, signed.
    first = opened[0]
    again = await county.cards(first.slice_id, await county.lines(first.slice_id), 1)
    await county.findings(first.slice_id, again, 2)
    await county.sign_slice(first.slice_id)
    assert (await county.get(HANDLER, f"/slices/{first.slice_id}"))["signed"] == ["township_review"]


async def test_the_same_back_pay_twice_is_refused_whole(county: County) -> None:
    await state(county, enrolment("a"), enrolment("b"))
    first = (await propose(county, wanted("a"))).json()["adjustment_id"]
    await decide(county, first, "approve")
    await county.room.emitted()
    twice = (await propose(county, wanted("a", "b"))).json()["adjustment_id"]
    assert (await decide(county, twice, "approve")).status_code == 409
    assert await county.room.emitted() == []
    assert (await decide(county, twice, "refuse")).json()["state"] == "refused"
    more = (await propose(county, wanted("a", installment=2))).json()["adjustment_id"]
    assert (await decide(county, more, "approve")).status_code == 200


async def test_what_cannot_be_back_paid(county: County) -> None:
    await state(
        county,
        enrolment("a"),
        enrolment("far", township=OTHER_TOWN),
        enrolment("new", state=EnrolmentState.PROPOSED),
        enrolment("dead", state=EnrolmentState.STOPPED, valid_to="202303"),
    )
    for body in (
        wanted("unknown"),
        wanted("a", "far"),
        wanted("new"),
        wanted("dead"),
        wanted("a", entitlement_periods=["202306"]),
        wanted("a", reason=""),
    ):
        assert (await propose(county, body)).status_code == 422, body
    assert (await propose(county, wanted("dead", entitlement_periods=["202303"]))).status_code == 201


async def test_another_townships_back_pay_is_hidden(county: County) -> None:
    await state(county, enrolment("a"))
    proposed = (await propose(county, wanted("a"))).json()["adjustment_id"]
    stranger = official(Role.TOWNSHIP_REVIEWER, OTHER_TOWN)
    assert (await decide(county, proposed, "approve", stranger)).status_code == 404
    assert await county.get(stranger, f"/batches/{county.batch_id}/adjustments") == []
    assert (await propose(county, wanted("a"), official(Role.TOWNSHIP_HANDLER, OTHER_TOWN))).status_code in (
        404,
        422,
    )
