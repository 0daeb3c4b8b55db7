"""A canary: people with known numbers, names, phones and accounts go through the system up to the notice, and then
nothing of theirs may be anywhere outside the registry but where decisions §7 allows it."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition  # noqa: TID251  (looks as a stranger would)
from aiokafka.admin import AIOKafkaAdminClient  # noqa: TID251  (the test speaks to the broker itself)
from living import OPERATOR, PERIOD, Living, person, roster
from needles import Needle, looks, needles, together
from receiver import SpanReceiver

from demo import invented
from kit.settings import Settings
from kit.topics import ensure_topics
from stack.rooms import ROOMS

ALLOWED_COLUMNS = {
    ("publicity", "notice_row", "masked"): "masked names of a notice",
    ("publicity", "notice_row", "posted"): "names of the posted sheet",
}
"""Where decisions §7 lets names stand outside the registry. Uploaded rosters, bank files and photos are allowed
only encrypted, so they are searched like everything else."""
ALLOWED_ANSWERS = {
    "GET /api/publicity/v1/notices/{id}/sheet.xlsx": "the sheet to be posted, for its township"
}

PLANTED: list[dict[str, str]] = [
    {**person(8801), "name": "司徒燚曌", "phone": invented.phone(8_634_217)},
    {**person(8802), "name": "令狐犇鱻", "phone": invented.phone(7_215_938)},
]
TOWNSHIP = "539901102"
HANDLER = f"township_handler@{TOWNSHIP}"
VILLAGE, VILLAGE_NAME = f"{TOWNSHIP}201", "漪舟村"
ACCOUNTS = ["6230007391846205174", "6230008264917350286"]


def wanted() -> list[Needle]:
    found: list[Needle] = []
    for number, (one, account) in enumerate(zip(PLANTED, ACCOUNTS, strict=True), 1):
        for kind, value in (*one.items(), ("account", account), ("card", _card(number))):
            found += needles(f"{number}: {kind}", value)
    return found


def _card(number: int) -> str:
    return invented.social_security_no(73_918_240 + number)


@pytest.fixture(scope="module")
async def published(living: Living) -> str:
    """Both people have come through cards, checks and 乡镇确认 into a notice; returns its id."""
    await _world(living)
    applicant, listed = PLANTED
    who = await living.citizen(applicant["id_no"], applicant["name"])
    consent = await living.ok(None, "GET", "/api/application/v1/consent")
    signed = {"version": consent["version"], "signature": applicant["name"]}
    answer = await living.apply(who, applicant, consent=signed, township=TOWNSHIP, village=VILLAGE)
    assert answer.status_code == 201, answer.text
    await living.ok(who, "GET", f"/api/application/v1/applications/{answer.json()['application_id']}")
    batch = await living.open_batch(PERIOD)
    row = [listed["name"], listed["id_no"], listed["phone"], VILLAGE_NAME, "低保", ""]
    spoilt = [applicant["name"], invented.wrong_check(applicant["id_no"]), "", VILLAGE_NAME, "低保", ""]
    upload = await living.upload(HANDLER, f"/api/batch/v1/batches/{batch}/rosters", roster(row, spoilt))
    assert upload.status_code == 201 and upload.json()["accepted"] == 1, upload.text

    async def candidates() -> bool:
        path = f"/api/batch/v1/batches/{batch}/candidates"
        found = await living.ok(HANDLER, "GET", path, params={"state": "open"})
        return len(found["candidates"]) >= 2

    await living.until("both are candidates", candidates)
    path = f"/api/batch/v1/batches/{batch}/slices"
    (slice_,) = await living.ok(HANDLER, "POST", path, json={"township": TOWNSHIP})

    async def confirmable() -> dict[str, Any] | None:
        query = {"node": "township_confirm", "business_key": slice_["slice_id"]}
        found = await living.ok(HANDLER, "GET", "/api/orchestrator/v1/work-items", params=query)
        return next(iter(found["work_items"]), None)

    item = await living.until("cards are matched and lines checked", confirmable)
    matched = await living.fetch("card_matching", "SELECT status FROM match_person")
    assert [row["status"] for row in matched] == ["normal", "normal"]
    done = {"decision": "approve", "form": {}}
    await living.ok(HANDLER, "POST", f"/api/orchestrator/v1/work-items/{item['id']}:complete", json=done)
    return await _publish(living, slice_["slice_id"])


async def _world(living: Living) -> None:
    """What 人社 and the other departments know of them."""
    rows = [
        {
            "id_no": one["id_no"], "name": one["name"], "ssc_no": _card(number), "card_status": "normal",
            "financial_function": "active", "bank_code": invented.OUTLETS[0], "account_no": account,
            "account_name": one["name"],
        }
        for number, (one, account) in enumerate(zip(PLANTED, ACCOUNTS, strict=True), 1)
    ]  # fmt: skip
    async with httpx.AsyncClient(base_url=living.stack.urls["agency"], trust_env=False) as agency:
        (await agency.post("/v1/behaviour", json={"processing_rate": 0})).raise_for_status()
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (await agency.post("/v1/world", content=lines.encode())).raise_for_status()
    people = [[one["id_no"], one["name"], "低保", "2022-01-01"] for one in PLANTED]
    members = roster(*people, headings=["身份证号码", "姓名", "补贴对象类别", "起始日期"])
    loaded = await living.upload(OPERATOR, "/api/verification/v1/reference/membership", members)
    assert loaded.status_code == 201, loaded.text


async def _publish(living: Living, slice_id: str) -> str:
    root = "/api/publicity/v1/notices"

    async def notice(state: str) -> dict[str, Any] | None:
        page = await living.ok(HANDLER, "GET", root)
        return next(
            (one for one in page["items"] if (one["slice_id"], one["state"]) == (slice_id, state)), None
        )

    identity = (await living.until("the notice is there", lambda: notice("to_generate")))["notice_id"]
    await living.ok(HANDLER, "POST", f"{root}/{identity}:generate")
    await living.until("its rows have names", lambda: notice("to_publish"))
    first = date(2023, 5, 8)
    body = {
        "medium": "online",
        "place": "村务公开栏",
        "starts_on": first.isoformat(),
        "ends_on": (first + timedelta(days=7)).isoformat(),
    }
    await living.ok(HANDLER, "PUT", f"{root}/{identity}", json=body)
    await living.ok(HANDLER, "POST", f"{root}/{identity}:publish")
    return str(identity)


async def test_nothing_of_a_person_is_outside_the_registry(
    living: Living, published: str, spans: SpanReceiver
) -> None:
    # Read as everybody and as officials do, so that the answers are among what is searched.
    shown = await living.ok(None, "GET", f"/api/publicity/v1/public/notices/{published}/rows")
    assert sorted(row["name"] for row in shown["items"]) == ["令**鱻", "司**曌"]
    sheet = await living.call(HANDLER, "GET", f"/api/publicity/v1/notices/{published}/sheet.xlsx")
    assert sheet.status_code == 200
    for room, path in (("verification", "hits"), ("card_matching", "results"), ("batch", "slices")):
        await living.call(HANDLER, "GET", f"/api/{room}/v1/{path}")
    await living.quiet("batch", "publicity", "orchestrator")

    leaks = [one async for one in everywhere(living, spans)]
    columns = {place for place, _ in leaks if place[0] in ROOMS}
    # Both notes of the names are found where they may be (so the search does search), and nothing else anywhere.
    assert {place[:3] for place in columns} <= set(ALLOWED_COLUMNS), leaks
    assert ("publicity", "notice_row", "posted") in columns
    answers = {place[1] for place, _ in leaks if place[0] == "answer"}
    assert {_pattern(one, published) for one in answers} == set(ALLOWED_ANSWERS), leaks
    rest = [one for one in leaks if one[0][0] not in (*ROOMS, "answer")]
    assert not rest


async def test_the_search_finds_what_is_planted(living: Living, published: str, spans: SpanReceiver) -> None:
    """The same search, with one leak of each kind put in on purpose."""
    number = PLANTED[0]["id_no"]
    spaced = f"{number[:6]} {number[6:14]} {number[14:]}"
    half = ACCOUNTS[1][9:]
    connection = await living.database("grievance")
    log = living.stack.log_dir / "planted.log"
    topic = "planted.canary"
    producer = AIOKafkaProducer(bootstrap_servers=living.stack.broker.bootstrap)
    await ensure_topics(Settings(dsn="", kafka_bootstrap=living.stack.broker.bootstrap), [topic])
    await producer.start()
    try:
        await connection.execute("CREATE TABLE planted (note text, raw bytea, doc jsonb)")
        await connection.execute(
            "INSERT INTO planted VALUES ($1, $2, $3)",
            f"见 {spaced}",
            PLANTED[1]["name"].encode("gb18030"),
            json.dumps({"a": [half]}),
        )
        log.write_text(json.dumps({"message": PLANTED[0]["name"]}))
        await producer.send_and_wait(topic, b"{}", headers=[("x", PLANTED[0]["phone"].encode())])
        found = {place async for place, _ in everywhere(living, spans)}
    finally:
        await producer.stop()
        await connection.execute("DROP TABLE IF EXISTS planted")
        await connection.close()
        log.unlink()
    planted = {("grievance", "planted", column) for column in ("note", "raw", "doc")}
    assert found >= planted | {("log", "planted.log"), ("topic", topic)}


async def everywhere(living: Living, spans: SpanReceiver) -> AsyncIterator[tuple[tuple[str, ...], str]]:
    """(place, needle) of everything found in databases, topics, logs, spans and answers."""
    hunted = wanted()

    def search(place: tuple[str, ...], haystack: bytes) -> Iterator[tuple[tuple[str, ...], str]]:
        yield from ((place, needle.what) for needle in looks(haystack, hunted))

    for room in ROOMS:
        if room != "registry":
            async for column, content in _database(living, room):
                for one in search((room, *column), content):
                    yield one
    async for topic, content in _topics(living):
        for one in search(("topic", topic), content):
            yield one
    for name, content in await asyncio.to_thread(_logs, living.stack.log_dir):
        for one in search(("log", name), content):
            yield one
    for one in search(("spans",), b"\n".join(spans.bodies)):
        yield one
    for path_, content in living.answers:
        for one in search(("answer", path_), content):
            yield one


def _logs(folder: Path) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()]


async def _database(living: Living, room: str) -> AsyncIterator[tuple[tuple[str, str], bytes]]:
    """(table, column) and every value, of all tables of all schemas; bytes as they are, all else as text."""
    connection = await living.database(room)
    try:
        columns = await connection.fetch(
            "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
            "JOIN information_schema.tables USING (table_schema, table_name) WHERE table_type = 'BASE TABLE' "
            "AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        assert len(columns) > 40, "the kit's own tables at least"
        for schema, table, column, kind in columns:
            value = f'"{column}"' if kind == "bytea" else f'"{column}"::text'
            rows = await connection.fetch(f'SELECT {value} AS value FROM "{schema}"."{table}"')
            values = [row["value"] for row in rows if row["value"] is not None]
            for content in together(one if isinstance(one, bytes) else one.encode() for one in values):
                yield (table, column), content
    finally:
        await connection.close()


async def _topics(living: Living) -> AsyncIterator[tuple[str, bytes]]:
    """Every record of every topic, with key and headers."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=living.stack.broker.bootstrap, enable_auto_commit=False, group_id=None
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=living.stack.broker.bootstrap)
    await admin.start()
    await consumer.start()
    try:
        described = await admin.describe_topics()
        topics = {one["topic"]: len(one["partitions"]) for one in described if not one["is_internal"]}
        assert any(one.startswith("subsidy.") for one in topics)
        places = [TopicPartition(topic, part) for topic in topics for part in range(topics[topic])]
        ends = await consumer.end_offsets(places)
        places = [place for place in places if ends[place]]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        left, found = set(places), defaultdict(list)
        while left:
            for place, records in (await consumer.getmany(timeout_ms=1000)).items():
                for record in records:
                    headers = b"\n".join(name.encode() + b": " + value for name, value in record.headers)
                    found[place.topic].append(b"\n".join([record.key or b"", headers, record.value or b""]))
                    if record.offset + 1 >= ends[place]:
                        left.discard(place)
        for topic, contents in found.items():
            for content in together(contents):
                yield topic, content
    finally:
        await consumer.stop()
        await admin.close()


def _pattern(answer: str, identity: str) -> str:
    return answer.replace(identity, "{id}")
