"""Diagrams at work: instances start, send commands, open work items and follow their outcomes."""

import re

import pytest

from contracts.application import ListApplication, RefuseApplication
from contracts.batch import (
    HandToCounty,
    LinesSetAside,
    SetAsideOpenLines,
    SignSlice,
    SliceSigned,
)
from contracts.orchestrator import ProjectDeployed, StartInstance
from contracts.publicity import NoticeConfirmed, PublishSlice
from contracts.verification import (
    CheckEligibility,
    EligibilityPassed,
    EligibilityRefused,
)
from kit.auth import Role
from kit.testing import RoomHarness, official, only
from services.orchestrator.tests.shared import (
    TOWNSHIP,
    complete,
    deploy,
    desk,
    folder,
    sent_command,
    submitted,
    to_confirmation,
)


async def test_intake_lists_who_passes_and_refuses_who_does_not(room: RoomHarness) -> None:
    version = await deploy(room, folder())
    deployed = only(await room.emitted(), ProjectDeployed)
    assert [one.version for one in deployed] == [version]
    check = sent_command(await room.deliver(submitted("a1")), CheckEligibility)
    assert isinstance(check.message, CheckEligibility)
    assert check.message.project_version == version
    listing = await room.deliver(EligibilityPassed(application_id="a1"), cause=check.id)
    assert sent_command(listing, ListApplication).message.key == "a1"
    check = sent_command(await room.deliver(submitted("a2")), CheckEligibility)
    refusal = await room.deliver(
        EligibilityRefused(application_id="a2", reasons=["R03 年龄"]), cause=check.id
    )
    command = sent_command(refusal, RefuseApplication).message
    assert isinstance(command, RefuseApplication)
    assert command.reasons == ["R03 年龄"]


async def test_the_township_runs_from_list_to_county(room: RoomHarness) -> None:
    await deploy(room, folder())
    await room.emitted()
    await to_confirmation(room)
    publish = sent_command(await complete(room, Role.TOWNSHIP_HANDLER, TOWNSHIP, "approve"), PublishSlice)
    assert isinstance(publish.message, PublishSlice)
    assert (publish.message.round, publish.message.with_amounts) == (1, False)
    confirmed = NoticeConfirmed(slice_id="slice-1", notice_id="n", round=1, published_lines=3)
    aside = sent_command(await room.deliver(confirmed, cause=publish.id), SetAsideOpenLines)
    await room.deliver(LinesSetAside(slice_id="slice-1", set_aside=0, normal=3), cause=aside.id)
    sign = sent_command(
        await complete(room, Role.TOWNSHIP_REVIEWER, TOWNSHIP, "approve", root="r00t"), SignSlice
    )
    assert isinstance(sign.message, SignSlice)
    assert (sign.message.root, sign.message.node) == ("r00t", "township_review")
    assert sign.message.actor == f"township_reviewer@{TOWNSHIP}"
    signed = SliceSigned(slice_id="slice-1", node="township_review", root="r00t", signed_lines=3)
    sent_command(await room.deliver(signed, cause=sign.id), HandToCounty)


async def test_the_same_person_may_not_confirm_and_review(room: RoomHarness) -> None:
    files = folder()
    both = files["project.toml"] + '\n[nodes.township_review]\nrole = "township_handler"\n'
    await deploy(room, files | {"project.toml": both})
    await room.emitted()
    await to_confirmation(room)
    publish = sent_command(
        await complete(room, Role.TOWNSHIP_HANDLER, TOWNSHIP, "approve", sub="zhang"), PublishSlice
    )
    confirmed = NoticeConfirmed(slice_id="slice-1", notice_id="n", round=1, published_lines=3)
    aside = sent_command(await room.deliver(confirmed, cause=publish.id), SetAsideOpenLines)
    await room.deliver(LinesSetAside(slice_id="slice-1", set_aside=0, normal=3), cause=aside.id)
    await complete(room, Role.TOWNSHIP_HANDLER, TOWNSHIP, "approve", status=403, sub="zhang", root="r")
    assert sent_command(
        await complete(room, Role.TOWNSHIP_HANDLER, TOWNSHIP, "approve", sub="li", root="r"), SignSlice
    )


async def test_a_copy_without_publicity_runs_without_publicity(room: RoomHarness) -> None:
    files = folder()
    diagram = files["library/township_t.bpmn"]
    diagram = re.sub(
        r"\s*<bpmn:callActivity id=\"publish_lines\".*?</bpmn:callActivity>", "", diagram, flags=re.S
    )
    diagram = re.sub(r"\s*<bpmn:sequenceFlow id=\"flow_publish_lines_any_left\"[^>]*/>", "", diagram)
    diagram = re.sub(
        r"\s*<bpmn:(incoming|outgoing)>flow_publish_lines_any_left</bpmn:(incoming|outgoing)>", "", diagram
    )
    diagram = diagram.replace(
        'sourceRef="township_confirm" targetRef="publish_lines"',
        'sourceRef="township_confirm" targetRef="any_left"',
    )
    diagram = re.sub(r"\s*<bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>", "", diagram, flags=re.S)
    manifest = files["project.toml"].replace('"library:township_t"', '"township.bpmn"')
    manifest = manifest.replace("[[publicity.rounds]]\nround = 1\n", "")
    own = {
        name: text
        for name, text in files.items()
        if "publish_first" not in text or name.endswith("nodes.toml")
    }
    await deploy(room, own | {"project.toml": manifest, "township.bpmn": diagram})
    await room.emitted()
    await to_confirmation(room)
    after = await complete(room, Role.TOWNSHIP_HANDLER, TOWNSHIP, "approve")
    assert not [one for one in after if isinstance(one.message, PublishSlice)]
    assert [one["node"] for one in await desk(room, Role.TOWNSHIP_REVIEWER, TOWNSHIP)] == ["township_review"]


async def test_running_instances_stay_on_their_version(room: RoomHarness) -> None:
    first = await deploy(room, folder())
    await room.emitted()
    check = sent_command(await room.deliver(submitted("a1")), CheckEligibility)
    files = folder()
    second = await deploy(room, files | {"project.toml": files["project.toml"] + "\n# changed\n"})
    assert first != second
    newer = sent_command(await room.deliver(submitted("a2")), CheckEligibility)
    assert isinstance(check.message, CheckEligibility)
    assert isinstance(newer.message, CheckEligibility)
    assert (check.message.project_version, newer.message.project_version) == (first, second)
    assert sent_command(
        await room.deliver(EligibilityPassed(application_id="a1"), cause=check.id), ListApplication
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "library/intake.bpmn",
            "verification.check_eligibility",
            "verification.make_tea",
            "check_eligibility",
        ),
        ("library/intake.bpmn", "<bpmn:definitions", "<!DOCTYPE x><bpmn:definitions", "DOCTYPE"),
        (
            "library/township_t.bpmn",
            "normal = 0",
            "__import__(&quot;os&quot;)",
            "flow_any_normal_nothing_left",
        ),
        ("project.toml", 'code = "11810"', "code = ", "TOML"),
    ],
)
async def test_a_bad_folder_is_refused_with_its_place(
    room: RoomHarness, file: str, old: str, new: str, said: str
) -> None:
    files = folder()
    assert old in files[file]
    async with room.client(official(Role.OPERATOR, "5399")) as client:
        answer = await client.post(
            "/api/orchestrator/v1/projects", json={"files": files | {file: files[file].replace(old, new)}}
        )
    assert answer.status_code == 422
    assert said in answer.text
    assert await room.emitted() == []


async def test_desks_show_only_their_region_and_role(room: RoomHarness) -> None:
    await deploy(room, folder())
    await room.emitted()
    await to_confirmation(room)
    assert len(await desk(room, Role.TOWNSHIP_HANDLER, TOWNSHIP)) == 1
    assert await desk(room, Role.TOWNSHIP_HANDLER, "539901102") == []
    assert await desk(room, Role.TOWNSHIP_REVIEWER, TOWNSHIP) == []
    item = (await desk(room, Role.TOWNSHIP_HANDLER, TOWNSHIP))[0]["id"]
    for role, region, status in (
        (Role.TOWNSHIP_HANDLER, "539901102", 404),
        (Role.TOWNSHIP_REVIEWER, TOWNSHIP, 404),
        (Role.COUNTY_HANDLER, "539901", 404),
    ):
        async with room.client(official(role, region)) as client:
            answer = await client.post(
                f"/api/orchestrator/v1/work-items/{item}:complete", json={"decision": "approve"}
            )
        assert answer.status_code == status, (role, region)
    async with room.client(official(Role.TOWNSHIP_HANDLER, TOWNSHIP)) as client:
        wrong = await client.post(
            f"/api/orchestrator/v1/work-items/{item}:complete", json={"decision": "pay"}
        )
        number = await client.post(
            f"/api/orchestrator/v1/work-items/{item}:complete",
            json={"decision": "approve", "form": {"note": "53269919500101001X"}},
        )
    assert (wrong.status_code, number.status_code) == (422, 422)
    assert await room.emitted() == []


async def test_an_operator_starts_a_process_by_hand_once(room: RoomHarness) -> None:
    await deploy(room, folder())
    await room.emitted()
    fields = submitted("a9").model_dump(mode="json")
    body = {"project": "11810", "process": "intake", "business_key": "a9", "data": fields}
    async with room.client(official(Role.OPERATOR, "5399")) as client:
        answers = [await client.post("/api/orchestrator/v1/instances", json=body) for _ in range(2)]
        wrong = await client.post("/api/orchestrator/v1/instances", json=body | {"process": "tea"})
    assert [answer.status_code for answer in answers] == [202, 202]
    assert wrong.status_code == 422
    checks = await room.deliver(*only(await room.emitted(), StartInstance))
    assert len(only(checks, CheckEligibility)) == 1
    async with room.client(official(Role.TOWNSHIP_HANDLER, TOWNSHIP)) as client:
        standing = (await client.get("/api/orchestrator/v1/instances", params={"business_key": "a9"})).json()
        instance = standing["instances"][0]["id"]
        here = (await client.get(f"/api/orchestrator/v1/instances/{instance}")).json()
        history = (await client.get(f"/api/orchestrator/v1/instances/{instance}/history")).json()["history"]
    assert [wait["waits_for"] for wait in here["waits"]] == ["verification.check_eligibility"]
    assert [one["what"] for one in history][:2] == ["started", "entered"]


async def test_a_scenario_that_does_not_hold_keeps_a_folder_out(room: RoomHarness) -> None:
    files = folder()
    name = "scenarios/intake_passes.toml"
    bad = files[name].replace('not_visited = ["refuse_application"]', 'not_visited = ["list_application"]')
    async with room.client(official(Role.OPERATOR, "5399")) as client:
        answer = await client.post("/api/orchestrator/v1/projects", json={"files": files | {name: bad}})
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["file"] == name
