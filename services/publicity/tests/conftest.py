"""A publicity room on a database of its own, beside a registry that exists as an HTTP answer only."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from contracts.base import rows_digest
from contracts.batch import Line, LinesStated, LineState
from contracts.registry import Named, NamesReply, SubjectsRequest
from kit import clock
from kit.auth import Role
from kit.peers import Peers
from kit.testing import RoomHarness, official
from services.publicity.app import service
from services.publicity.ports.vault import open_vault

COUNTY, TOWNSHIP, OTHER_TOWNSHIP = "539901", "539901101", "539901102"
VILLAGES = ("539901101201", "539901101202")
API = "/api/publicity/v1"
HANDLER = official(Role.TOWNSHIP_HANDLER, TOWNSHIP)
COUNTY_HANDLER = official(Role.COUNTY_HANDLER, COUNTY)
START = date(2023, 5, 8)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(64))


@dataclass
class FakeRegistry:
    """Answers `subjects:names` for everybody but `erased`; child subjects end in "-child"."""

    down: bool = False
    erased: set[str] = field(default_factory=set)
    calls: list[int] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the registry would say."""
        assert request.url.path == "/internal/v1/subjects:names"
        assert request.headers["authorization"].startswith("Bearer ")
        if self.down:
            return httpx.Response(503)
        asked = SubjectsRequest.model_validate_json(request.content)
        self.calls.append(len(asked.subject_ids))
        names = [
            Named(subject_id=one, name=name_of(one), child=one.endswith("-child"))
            for one in asked.subject_ids
            if one not in self.erased
        ]
        return httpx.Response(200, content=NamesReply(names=names).model_dump_json())


def name_of(subject_id: str) -> str:
    """An invented name per subject: 陶砚 and a character of its own."""
    return "陶砚" + chr(0x4E00 + int(subject_id.split("-")[1]) % 5000)


def line(number: int, *, state: LineState = LineState.NORMAL, child: bool = False, rev: int = 1) -> Line:
    """An invented line; even numbers live in the first village."""
    subject = f"subject-{number}{'-child' if child else ''}"
    return Line(
        line_id=f"line-{number:06d}",
        rev=rev,
        application_id=f"application-{number}",
        subject_id=subject,
        payee_id=subject,
        village=VILLAGES[number % 2],
        state=state,
        entitlement_period="202305",
        amount_fen=5000,
    )


def stated(
    rows: Sequence[Line], slice_id: str = "slice-1", revision: int = 3, township: str = TOWNSHIP
) -> list[LinesStated]:
    """A revision in parts of 1,000."""
    parts = [rows[at : at + 1000] for at in range(0, len(rows), 1000)] or [[]]
    return [
        LinesStated(
            stream_id=slice_id,
            revision=revision,
            index=index,
            count=len(parts),
            digest=rows_digest(rows),
            batch_id="batch-1",
            project="11810",
            period="202305",
            county=COUNTY,
            township=township,
            category="elderly",
            rows=list(part),
        )
        for index, part in enumerate(parts)
    ]


@pytest.fixture
def registry() -> FakeRegistry:
    """The registry as publicity meets it."""
    return FakeRegistry()


@pytest.fixture
async def room(
    postgres_dsn_factory: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    registry: FakeRegistry,
) -> AsyncIterator[RoomHarness]:
    """The empty room; it is 8 May 2023, nine in the morning in China."""
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    harness = await RoomHarness.create(
        "publicity",
        "services.publicity",
        service.handlers,
        service.app,
        postgres_dsn_factory(),
        tmp_path,
        room_urls={"registry": "http://registry"},
    )
    http = httpx.AsyncClient(transport=httpx.MockTransport(registry.answer))
    harness.room.peers = Peers(harness.room.settings, harness.room.tokens, http)
    await open_vault(harness.room)
    on_day(START)
    yield harness
    clock.reset_business_clock()
    await http.aclose()
    await harness.close()


def on_day(day: date) -> None:
    """Make it nine in the morning of this day in China."""
    clock.set_business_now(datetime(day.year, day.month, day.day, 1, tzinfo=UTC))


def days(count: int) -> date:
    """The day this many days after the start."""
    return START + timedelta(days=count)
