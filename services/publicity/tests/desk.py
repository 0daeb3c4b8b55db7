"""A township's clerk at work, as the tests need it: every step through the public HTTP interface."""

from datetime import date
from typing import Any

import httpx

from contracts.batch import SliceRevision
from contracts.publicity import PublishSet, PublishSlice
from kit.auth import Actor
from kit.testing import RoomHarness
from services.publicity.handlers import workers
from services.publicity.tests.conftest import API, COUNTY, HANDLER, PNG, START, TOWNSHIP, days, on_day


def publish_slice(
    slice_id: str = "slice-1", *, with_amounts: bool = False, revision: int = 3
) -> PublishSlice:
    """公示① of a slice."""
    return PublishSlice(
        slice_id=slice_id,
        revision=revision,
        project="11810",
        period="202305",
        township=TOWNSHIP,
        round=1,
        with_amounts=with_amounts,
    )


def publish_set(*slice_ids: str, set_id: str = "set-1") -> PublishSet:
    """公示② of a set."""
    return PublishSet(
        set_id=set_id,
        project="11810",
        period="202305",
        county=COUNTY,
        slices=[SliceRevision(slice_id=one, revision=3) for one in slice_ids],
        round=2,
        with_amounts=True,
    )


class Clerk:
    """Somebody with a token; `do` expects a status and returns the answer's JSON."""

    def __init__(self, room: RoomHarness, who: Actor = HANDLER) -> None:
        self.room, self.who = room, who

    async def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The plain answer."""
        async with self.room.client(self.who) as client:
            return await client.request(method, API + path, **more)

    async def do(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        """The answer's JSON; fails when the status is another."""
        answer = await self.send(method, path, **more)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json()

    async def notice(self, **wanted: Any) -> str:
        """The id of the only notice that fits."""
        page = await self.do("GET", "/notices", params=wanted)
        [one] = page["items"]
        return str(one["notice_id"])

    async def generate(self, notice_id: str) -> None:
        """Have the rows made, and run the worker to the end."""
        await self.do("POST", f"/notices/{notice_id}:generate", 202)
        await self.room.work(workers.generate)

    async def fill_in(self, notice_id: str, start: date = START, end: date | None = None, **more: Any) -> Any:
        """Place and dates; offline at the board unless told otherwise."""
        body = {
            "medium": "offline",
            "place": "村务公开栏",
            "starts_on": str(start),
            "ends_on": str(end or days(7)),
        }
        status = more.pop("status", 200)
        return await self.do("PUT", f"/notices/{notice_id}", status, json={**body, **more})

    async def photo(
        self, notice_id: str, moment: str, day: date, status: int = 201, data: bytes = PNG
    ) -> Any:
        """Upload a photo."""
        return await self.do(
            "POST",
            f"/notices/{notice_id}/photos",
            status,
            files={"file": ("photo", data)},
            data={"moment": moment, "taken_on": str(day)},
        )

    async def published(self, notice_id: str) -> None:
        """Generate, fill in and publish."""
        await self.generate(notice_id)
        await self.fill_in(notice_id)
        await self.do("POST", f"/notices/{notice_id}:publish")

    async def confirmed(self, notice_id: str) -> None:
        """From the empty notice to the final confirmation, with photos, eight days later."""
        await self.published(notice_id)
        on_day(days(8))
        await self.photo(notice_id, "start", START)
        await self.photo(notice_id, "end", days(7))
        await self.do("POST", f"/notices/{notice_id}:confirm")
        on_day(START)
