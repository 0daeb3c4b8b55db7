"""Photos as evidence, and where persons' data may stand."""

from kit import crypto
from kit.mask import find_pii
from kit.testing import RoomHarness
from services.publicity.domain.photos import MAX_PHOTO_BYTES
from services.publicity.tests.conftest import (
    COUNTY_HANDLER,
    JPEG,
    PNG,
    START,
    days,
    line,
    name_of,
    on_day,
    stated,
)
from services.publicity.tests.desk import Clerk, publish_slice


async def test_a_photo_is_checked_sealed_and_given_back(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated([line(1)]), publish_slice())
    notice_id = await clerk.notice()
    await clerk.generate(notice_id)
    await clerk.photo(notice_id, "start", START, 409)
    await clerk.fill_in(notice_id)
    await clerk.do("POST", f"/notices/{notice_id}:publish")
    first = await clerk.photo(notice_id, "start", START)
    assert first["digest"] == crypto.digest(PNG)
    again = await clerk.photo(notice_id, "start", START)
    assert again["photo_id"] == first["photo_id"]
    await clerk.photo(notice_id, "start", START, data=JPEG)
    await clerk.photo(notice_id, "start", START, 422, data=b"GIF89a....")
    await clerk.photo(notice_id, "start", days(1), 422)
    await clerk.photo(notice_id, "end", days(7), 422)
    await clerk.photo(notice_id, "start", START, 413, data=PNG + bytes(MAX_PHOTO_BYTES))
    seen = await Clerk(room, COUNTY_HANDLER).send("GET", f"/notices/{notice_id}/photos/{first['photo_id']}")
    assert (seen.content, seen.headers["content-type"]) == (PNG, "image/png")
    await clerk.do("GET", f"/notices/{notice_id}/photos/none", 404)
    assert len((await clerk.do("GET", f"/notices/{notice_id}"))["photos"]) == 2


async def test_names_stand_in_two_columns_and_nothing_else_of_a_person_anywhere(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated([line(1), line(2)]), publish_slice())
    notice_id = await clerk.notice()
    await clerk.confirmed(notice_id)
    on_day(days(8))
    await clerk.send("GET", f"/notices/{notice_id}/sheet.xlsx")
    holders: set[tuple[str, str]] = set()
    canaries = [name_of("subject-1"), name_of("subject-2")]
    async with room.room.tx() as tx:
        columns = await tx.fetch(
            "SELECT table_name AS t, column_name AS c, data_type AS d FROM information_schema.columns "
            "WHERE table_schema = 'public'"
        )
        for column in columns:
            text = "encode({}, 'hex')" if column["d"] == "bytea" else "{}::text"
            values = await tx.fetch(
                f'SELECT {text.format(chr(34) + column["c"] + chr(34))} AS v FROM "{column["t"]}"'
            )
            for value in values:
                if value["v"] is None:
                    continue
                found = [*canaries, *(name.encode().hex() for name in canaries)]
                if any(name in value["v"] for name in found):
                    holders.add((column["t"], column["c"]))
                if column["d"] != "bytea":
                    assert not list(find_pii(value["v"])), (column["t"], column["c"])
                assert PNG.hex() not in value["v"], "photos are sealed"
    assert holders == {("notice_row", "posted")}
