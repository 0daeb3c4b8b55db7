"""Loading lists and looking at hits, as different people."""

from datetime import date

import httpx
import pytest

from kit.auth import Role, undeclared
from kit.sheets import write_xlsx
from kit.testing import RoomHarness, citizen, official
from services.verification.handlers.checking import check_lines
from services.verification.tests.world import SLICE, TOWNSHIP, Registry, deployed, line, stated, verify

COUNTY = TOWNSHIP[:6]
HANDLER = official(Role.COUNTY_HANDLER, COUNTY)
HEAD = ("身份证号码", "姓名", "死亡日期", "数据来源")


def csv(*rows: tuple[str, ...], encoding: str = "utf-8-sig") -> bytes:
    return "".join(",".join(row) + "\r\n" for row in (HEAD, *rows)).encode(encoding)


async def load(room: RoomHarness, data: bytes, kind: str = "deaths", **form: str) -> httpx.Response:
    async with room.client(HANDLER) as client:
        return await client.post(
            f"/api/verification/v1/reference/{kind}",
            files={"file": ("list", data)},
            data={"source": "民政", **form},
        )


async def rows(room: RoomHarness) -> list[tuple[object, ...]]:
    async with room.room.tx() as tx:
        found = await tx.fetch("SELECT blind_index, day, detail FROM reference_row ORDER BY 1")
    return [tuple(row) for row in found]


@pytest.mark.parametrize("form", ["utf-8-sig", "gb18030", "xlsx"])
async def test_good_rows_are_taken_and_bad_ones_listed(room: RoomHarness, form: str) -> None:
    given = [
        ("S1", "甲某某", "2023-05-04", "民政"),
        ("bad", "乙某某", "2023/5/4", "公安"),
        ("S3", "丙某某", "二月三十", "公安"),
        ("S4", "丁某某", "2023年1月2日", "殡葬"),
    ]
    answer = await load(room, write_xlsx(HEAD, given) if form == "xlsx" else csv(*given, encoding=form))
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["accepted"], body["rejected"], body["region"], body["source"]) == (2, 2, COUNTY, "民政")
    assert [(error["row"], error["code"]) for error in body["errors"]] == [(3, "id_no"), (4, "day")]
    assert await rows(room) == [("b:S1", date(2023, 5, 4), "民政"), ("b:S4", date(2023, 1, 2), "殡葬")]


async def test_a_new_list_replaces_its_former_alone(room: RoomHarness) -> None:
    await load(room, csv(("S1", "", "2023-05-04", "民政")))
    await load(room, csv(("S2", "", "2023-05-04", "公安")), source="公安")
    first = (await load(room, csv(("S3", "", "2023-05-04", "民政")))).json()
    again = (await load(room, csv(("S3", "", "2023-05-04", "民政")))).json()
    assert again["file_id"] == first["file_id"]
    assert [row[0] for row in await rows(room)] == ["b:S2", "b:S3"]
    async with room.client(HANDLER) as client:
        listed = (await client.get("/api/verification/v1/reference")).json()
    assert [(one["kind"], one["source"], one["accepted"]) for one in listed] == [
        ("deaths", "公安", 1),
        ("deaths", "民政", 1),
    ]


async def test_whole_file_refusals(room: RoomHarness, registry: Registry) -> None:
    assert (await load(room, "姓名,死亡日期\r\n".encode())).status_code == 422
    assert (await load(room, b"PK\x03\x04nonsense")).status_code == 400
    assert (await load(room, csv(), kind="unknown")).status_code == 422
    registry.out = True
    answer = await load(room, csv(("S1", "", "2023-05-04", "民政")))
    assert answer.status_code == 503 and "retry-after" in answer.headers
    assert await rows(room) == []


async def test_who_may_load_and_look(room: RoomHarness, registry: Registry) -> None:
    registry.born["S1"] = date(1990, 1, 1)
    await room.deliver(deployed(), *stated([line("S1")]), verify())
    await room.work(check_lines)
    seen = {
        official(Role.TOWNSHIP_HANDLER, TOWNSHIP): 1,
        official(Role.COUNTY_REVIEWER, COUNTY): 1,
        official(Role.COUNTY_REVIEWER, "5399"): 1,
        official(Role.TOWNSHIP_HANDLER, "539901102"): 0,
        official(Role.COUNTY_REVIEWER, "539902"): 0,
        official(Role.COUNTY_REVIEWER, COUNTY, projects=frozenset({"other"})): 0,
    }
    for actor, persons in seen.items():
        async with room.client(actor) as client:
            page = (await client.get(f"/api/verification/v1/hits?slice_id={SLICE}&rule=R03")).json()
            counts = (await client.get("/api/verification/v1/hits/summary?rule=R03")).json()
        assert len(page["items"]) == persons == sum(one["persons"] for one in counts), actor.sub
    for caller, status in ((citizen("S1"), 403), (official(Role.FINANCE_PAYER, COUNTY), 403), (None, 401)):
        async with room.client(caller) as client:
            assert (await client.get("/api/verification/v1/hits")).status_code == status
    async with room.client(official(Role.TOWNSHIP_HANDLER, TOWNSHIP)) as client:
        files = {"file": ("list", csv())}
        assert (await client.post("/api/verification/v1/reference/deaths", files=files)).status_code == 403


async def test_hits_come_in_pages(room: RoomHarness, registry: Registry) -> None:
    subjects = [f"S{n}" for n in range(5)]
    registry.born |= dict.fromkeys(subjects, date(1990, 1, 1))
    await room.deliver(deployed(), *stated([line(one) for one in subjects]), verify())
    await room.work(check_lines)
    found: list[str] = []
    after = 0
    async with room.client(HANDLER) as client:
        while after is not None:
            page = (await client.get(f"/api/verification/v1/hits?rule=R03&limit=2&after={after}")).json()
            found += [one["subject_id"] for one in page["items"]]
            after = page["next"]
    assert sorted(found) == subjects


async def test_every_operation_declares_its_rule(room: RoomHarness) -> None:
    assert room.app is not None
    assert undeclared(room.app.openapi()) == []
