"""The set-wise SQL does exactly what the domain's rules say, for every state a line can be in."""

from dataclasses import replace
from itertools import product

import orjson
import pytest

from contracts.base import rows_digest
from contracts.batch import Line, LineState
from contracts.card_matching import CardsStated, LineCard
from kit.ids import new_id
from kit.testing import RoomHarness
from services.batch.domain.lines import CARD_STATUSES, UNREADABLE, VERDICTS, after_card, after_finding
from services.batch.tests.county import HANDLER, County, revisions


async def _spread(
    room: RoomHarness, lines: list[Line], results: tuple[str, ...]
) -> dict[str, tuple[LineState, bool, str, bool]]:
    """Put one line into each combination of state, waiting, and give it a result and an age of its rev."""
    cases = {
        line.line_id: case
        for line, case in zip(lines, product(LineState, (False, True), results, (False, True)), strict=True)
    }
    async with room.room.tx() as tx:
        await tx.executemany(
            "UPDATE line SET state = $2, reason = $3, rev = 1 + $4 WHERE line_id = $1",
            [
                (line_id, state, "等待" if waiting else None, 0 if same else 5)
                for line_id, (state, waiting, _, same) in cases.items()
            ],
        )
    return cases


@pytest.mark.parametrize("kind", ["cards", "findings"])
async def test_sql_follows_the_domain(county: County, kind: str) -> None:
    results = CARD_STATUSES if kind == "cards" else VERDICTS
    opened, lines = await county.submit(len(LineState) * 4 * len(results))
    cases = await _spread(county.room, lines, results)
    given = {line_id: case[2] for line_id, case in cases.items()}
    if kind == "cards":
        await county.cards(opened.slice_id, lines, 1, given)
    else:
        await county.findings(opened.slice_id, lines, 1, given)
    rule = after_card if kind == "cards" else after_finding
    after = {one.line_id: one for one in await county.lines(opened.slice_id)}
    for line_id, (state, waiting, result, same) in cases.items():
        expected = rule(state, waiting, result, same)
        assert after[line_id].state is (expected or state), (state, waiting, result, same)
        before = 1 if same else 6
        assert after[line_id].rev == before + (expected is not None)


async def test_an_unreadable_row_spoils_its_line_only(county: County) -> None:
    opened, lines = await county.submit(3)
    cards = [LineCard(line_id=one.line_id, rev=one.rev, status="normal") for one in lines]
    broken = lines[0].line_id
    part = CardsStated(
        stream_id="cards:m1",
        revision=1,
        index=0,
        count=1,
        digest=rows_digest([]),
        slice_id=opened.slice_id,
        checked_revision=1,
        match_id="m1",
        cards=cards,
    )
    record = county.room.raw(part, cause=new_id())
    body = orjson.loads(record.body)
    body["cards"][0]["rev"] = "?"
    await county.room.dispatcher.handle([replace(record, body=orjson.dumps(body))])
    sent = await county.room.deliver()
    states = {one.line_id: (one.state, one.reason) for one in revisions(sent)[(opened.slice_id, 2)]}
    assert states.pop(broken) == (LineState.ABNORMAL, UNREADABLE)
    assert set(states.values()) == {(LineState.NORMAL, None)}


async def test_a_card_that_waits_is_told_why(county: County) -> None:
    opened, lines = await county.submit(1)
    (line,) = await county.cards(opened.slice_id, lines, 1, {lines[0].line_id: "processing"})
    assert (line.state, line.reason) == (LineState.PROCESSING, "卡未激活")
    (line,) = revisions(await county.findings(opened.slice_id, [line], 2))[(opened.slice_id, 3)]
    assert line.state is LineState.PROCESSING
    assert (await county.get(HANDLER, f"/slices/{opened.slice_id}"))["counters"]["processing"] == 1
