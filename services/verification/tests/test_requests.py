"""核实 at a refused citizen's request: asked for, surveyed, decided by two people, and then passed."""

from datetime import date
from typing import Any

from contracts.application import ApplicationRefused
from contracts.verification import (
    EligibilityPassed,
    EligibilityRefused,
    FindingsStated,
    HitDecided,
    ReviewGranted,
)
from kit.auth import Role
from kit.testing import RoomHarness, citizen, official, only
from services.verification.handlers.checking import check_applications, check_lines
from services.verification.tests.test_review import API, COUNTY, HANDLER, REVIEWER, SURVEYOR, call, look
from services.verification.tests.world import (
    PROJECT,
    TOWNSHIP,
    Registry,
    deployed,
    eligibility,
    line,
    listed,
    stated,
    verify,
)

OWN, OTHER = citizen("S1"), citizen("S2")
GRANT = {"decision": "grant", "reason": "名册漏登，已核对特困证"}


async def refused(room: RoomHarness, registry: Registry) -> None:
    """S1 is not on the register that is loaded, and the application was refused for it."""
    registry.born |= {"S1": date(1950, 3, 7), "S2": date(1950, 3, 7)}
    await listed(room, "membership", ("S2", date(2022, 1, 1), "destitute"))
    await room.deliver(deployed(), eligibility("S1"), eligibility("S2"))
    sent = await room.work(check_applications)
    assert [one.application_id for one in only(sent, EligibilityRefused)] == ["a-S1"]
    await room.deliver(
        ApplicationRefused(application_id="a-S1", project=PROJECT, township=TOWNSHIP, reasons=["R07"])
    )


async def asked(room: RoomHarness) -> dict[str, Any]:
    body = {"application_id": "a-S1", "text": "我有特困供养证"}
    return dict(await call(room, OWN, "/reviews", body, status=201))


async def test_granted_and_then_passed(room: RoomHarness, registry: Registry) -> None:
    await refused(room, registry)
    one = await asked(room)
    assert (await asked(room))["review_id"] == one["review_id"]
    path = f"/reviews/{one['review_id']}"
    async with room.client(OWN) as client:
        files = {"file": ("证.png", b"\x89PNG\r\n\x1a\n...")}
        document = (await client.post(f"{API}{path}/evidence", files=files)).json()
    seen = await look(room, HANDLER, path)
    assert (seen["text"], seen["evidence_ids"]) == ("我有特困供养证", [document["evidence_id"]])
    assert seen["refused_for"][0].startswith("R07")
    await call(room, SURVEYOR, f"{path}:propose", GRANT)
    assert (await look(room, OWN, path))["reason"] is None
    await call(room, COUNTY, f"{path}:decide", {"answer": "approve"})
    sent = await room.emitted()
    assert only(sent, ReviewGranted) == [
        ReviewGranted(
            application_id="a-S1", subject_id="S1", project=PROJECT, township=TOWNSHIP, category="destitute",
            review_id=one["review_id"],
        )
    ]  # fmt: skip
    assert [(hit.rule, hit.decision) for hit in only(sent, HitDecided)] == [("R07", "lifted")]
    assert (await look(room, OWN, path))["reason"] == GRANT["reason"]
    await room.deliver(eligibility("S1"), id="again")
    assert only(await room.work(check_applications), EligibilityPassed)
    await room.deliver(*stated([line("S1")]), verify())
    (part,) = only(await room.work(check_lines), FindingsStated)
    assert part.findings[0].verdict == "pass"
    async with room.room.tx() as tx:
        assert await tx.fetchval("SELECT live FROM claim WHERE application_id = 'a-S1'")
    await call(room, OWN, "/reviews", {"application_id": "a-S1", "text": "再来"}, status=409)


async def test_refused_with_reasons_and_asked_again(room: RoomHarness, registry: Registry) -> None:
    await refused(room, registry)
    path = f"/reviews/{(await asked(room))['review_id']}"
    refuse = {"decision": "refuse", "reason": "查无特困登记"}
    await call(room, HANDLER, f"{path}:propose", refuse)
    await call(room, REVIEWER, f"{path}:decide", {"answer": "reject", "opinion": "请入户"})
    assert (await look(room, HANDLER, path))["opinion"] == "请入户"
    await call(room, HANDLER, f"{path}:propose", refuse)
    await call(room, REVIEWER, f"{path}:decide", {"answer": "approve"})
    seen = await look(room, OWN, path)
    assert (seen["state"], seen["reason"], seen["proposed_by"]) == ("refused", "查无特困登记", None)
    sent = await room.emitted()
    assert not only(sent, ReviewGranted)
    assert [one.decision for one in only(sent, HitDecided)] == ["confirmed"]
    assert (await asked(room))["review_id"] not in path
    assert [one["state"] for one in (await look(room, OWN, "/reviews"))["items"]] == ["refused", "requested"]


async def test_who_may_ask_and_answer(room: RoomHarness, registry: Registry) -> None:
    await refused(room, registry)
    await call(room, OTHER, "/reviews", {"application_id": "a-S1", "text": "x"}, status=404)
    await call(room, OWN, "/reviews", {"application_id": "nothing", "text": "x"}, status=404)
    await call(room, OTHER, "/reviews", {"application_id": "a-S2", "text": "x"}, status=409)
    path = f"/reviews/{(await asked(room))['review_id']}"
    elsewhere = official(Role.TOWNSHIP_HANDLER, "539901102")
    await look(room, OTHER, path, status=404)
    await look(room, elsewhere, path, status=404)
    await call(room, elsewhere, f"{path}:propose", GRANT, status=404)
    await call(room, REVIEWER, f"{path}:propose", GRANT, status=403)
    await call(room, REVIEWER, f"{path}:decide", {"answer": "approve"}, status=409)
    await call(room, HANDLER, f"{path}:propose", GRANT)
    same = official(Role.TOWNSHIP_REVIEWER, TOWNSHIP, sub=HANDLER.sub)
    await call(room, same, f"{path}:decide", {"answer": "approve"}, status=403)
    assert (await look(room, elsewhere, "/reviews"))["items"] == []
    assert (await look(room, OTHER, "/reviews"))["items"] == []
    assert len((await look(room, COUNTY, "/reviews?state=proposed"))["items"]) == 1
    assert not await room.emitted()
