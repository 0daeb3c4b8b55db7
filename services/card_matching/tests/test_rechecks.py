"""Before the file: cards lost since the match, R12 by the registry, and no belief in an account that failed."""

import pytest

from contracts.batch import LineState
from contracts.card_matching import CardsRechecked, CardsStated, SliceMatched
from kit.errors import Problem
from kit.testing import RoomHarness, Sent, only
from services.card_matching.domain import NOT_AUTHORISED, REASONS
from services.card_matching.handlers.stating import check_payees, state_rechecks, state_results
from services.card_matching.tests.test_matching import cards, finish, rounds
from services.card_matching.tests.world import Agency, Registry, card, deployed, line, match, recheck, stated

NORMAL = LineState.NORMAL


async def rechecked(room: RoomHarness) -> list[Sent]:
    await rounds(room)
    await room.work(check_payees)
    return await room.work(state_rechecks)


async def matched(room: RoomHarness, *numbers: int, slice_id: str, **terms: int) -> None:
    """A slice whose cards were found good, stated again as normal lines."""
    lines = [line(n) for n in numbers]
    await room.deliver(deployed(**terms), *stated(lines, slice_id=slice_id), match(slice_id=slice_id))
    await finish(room)
    good = [one.model_copy(update={"state": NORMAL, "rev": 2}) for one in lines]
    await room.deliver(*stated(good, revision=2, slice_id=slice_id))


async def test_a_card_lost_since_the_match_is_found_before_the_file(
    room: RoomHarness, agency: Agency
) -> None:
    agency.world(*(card(n) for n in (1, 2, 3, 4)))
    await matched(room, 1, 2, slice_id="a")
    await matched(room, 3, 4, slice_id="b")
    agency.world(card(2, card_status="lost"), card(4, financial_function="inactive"))
    await room.deliver(recheck(("a", 2), ("b", 2)), id="chk")
    sent = await rechecked(room)
    assert cards(sent) == {
        "l1": ("normal", None),
        "l2": ("abnormal", REASONS["card_lost"]),
        "l3": ("normal", None),
        "l4": ("abnormal", REASONS["function_inactive"]),
    }
    parts = only(sent, CardsStated)
    assert [(one.stream_id, one.stage, one.slices) for one in parts] == [
        ("cards:chk:a", "before_file", 2),
        ("cards:chk:b", "before_file", 2),
    ]
    assert {one.match_id for one in parts} == {"chk"} and {one.checked_revision for one in parts} == {2}
    assert only(sent, CardsRechecked) == [
        CardsRechecked(set_id="set-1", cards_check_id="chk", rechecked_cards=4, lost_cards=2)
    ]
    assert {one.cause for one in sent} == {"chk"}
    assert await room.work(state_rechecks) == [] and await room.work(state_results) == []


async def test_a_project_may_believe_recent_answers_before_the_file(
    room: RoomHarness, agency: Agency
) -> None:
    agency.world(card(1), card(2))
    await matched(room, 1, 2, slice_id="a", recheck_days=7)
    async with room.room.tx() as tx:
        await tx.execute(
            "UPDATE match_person SET settled_at = settled_at - interval '8 days' WHERE payee_id = 'p2'"
        )
    agency.world(card(1, card_status="lost"), card(2, card_status="cancelled"))
    await room.deliver(recheck(("a", 2)))
    sent = await rechecked(room)
    assert cards(sent) == {"l1": ("normal", None), "l2": ("abnormal", REASONS["card_cancelled"])}
    assert only(sent, CardsRechecked)[0].rechecked_cards == 1


async def test_a_check_waits_for_the_slowest_slice(room: RoomHarness, agency: Agency) -> None:
    agency.world(card(1), card(2))
    await matched(room, 1, slice_id="a", recheck_days=7)
    await matched(room, 2, slice_id="b")
    await room.deliver(deployed(), recheck(("a", 2), ("b", 2)))
    await room.work(check_payees)
    assert await room.work(state_rechecks) == []
    assert len(only(await rechecked(room), CardsRechecked)) == 1


async def test_a_set_without_open_lines_is_answered(room: RoomHarness, agency: Agency) -> None:
    await room.deliver(*stated([line(1, state=LineState.VOID)], slice_id="a"), recheck(("a", 1)))
    [outcome] = only(await rechecked(room), CardsRechecked)
    assert (outcome.rechecked_cards, outcome.lost_cards) == (0, 0)
    assert agency.calls() == []


async def test_r12_a_good_card_of_the_wrong_payee_is_abnormal(
    room: RoomHarness, agency: Agency, registry: Registry
) -> None:
    agency.world(card(1), card(2))
    registry.unauthorised = {("s2", "p1")}
    lines = [line(1), line(2, payee_id="p1"), line(3, subject_id="s3", payee_id="p1"), line(4, payee_id="p2")]
    await room.deliver(*stated(lines), match())
    sent = await finish(room)
    assert cards(sent) == {
        "l1": ("normal", None),
        "l2": ("abnormal", NOT_AUTHORISED),
        "l3": ("normal", None),
        "l4": ("normal", None),
    }
    assert only(sent, SliceMatched)[0].abnormal_cards == 1


async def test_without_the_registrys_word_nothing_is_stated(
    room: RoomHarness, agency: Agency, registry: Registry
) -> None:
    agency.world(card(1))
    await room.deliver(*stated([line(1)]), match())
    await rounds(room)
    registry.out = True
    with pytest.raises(Problem):
        await room.work(check_payees)
    assert await room.work(state_results) == []
    registry.out = False
    assert cards(await finish(room)) == {"l1": ("normal", None)}


async def test_a_lost_card_is_not_fresh_and_a_new_one_is_matched_later(
    room: RoomHarness, agency: Agency, registry: Registry
) -> None:
    agency.world(card(1))
    await matched(room, 1, slice_id="a", fresh_days=30)
    agency.world(card(1, card_status="lost"))
    await room.deliver(recheck(("a", 2)))
    assert cards(await rechecked(room))["l1"][0] == "abnormal"
    await room.deliver(*stated([line(1)], slice_id="b"), match(slice_id="b"))
    assert cards(await finish(room))["l1"] == ("abnormal", REASONS["card_lost"]), (
        "the old good answer is older"
    )
    agency.world(card(1, account_no="6230000000009999999"))
    await room.deliver(*stated([line(1)], slice_id="c"), match(slice_id="c"))
    assert cards(await finish(room))["l1"] == ("normal", None)
    assert registry.accounts["p1"]["account_no"] == "6230000000009999999"


async def test_a_reissue_asks_again_though_the_record_is_fresh(
    room: RoomHarness, agency: Agency, registry: Registry
) -> None:
    agency.world(card(1), card(2))
    await matched(room, 1, 2, slice_id="a", fresh_days=30)
    agency.world(card(1, account_no="6230000000008888888"))
    again = [line(1, reissue_of="l1"), line(2)]
    await room.deliver(*stated(again, slice_id="r"), match(slice_id="r"))
    assert cards(await finish(room)) == {"l1": ("normal", None), "l2": ("normal", None)}
    assert [one["persons"] for one in agency.calls()] == [2, 1]
    assert registry.accounts["p1"]["account_no"] == "6230000000008888888"
