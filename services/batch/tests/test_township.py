"""The township's part: submitting, results, setting aside, signing."""

from datetime import datetime
from typing import Any

from contracts.batch import (
    LineExcluded,
    LinesReopened,
    LinesSetAside,
    LineState,
    RecheckLines,
    SignatureRefused,
    SliceOpened,
    SliceSigned,
)
from contracts.manifest import slice_root
from contracts.publicity import NoticeConfirmed
from kit.signing import verify
from kit.testing import only
from services.batch.domain.lines import UNKNOWN_VILLAGE
from services.batch.domain.signing import document
from services.batch.ports import signer
from services.batch.tests.county import HANDLER, REVIEWER, TOWN, VILLAGE, County, revisions


async def test_a_submission_states_revision_one(county: County) -> None:
    opened, lines = await county.submit(3)
    assert (opened.kind, opened.number, opened.revision, opened.lines) == ("first", 1, 1, 3)
    assert {one.village for one in lines} == {VILLAGE}
    assert {one.state for one in lines} == {LineState.PROCESSING}
    assert {one.amount_fen for one in lines} == {None}


async def test_an_unknown_village_makes_an_abnormal_line_and_can_be_corrected(county: County) -> None:
    opened, (line,) = await county.submit(1, village="天上村")
    assert (line.state, line.reason, line.village) == (LineState.ABNORMAL, UNKNOWN_VILLAGE, TOWN)
    assert (await county.cards(opened.slice_id, [line], 1))[0].state is LineState.ABNORMAL
    again = revisions(await county.recheck(opened.slice_id, 2))[(opened.slice_id, 3)]
    assert again[0].state is LineState.ABNORMAL
    await county.post(HANDLER, f"/lines/{line.line_id}:correct", {"village": VILLAGE})
    sent = await county.recheck(opened.slice_id, 3)
    assert only(sent, LinesReopened) == [LinesReopened(slice_id=opened.slice_id, revision=4, lines=1)]
    (corrected,) = revisions(sent)[(opened.slice_id, 4)]
    assert (corrected.state, corrected.village) == (LineState.PROCESSING, VILLAGE)


async def test_a_second_live_line_of_a_person_is_refused(county: County) -> None:
    await county.list_applications(2, subject=lambda _: "same-person")
    made = await county.post(HANDLER, f"/batches/{county.batch_id}/slices", {"township": TOWN})
    assert [one["counters"]["lines"] for one in made] == [1]
    found = await county.get(HANDLER, f"/batches/{county.batch_id}/candidates")
    assert found["counts"] == {"submitted": 1, "refused": 1}
    assert [one["reason"][:3] for one in found["candidates"] if one["state"] == "refused"] == ["R05"]


async def test_results_make_one_revision_each(county: County) -> None:
    opened, lines = await county.submit(4)
    bad, dead = lines[0].line_id, lines[1].line_id
    lines = await county.cards(opened.slice_id, lines, 1, {bad: "abnormal"})
    states = {one.line_id: (one.state, one.reason) for one in lines}
    assert states[bad] == (LineState.ABNORMAL, "卡未激活")
    assert states[dead] == (LineState.NORMAL, None)
    sent = await county.findings(opened.slice_id, lines, 2, {dead: "block"})
    states = {one.line_id: (one.state, one.reason) for one in revisions(sent)[(opened.slice_id, 3)]}
    assert states[dead] == (LineState.HELD, "R04 死亡")
    assert sorted(state for state, _ in states.values()) == ["abnormal", "held", "normal", "normal"]


async def test_open_lines_leave_into_a_supplement(county: County) -> None:
    opened, lines = await county.submit(3)
    bad = lines[0].line_id
    lines = await county.cards(opened.slice_id, lines, 1, {bad: "abnormal"})
    await county.findings(opened.slice_id, lines, 2)
    sent = await county.set_aside(opened.slice_id, 3)
    (aside,) = only(sent, LinesSetAside)
    (second,) = only(sent, SliceOpened)
    (left,) = only(sent, LineExcluded)
    assert (aside.set_aside, aside.normal, aside.supplement_slice_id) == (1, 2, second.slice_id)
    assert (second.kind, second.number, second.publicity_done, second.revision) == ("supplement", 2, False, 1)
    assert (left.seq, left.line_id, left.ends_enrolment, left.moved_to) == (1, bad, False, second.slice_id)
    (moved,) = revisions(sent)[(second.slice_id, 1)]
    assert (moved.line_id, moved.state, moved.reason) == (bad, LineState.ABNORMAL, "卡未激活")


async def test_with_no_normal_line_the_slice_ends(county: County) -> None:
    opened, lines = await county.submit(1)
    await county.cards(opened.slice_id, lines, 1, {lines[0].line_id: "abnormal"})
    (aside,) = only(await county.set_aside(opened.slice_id, 2), LinesSetAside)
    assert aside.normal == 0
    assert (await county.get(HANDLER, f"/slices/{opened.slice_id}"))["tab"] == "已办结"


async def test_a_published_line_keeps_its_evidence(county: County) -> None:
    slice_id, lines = await county.verified(2)
    await county.room.deliver(NoticeConfirmed(slice_id=slice_id, notice_id="n1", round=1, published_lines=2))
    await county.findings(slice_id, lines, 3, {lines[0].line_id: "hold"})
    (second,) = only(await county.set_aside(slice_id, 4), SliceOpened)
    assert second.publicity_done


async def test_signing_covers_what_was_shown(county: County) -> None:
    slice_id, lines = await county.verified(3)
    (signed,) = only(await county.sign_slice(slice_id), SliceSigned)
    assert signed.signed_lines == 3
    detail = await county.get(HANDLER, f"/slices/{slice_id}")
    (signature,) = detail["signatures"]
    assert signature["root"] == signed.root == slice_root(await county.lines(slice_id))
    text = document(
        subject=slice_id,
        node="township_review",
        revision=3,
        root=signed.root,
        count=3,
        total_fen=None,
        actor=REVIEWER.sub,
        work_item_id="w1",
        at=datetime.fromisoformat(signature["signed_at"]).isoformat(),
    )
    assert verify(text, signature["signature"], signer().public_keys())
    assert not verify(text | {"actor": "other"}, signature["signature"], signer().public_keys())
    history = await county.get(HANDLER, f"/lines/{lines[0].line_id}/history")
    assert [one["node"] for one in history["signatures"]] == ["township_review"]
    assert [one["state"] for one in history["changes"]] == ["processing", "normal"]


async def test_signatures_are_refused(county: County) -> None:
    slice_id, _ = await county.verified(2)

    async def refusal(**how: Any) -> str:
        (refused,) = only(await county.sign_slice(slice_id, **how), SignatureRefused)
        assert refused.subject_key == slice_id
        return refused.refusal

    assert "maker and checker" in await refusal(actor=HANDLER.sub)
    assert "no longer the one" in await refusal(root="0" * 64)
    detail = await county.get(HANDLER, f"/slices/{slice_id}")
    assert detail["signatures"] == [] and detail["exclusions"] == 0
    (signed,) = only(await county.sign_slice(slice_id), SliceSigned)
    assert signed.signed_lines == 2
    await county.hand_over(slice_id)
    assert "moved on" in await refusal()


async def test_a_command_for_a_revision_to_come_waits(county: County) -> None:
    opened, lines = await county.submit(2)
    early = await county.room.deliver(RecheckLines(slice_id=opened.slice_id, revision=2))
    assert early == []
    await county.cards(opened.slice_id, lines, 1)
    assert (await county.get(HANDLER, f"/slices/{opened.slice_id}"))["revision"] == 3
