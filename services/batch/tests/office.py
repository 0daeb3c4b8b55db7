"""The officials of a county and what they do over HTTP; `county.py` adds the other rooms."""

from collections.abc import Callable, Sequence
from typing import Any

from contracts.application import ApplicationListed
from contracts.batch import (
    Line,
    LinesStated,
    SliceOpened,
)
from contracts.orchestrator import ProjectDeployed
from kit.auth import Actor, Role
from kit.ids import new_id
from kit.testing import RoomHarness, Sent, official, only

PROJECT, PERIOD, COUNTY = "11810", "202305", "539901"
TOWN, OTHER_TOWN = "539901101", "539901102"
VILLAGE, VILLAGE_NAME = "539901101201", "絮樵村"
CATEGORY = "destitute"
HANDLER = official(Role.TOWNSHIP_HANDLER, TOWN)
REVIEWER = official(Role.TOWNSHIP_REVIEWER, TOWN)
COUNTY_HANDLER = official(Role.COUNTY_HANDLER, COUNTY)
COUNTY_REVIEWER = official(Role.COUNTY_REVIEWER, COUNTY)
FINANCE = official(Role.FINANCE_REVIEWER, COUNTY)


def revisions(sent: Sequence[Sent]) -> dict[tuple[str, int], list[Line]]:
    """The revisions that were stated, complete."""
    found: dict[tuple[str, int], list[Line]] = {}
    for part in only(list(sent), LinesStated):
        found.setdefault((part.stream_id, part.revision), []).extend(part.rows)
    return found


class Office:
    """A batch in the room under test, and its officials' HTTP calls."""

    def __init__(self, room: RoomHarness) -> None:
        self.room = room
        self.batch_id = ""

    async def open(self, period: str = PERIOD, **more: Any) -> None:
        """Deploy the project (`more` in its manifest) and open the batch."""
        manifest = {
            "project": {"name": "经济困难老年人服务补贴"},
            "categories": {CATEGORY: "特困人员", "poor": "低保"},
            **more,
        }
        await self.room.deliver(
            ProjectDeployed(project=PROJECT, version="v1", manifest=manifest, rules={}, form_schema={})
        )
        body = {"project": PROJECT, "period": period, "county": COUNTY}
        self.batch_id = (await self.post(COUNTY_HANDLER, "/batches", body))["batch_id"]
        await self.room.emitted()

    async def call(self, actor: Actor | None, method: str, path: str, **options: Any) -> Any:
        """An HTTP answer."""
        async with self.room.client(actor) as client:
            return await client.request(method, f"/api/batch/v1{path}", **options)

    async def post(self, actor: Actor, path: str, body: Any) -> Any:
        """A successful POST."""
        answer = await self.call(actor, "POST", path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def get(self, actor: Actor, path: str) -> Any:
        """A successful GET."""
        answer = await self.call(actor, "GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def list_applications(
        self,
        count: int,
        *,
        township: str = TOWN,
        village: str | None = VILLAGE_NAME,
        category: str = CATEGORY,
        subject: Callable[[int], str] = lambda number: f"s{number}-{new_id()[:8]}",
    ) -> list[str]:
        """Applications arrive on the 补贴清单."""
        listed = [
            ApplicationListed(
                application_id=new_id(),
                subject_id=subject(number),
                project=PROJECT,
                township=township,
                village=village,
                category=category,
                channel="mini_program",
            )
            for number in range(count)
        ]
        await self.room.deliver(*listed, twice=False)
        return [one.application_id for one in listed]

    async def submit(
        self, count: int = 3, *, township: str = TOWN, village: str | None = None
    ) -> tuple[SliceOpened, list[Line]]:
        """A submission of `count` fresh applications; its opening event and revision 1."""
        village = village or self.room.room.regions.children(township)[0].name
        if count:
            await self.list_applications(count, township=township, village=village)
        actor = official(Role.TOWNSHIP_HANDLER, township)
        await self.post(actor, f"/batches/{self.batch_id}/slices", {"township": township})
        sent = await self.room.emitted()
        (opened,) = only(sent, SliceOpened)
        return opened, revisions(sent)[(opened.slice_id, 1)]
