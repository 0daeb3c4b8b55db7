"""M43: pictures of a case, without metadata, at most ten, and who may look at them."""

import struct
import zlib

import pytest

from kit.auth import Actor
from kit.testing import RoomHarness
from services.grievance.domain import media_type, without_metadata
from services.grievance.tests.conftest import API, DESK, NEIGHBOUR, OTHER, SURVEYOR
from services.grievance.tests.test_cases import SERVICE, complain, get


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A picture of one pixel with further chunks."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunk(*one) for one in chunks) + body + chunk(b"IEND", b"")


def jpeg(comment: bytes = b"") -> bytes:
    """Marker segments as cameras write them; the scan is not a real picture."""
    exif = b"\xff\xe1" + struct.pack(">H", 2 + 6 + len(comment)) + b"Exif\0\0" + comment
    jfif = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0" + bytes(9)
    return b"\xff\xd8" + jfif + exif + b"\xff\xda\x00\x02scan" + b"\xff\xd9" + b"behind"


def test_pictures_lose_what_tells_place_and_device() -> None:
    clean = without_metadata(png((b"tEXt", b"GPS\0 24.0N"), (b"eXIf", b"GPS")))
    assert clean == png() and media_type(clean) == "image/png"
    clean = without_metadata(jpeg(b"GPS 24.0N"))
    assert b"GPS" not in clean and b"behind" not in clean and b"scan" in clean and b"JFIF" in clean


@pytest.mark.parametrize("bad", [png()[:-4], jpeg()[:20], b"\xff\xd8\xff\xe0\x00\x00", b"\x89PNG\r\n\x1a\n"])
def test_a_broken_picture_is_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match=r"cut off|no end|no scan"):
        without_metadata(bad)


async def upload(room: RoomHarness, case_id: str, data: bytes, who: Actor, status: int = 201) -> str:
    async with room.client(who) as client:
        answer = await client.post(
            f"{API}/cases/{case_id}/images", files={"file": ("x.png", data, "image/png")}
        )
    assert answer.status_code == status, answer.text
    return str(answer.json().get("image_id"))


async def test_a_complainants_picture_is_for_the_desk_and_its_author(room: RoomHarness) -> None:
    case_id = await complain(room, SERVICE)
    mine = await upload(room, case_id, png((b"tEXt", b"GPS")), NEIGHBOUR)
    assert await upload(room, case_id, png(), NEIGHBOUR) == mine, "without metadata it is the same picture"
    seen = await upload(room, case_id, png((b"pHYs", bytes(9))), SURVEYOR)
    for who, allowed in ((NEIGHBOUR, {mine}), (DESK, {mine, seen}), (SURVEYOR, {seen})):
        shown = await get(room, f"cases/{case_id}", who)
        assert {one["image_id"] for one in shown["images"]} == allowed
        for image in (mine, seen):
            async with room.client(who) as client:
                answer = await client.get(f"{API}/cases/{case_id}/images/{image}")
            assert answer.status_code == (200 if image in allowed else 404)
            if image == mine and answer.status_code == 200:
                assert answer.content == png()
    await upload(room, case_id, png(), OTHER, 404)
    await upload(room, case_id, b"GIF89a", NEIGHBOUR, 422)


async def test_ten_pictures_and_no_more(room: RoomHarness) -> None:
    case_id = await complain(room, SERVICE)
    for number in range(10):
        await upload(room, case_id, png((b"pHYs", bytes([number] * 9))), NEIGHBOUR)
    await upload(room, case_id, png(), NEIGHBOUR, 409)
