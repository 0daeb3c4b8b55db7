"""The county's part: sets, signatures, returns, the freeze before the order, the close after the bank."""

from contracts.batch import (
    AmountsConfirmed,
    CloseSet,
    ConfirmAmounts,
    LineExcluded,
    LineState,
    ReturnSlices,
    SetClosed,
    SetFrozen,
    SetSigned,
    SignatureRefused,
    SliceOpened,
    SliceReturned,
    SliceRevision,
    SliceSettled,
    SlicesReturned,
)
from contracts.grievance import ObjectionAccepted
from contracts.manifest import slice_root
from kit.ids import new_id
from kit.testing import Sent, only
from services.batch.tests.county import (
    COUNTY_HANDLER,
    COUNTY_REVIEWER,
    FINANCE,
    HANDLER,
    OTHER_TOWN,
    REVIEWER,
    County,
    revisions,
)


async def back(county: County, set_id: str, slice_ids: list[str], target: str) -> list[Sent]:
    command = ReturnSlices(
        set_id=set_id, slice_ids=slice_ids, target=target, return_reason="材料不全", actor=COUNTY_HANDLER.sub
    )
    return await county.room.deliver(command, id=new_id())


async def test_silent_townships_block_nobody(county: County) -> None:
    towns = [one.code for one in county.room.room.regions.children("539901")]
    *talking, silent = [*towns, *towns, *towns][:18]
    assert len(talking) == 17
    handed = [await county.arrived(1, township=one) for one in talking]
    waiting, _ = await county.verified(1, township=silent)
    set_id = await county.signed_set()
    assert {one.slice_id for one in await county.members(set_id)} == {slice_id for slice_id, _ in handed}
    (frozen,) = only(await county.freeze(set_id), SetFrozen)
    assert (frozen.payable_lines, frozen.payable_fen) == (len(talking), len(talking) * 5000)
    one = (await county.get(COUNTY_HANDLER, f"/slices/{handed[0][0]}/lines"))[0]
    proof = await county.get(COUNTY_HANDLER, f"/lines/{one['line_id']}/proof")
    assert {node["node"] for node in proof["nodes"]} == {
        "township_review",
        "department_review",
        "finance_review",
    }
    order = await county.pay(set_id)
    sent = await county.room.deliver(CloseSet(set_id=set_id, order_id=order))
    assert only(sent, SetClosed) == [SetClosed(set_id=set_id, paid=len(talking), failed=0)]
    answered = {one.message.key: one.cause for one in sent if isinstance(one.message, SliceSettled)}
    assert answered == dict(handed)
    left = await county.get(COUNTY_HANDLER, f"/slices/{waiting}")
    assert (left["state"], left["set_id"]) == ("township", None)


async def test_a_set_is_offered_for_review_only_with_all_its_amounts(county: County) -> None:
    await county.arrived(2)
    await county.arrived(1, township=OTHER_TOWN)
    set_id = await county.open_set()
    unpriced = await county.members(set_id)
    priced = [SliceRevision(slice_id=one.slice_id, revision=one.revision + 1) for one in unpriced]
    early = await county.room.deliver(ConfirmAmounts(set_id=set_id, slices=priced), id="confirm")
    assert only(early, AmountsConfirmed) == []
    await county.room.emitted()
    await county.price(set_id)
    async with county.room.room.tx() as tx:
        stated = await tx.fetch("SELECT cause FROM outbox WHERE type = $1", AmountsConfirmed.TYPE)
        assert [row["cause"] for row in stated] == ["confirm"]
        body = await tx.fetchval("SELECT body FROM outbox WHERE type = $1", AmountsConfirmed.TYPE)
    assert AmountsConfirmed.model_validate_json(body).priced_fen == 15000


async def test_a_set_is_signed_under_one_root(county: County) -> None:
    await county.arrived(2)
    await county.arrived(3, township=OTHER_TOWN)
    set_id = await county.open_set()
    await county.price(set_id)
    (signed,) = only(await county.sign_set(set_id, "department_review"), SetSigned)
    assert (signed.signed_lines, signed.approved_fen) == (5, 25_000)
    manifest = await county.get(COUNTY_REVIEWER, f"/sets/{set_id}/manifest")
    assert manifest["root"] == signed.root == manifest["signed"]["root"]
    for one in manifest["slices"]:
        assert one["root"] == slice_root(await county.lines(one["slice_id"]))


async def test_a_set_is_not_signed_by_its_makers_nor_unseen(county: County) -> None:
    await county.arrived(2)
    set_id = await county.open_set()
    await county.price(set_id)
    for maker in (COUNTY_HANDLER.sub, HANDLER.sub, REVIEWER.sub):
        (refused,) = only(await county.sign_set(set_id, "department_review", actor=maker), SignatureRefused)
        assert "maker and checker" in refused.refusal and refused.subject_key == set_id
    (refused,) = only(await county.sign_set(set_id, "department_review", root="0" * 64), SignatureRefused)
    assert "no longer the one" in refused.refusal
    await county.sign_set(set_id, "department_review")
    (refused,) = only(
        await county.sign_set(set_id, "finance_review", actor=COUNTY_REVIEWER.sub), SignatureRefused
    )
    assert "maker and checker" in refused.refusal


async def test_lines_without_amount_are_not_signed(county: County) -> None:
    slice_id, _ = await county.arrived(2)
    set_id = await county.open_set()
    (refused,) = only(await county.sign_set(set_id, "department_review"), SignatureRefused)
    assert "no normal line" in refused.refusal
    assert (await county.get(COUNTY_HANDLER, f"/slices/{slice_id}"))["counters"]["total_fen"] is None


async def test_a_returned_slice_leaves_and_its_township_hears(county: County) -> None:
    bad, command = await county.arrived(2)
    good, _ = await county.arrived(3, township=OTHER_TOWN)
    set_id = await county.open_set()
    await county.price(set_id)
    sent = await back(county, set_id, [bad], "township_handler")
    assert [one.cause for one in sent if isinstance(one.message, SliceReturned)] == [command]
    (returned,) = only(sent, SliceReturned)
    assert (returned.revision, returned.target) == (5, "township_handler")
    (answer,) = only(sent, SlicesReturned)
    assert ([one.slice_id for one in answer.slices], answer.remaining) == ([good], 1)
    assert {one.amount_fen for one in revisions(sent)[(bad, 5)]} == {None}
    detail = await county.get(COUNTY_HANDLER, f"/slices/{bad}")
    assert (detail["state"], detail["set_id"], detail["signed"]) == ("township", None, [])
    stay = {
        one["slice_id"]: one["left_for"] for one in (await county.get(FINANCE, f"/sets/{set_id}"))["stays"]
    }
    assert stay == {bad: "township_handler", good: None}
    # It is signed and handed over anew, and joins a later set.
    await county.sign_slice(bad, 5)
    await county.hand_over(bad, 5)
    assert [one.slice_id for one in await county.members(await county.open_set())] == [bad]


async def test_a_slice_left_for_a_later_set_stays_at_the_county(county: County) -> None:
    slow, command = await county.arrived(1)
    await county.arrived(1, township=OTHER_TOWN)
    set_id = await county.open_set()
    await county.price(set_id)
    await county.sign_set(set_id, "department_review")
    sent = await back(county, set_id, [slow], "later_set")
    assert only(sent, SliceReturned) == []
    (signed,) = only(await county.sign_set(set_id, "finance_review"), SetSigned)
    assert signed.signed_lines == 1
    assert (await county.get(COUNTY_HANDLER, f"/slices/{slow}"))["signed"] == ["township_review"]
    later = await county.signed_set(slow)
    (frozen,) = only(await county.freeze(later), SetFrozen)
    assert [one.slice_id for one in frozen.frozen] == [slow]
    order = await county.pay(later)
    sent = await county.room.deliver(CloseSet(set_id=later, order_id=order))
    assert [one.cause for one in sent if isinstance(one.message, SliceSettled)] == [command]


async def test_a_set_without_slices_ends(county: County) -> None:
    slice_id, _ = await county.arrived(1)
    set_id = await county.open_set()
    (answer,) = only(await back(county, set_id, [slice_id], "township_review"), SlicesReturned)
    assert answer.remaining == 0
    assert (await county.get(FINANCE, f"/sets/{set_id}"))["state"] == "ended"


async def test_a_hit_before_the_file_leaves_after_all_signatures(county: County) -> None:
    slice_id, _ = await county.arrived(3)
    set_id = await county.signed_set()
    root = await county.root(f"slices/{slice_id}", "finance_review")
    dead = (await county.lines(slice_id))[0].line_id
    sent = await county.freeze(set_id, {dead: "hold"})
    (left,) = only(sent, LineExcluded)
    (second,) = only(sent, SliceOpened)
    (frozen,) = only(sent, SetFrozen)
    assert (left.line_id, left.ends_enrolment, left.moved_to) == (dead, False, second.slice_id)
    assert (frozen.payable_lines, frozen.payable_fen) == (2, 10_000)
    (one,) = frozen.frozen
    assert (one.root, one.exclusions_at_signing, one.exclusions) == (root, 0, 1)
    (held,) = await county.lines(second.slice_id)
    assert (held.state, held.reason, held.amount_fen) == (LineState.HELD, "R04 死亡", None)


async def test_an_objection_between_the_signature_and_the_freeze_is_not_paid(county: County) -> None:
    slice_id, _ = await county.arrived(2)
    set_id = await county.signed_set()
    line = (await county.lines(slice_id))[0]
    await county.room.deliver(ObjectionAccepted(objection_id="o1", slice_id=slice_id, line_id=line.line_id))
    (frozen,) = only(await county.freeze(set_id), SetFrozen)
    assert (frozen.payable_lines, frozen.frozen[0].exclusions) == (1, 1)


async def test_nothing_is_payable_without_all_three_signatures(county: County) -> None:
    await county.arrived(2)
    set_id = await county.open_set()
    await county.price(set_id)
    await county.sign_set(set_id, "finance_review")
    (frozen,) = only(await county.freeze(set_id), SetFrozen)
    assert (frozen.payable_lines, frozen.payable_fen, frozen.frozen) == (0, 0, [])


async def test_failed_payments_are_told(county: County) -> None:
    slice_id, _ = await county.arrived(3)
    set_id = await county.signed_set()
    await county.freeze(set_id)
    unlucky = (await county.lines(slice_id))[0].line_id
    early = CloseSet(set_id=set_id, order_id="not-yet")
    assert await county.room.deliver(early) == []
    order = await county.pay(set_id, failed=[unlucky])
    sent = await county.room.deliver(CloseSet(set_id=set_id, order_id=order))
    assert only(sent, SliceSettled) == [SliceSettled(slice_id=slice_id, paid=2, failed=1)]
    failed = next(one for one in await county.lines(slice_id) if one.line_id == unlucky)
    assert (failed.state, failed.reason) == (LineState.FAILED, "F03 账户销户")
    seen = await county.get(FINANCE, f"/sets/{set_id}")
    assert (seen["tab"], seen["paid"], seen["failed"], seen["total_fen"]) == ("已办结", 2, 1, 15_000)


async def test_desks_see_the_same_slice_in_their_own_tabs(county: County) -> None:
    slice_id, _ = await county.arrived(1)
    tabs = {
        actor.sub: (await county.get(actor, f"/slices/{slice_id}"))["tab"]
        for actor in (HANDLER, REVIEWER, COUNTY_HANDLER, FINANCE)
    }
    assert list(tabs.values()) == ["已送审", "已送审", "待送审", "在途"]
