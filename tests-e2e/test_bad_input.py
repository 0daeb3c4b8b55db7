"""Bad input meets a typed refusal in Chinese and English, changes nothing, and is never repeated back.

A result file with an unknown line or a wrong total is refused in `services/payment/tests/test_results.py`, on the
room with a real database; XML tricks beyond the DOCTYPE are in `engine/tests/test_reader.py`.
"""

import asyncio
import io
import re
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from living import (
    COUNTY,
    FOLDER,
    HANDLER,
    OPERATOR,
    ROW_LIMIT,
    VILLAGE_NAME,
    Living,
    person,
    refused,
    roster,
)

from demo import invented
from engine.folder import read_folder

ROSTER_ROOMS = ("batch", "registry", "application")
UPLOADED = {"batch.roster", "batch.roster_file", "batch.roster_row", "batch.audit"}
"""What an import of bad rows alone leaves: the encrypted file, the rows' numbers and their reasons."""


@asynccontextmanager
async def nothing_changes(
    living: Living, *rooms: str, but: frozenset[str] = frozenset()
) -> AsyncIterator[None]:
    """Every table of these rooms is the same afterwards, row for row."""
    before = await living.quiet(*rooms)
    yield
    await asyncio.sleep(0.3)
    after = await living.fingerprint(*rooms)
    assert {table for table in before if before[table] != after[table]} <= but


@pytest.fixture(scope="module")
async def batch(living: Living) -> str:
    return await living.open_batch("202301")


def row(number: int, **changes: str) -> list[str]:
    one = person(number) | changes
    village, category = one.get("village", VILLAGE_NAME), one.get("category", "低保")
    return [one["name"], one["id_no"], one["phone"], village, category, one.get("remark", "")]


async def test_bad_rows_come_back_all_at_once_and_are_not_taken(living: Living, batch: str) -> None:
    good = [person(number)["id_no"] for number in range(900, 907)]
    rows = [
        row(900, id_no=invented.wrong_check(good[0])),
        row(901, id_no=invented.full_width(good[1])),
        row(902, id_no=invented.impossible_date(good[2])),
        row(903, category="无此类别"),
        row(904, id_no=good[3].lower()),
        row(905, village="无此村"),
        row(906, remark='=HYPERLINK("http://example.invalid")'),
    ]
    path = f"/api/batch/v1/batches/{batch}/rosters"
    async with nothing_changes(living, *ROSTER_ROOMS, but=frozenset(UPLOADED)):
        answer = await living.upload(HANDLER, path, roster(*rows))
    assert answer.status_code == 201, answer.text
    report = answer.json()
    assert (report["accepted"], report["rejected"]) == (0, 7)
    found = {(one["row"], one["code"]) for one in report["errors"]}
    assert {number for number, _ in found} == set(range(2, 9))
    assert found >= {
        (2, "id_wrong_check_digit"),
        (3, "id_full_width"),
        (4, "id_impossible_date"),
        (5, "unknown_category"),
        (6, "duplicate_in_file"),
        (7, "unknown_village"),
        (8, "formula"),
    }
    for one in report["errors"]:
        assert re.match(r"[\u4e00-\u9fff0-9].* \(.*[a-z].*\)", one["message"]), one
    sent = {cell for one in rows for cell in (one[0], one[1], one[2])}
    assert not [cell for cell in sent if cell in answer.text]
    kept = await living.fetch("batch", "SELECT * FROM roster_row WHERE roster_id = $1", report["roster_id"])
    assert {one["state"] for one in kept} == {"rejected"}
    assert not [cell for cell in sent if cell in str(kept)]


async def test_an_unknown_township_in_a_countys_roster_is_a_bad_row(living: Living, batch: str) -> None:
    headings = ["姓名", "身份证号码", "联系电话", "村（社区）", "补贴对象类别", "备注", "所属乡镇"]
    rows = [[*row(910), "无此镇"], [*row(911), "澄陌县"]]
    path = f"/api/batch/v1/batches/{batch}/rosters"
    async with nothing_changes(living, *ROSTER_ROOMS, but=frozenset(UPLOADED)):
        answer = await living.upload(f"county_handler@{COUNTY}", path, roster(*rows, headings=headings))
    assert answer.status_code == 201, answer.text
    assert [(one["row"], one["code"]) for one in answer.json()["errors"]] == [
        (2, "unknown_township"),
        (3, "unknown_township"),
    ]


def bomb() -> bytes:
    """A small archive whose sheet unpacks to 64 MiB of blanks."""
    out = io.BytesIO(roster(row(920)))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b"<worksheet>" + b" " * (64 << 20) + b"</worksheet>")
    return out.getvalue()


FILES: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "zip bomb": (bomb, 400, "zip-bomb"),
    "more rows than the limit": (
        lambda: roster(*(row(1000 + n) for n in range(ROW_LIMIT + 1))),
        413,
        "too-large",
    ),
    "not an xlsx": (lambda: "姓名,身份证号码\n".encode(), 400, "not-xlsx"),
    "an archive that is no xlsx": (lambda: b"PK\x03\x04" + bytes(200), 400, "not-xlsx"),
    "headings missing": (lambda: roster(["x"], headings=["姓名"]), 422, "headings"),
}


@pytest.mark.parametrize("name", FILES)
async def test_a_bad_file_is_refused_whole(living: Living, batch: str, name: str) -> None:
    make, status, slug = FILES[name]
    async with nothing_changes(living, *ROSTER_ROOMS):
        answer = await living.upload(HANDLER, f"/api/batch/v1/batches/{batch}/rosters", make())
    refused(answer, status, slug, person(1000)["id_no"], person(1000)["name"])


NUMBERS = {
    "wrong check digit": invented.wrong_check,
    "full-width digits": invented.full_width,
    "an impossible date": invented.impossible_date,
}


@pytest.mark.parametrize("name", NUMBERS)
async def test_a_bad_number_is_no_application(living: Living, name: str) -> None:
    one = person(930)
    one["id_no"] = NUMBERS[name](one["id_no"])
    # That the registry was asked about somebody is in its audit, whatever came of it.
    async with nothing_changes(living, "application", "registry", but=frozenset({"registry.audit"})):
        answer = await living.apply(HANDLER, one)
    body = refused(answer, 422, "person-refused", *one.values())
    assert body["code"]
    assert re.match(r"[\u4e00-\u9fff]", body["detail"])


async def test_an_unknown_township_is_no_application(living: Living) -> None:
    one = person(931)
    async with nothing_changes(living, "application", "registry"):
        answer = await living.apply(HANDLER, one, township="539999999", village=None)
    refused(answer, 422, "unknown-township", *one.values())


def gateway_loop(text: str) -> str:
    """Two gateways that lead to each other, reached from the first flow out of the start event."""
    flow = re.search(r'<(?:bpmn:)?startEvent id="([^"]+)"', text)
    assert flow is not None
    prefix = "bpmn:" if "<bpmn:process" in text else ""
    loop = "".join(
        [
            f'<{prefix}exclusiveGateway id="loop_a"/><{prefix}exclusiveGateway id="loop_b"/>',
            f'<{prefix}sequenceFlow id="loop_in" sourceRef="loop_b" targetRef="loop_a"/>',
            f'<{prefix}sequenceFlow id="loop_back" sourceRef="loop_a" targetRef="loop_b"/>',
            f"</{prefix}process>",
        ]
    )
    first = re.search(rf'<{prefix}sequenceFlow [^>]*sourceRef="{flow[1]}"[^>]*>', text)
    assert first is not None
    diverted = re.sub(r'targetRef="[^"]+"', 'targetRef="loop_a"', first[0])
    return text.replace(first[0], diverted, 1).replace(f"</{prefix}process>", loop, 1)


DIAGRAMS: dict[str, tuple[Callable[[str], str], str]] = {
    "a DOCTYPE": (lambda text: re.sub(r"(<\?xml[^>]*\?>)", r"\1<!DOCTYPE x>", text, count=1), "DOCTYPE"),
    "an unknown operator": (
        lambda text: text.replace("verification.check_eligibility", "verification.rm_rf"),
        "rm_rf",
    ),
    "an endless gateway loop": (gateway_loop, "循环"),
}


INTAKE = "library/intake.bpmn"
"""Projects compose their processes of shared diagrams, which are deployed (and checked) with the project."""


@pytest.mark.parametrize("name", DIAGRAMS)
async def test_a_bad_diagram_is_not_deployed(living: Living, name: str) -> None:
    spoil, words = DIAGRAMS[name]
    files = read_folder(FOLDER)
    spoilt = spoil(files[INTAKE])
    assert spoilt != files[INTAKE]
    async with nothing_changes(living, "orchestrator"):
        body = {"files": files | {INTAKE: spoilt}}
        answer = await living.call(OPERATOR, "POST", "/api/orchestrator/v1/projects", json=body)
    problem = refused(answer, 422, "project-refused")
    told = [one for one in problem["problems"] if words in one["message"]]
    assert told, problem["problems"]
    assert {one["file"] for one in told} == {INTAKE}
    assert name == "a DOCTYPE" or all(one["element"] for one in told)


async def test_two_identical_submissions_at_once_are_one(living: Living) -> None:
    one = person(940)
    who = await living.citizen(one["id_no"], one["name"])
    twice = await asyncio.gather(living.apply(who, one), living.apply(who, one))
    first, second = sorted(twice, key=lambda answer: answer.status_code)
    assert first.status_code == 201, first.text
    refused(second, 409, "duplicate-application", *one.values())
    path = "/api/application/v1/applications"
    assert len((await living.ok(who, "GET", path))["items"]) == 1


async def test_the_same_request_sent_twice_gets_the_same_receipt(living: Living) -> None:
    one = person(941)
    who = await living.citizen(one["id_no"], one["name"])
    key = {"idempotency-key": "e2e-941"}
    twice = await asyncio.gather(living.apply(who, one, key), living.apply(who, one, key))
    assert [answer.status_code for answer in twice] == [201, 201], [answer.text for answer in twice]
    assert len({answer.json()["application_id"] for answer in twice}) == 1
    other = await living.apply(who, one, key, form={"remark": "另一份"})
    refused(other, 422, "idempotency-key-reused", *one.values())


async def test_a_token_of_another_region_sees_and_changes_nothing(living: Living, batch: str) -> None:
    one = person(950)
    who = await living.citizen(one["id_no"], one["name"])
    application = (await living.apply(who, one)).raise_for_status().json()["application_id"]
    stranger, county = "township_handler@539902101", "county_handler@539902"
    path = f"/api/application/v1/applications/{application}"
    async with nothing_changes(living, *ROSTER_ROOMS, "orchestrator"):
        refused(await living.call(stranger, "GET", path), 404, "not-found", application)
        upload = await living.upload(stranger, f"/api/batch/v1/batches/{batch}/rosters", roster(row(951)))
        refused(upload, 404, "not-found", person(951)["id_no"])
        mine = {"project": "11810", "period": "202302", "county": COUNTY}
        answer = await living.call(county, "POST", "/api/batch/v1/batches", json=mine)
        assert answer.status_code in (403, 404)
        refused(answer, answer.status_code, {403: "forbidden", 404: "not-found"}[answer.status_code])
        refused(await living.apply(stranger, person(952)), 403, "forbidden", *person(952).values())
    token = await living.token(HANDLER)
    forged = {"authorization": f"Bearer {token[:-8]}AAAAAAAA"}
    refused(await living.call(None, "GET", path, headers=forged), 401, "unauthorized", application)
