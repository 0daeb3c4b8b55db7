"""What a person's data look like when they have leaked: plain, spaced, halved, encoded; and where to look."""

import base64
import contextlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import zstandard

_BETWEEN = re.compile(rb"(?<=[0-9])[ \t_-]+(?=[0-9Xx])|(?<=[\x80-\xff])[ \xc2\xa0]+(?=[\x80-\xff])")
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Needle:
    """One spelling of one planted value; `what` names it without repeating it."""

    what: str
    bytes: bytes


def needles(kind: str, text: str) -> Iterator[Needle]:
    """Every spelling of a planted value, and of each half of it."""
    middle = len(text) // 2
    # Short numbers overlap at the middle: six digits alone would be found by chance.
    reach = 2 if text.isascii() and len(text) < 14 else 0
    for part, value in (("whole", text), ("head", text[: middle + reach]), ("tail", text[middle - reach :])):
        if part != "whole" and not text.isascii() and len(value) < 2:
            continue
        for spelling, found in _spellings(value):
            yield Needle(f"{kind} {part} {spelling}", found)


def _spellings(value: str) -> Iterator[tuple[str, bytes]]:
    yield "plain", value.encode()
    if value.lower() != value:
        yield "lower", value.lower().encode()
    if value.isascii():
        yield "full-width", "".join(chr(ord(one) + 0xFEE0) for one in value).encode()
    else:
        yield "escaped", json.dumps(value)[1:-1].encode()
        yield "percent", quote(value).encode()
        yield "gb18030", value.encode("gb18030")
    yield "hex", value.encode().hex().encode()
    for shift in range(3):
        # Within a longer text a value begins at any of three places of base64's groups.
        coded = base64.b64encode(b"\0" * shift + value.encode()).rstrip(b"=")
        yield f"base64+{shift}", coded[-(-shift * 8 // 6) : len(coded) - 1]


def looks(haystack: bytes, wanted: list[Needle]) -> Iterator[Needle]:
    """Which needles are in there, also behind blanks and inside archives and compressed parts."""
    for layer in _layers(haystack):
        for needle in wanted:
            if needle.bytes in layer:
                yield needle


def together(contents: Iterable[bytes]) -> Iterator[bytes]:
    """Many small contents as few: all that is neither compressed nor an archive in one."""
    plain: list[bytes] = []
    for one in contents:
        if _ZSTD in one or _ZIP in one:
            yield one
        else:
            plain.append(one)
    yield b"\n".join(plain)


def _layers(haystack: bytes) -> Iterator[bytes]:
    yield haystack
    yield _BETWEEN.sub(b"", haystack)
    at = haystack.find(_ZSTD)
    if at >= 0:
        with contextlib.suppress(zstandard.ZstdError):  # four bytes that only looked like it
            yield zstandard.ZstdDecompressor().decompress(haystack[at:], max_output_size=64 << 20)
    at = haystack.find(_ZIP)
    if at >= 0:
        with zipfile.ZipFile(io.BytesIO(haystack[at:])) as archive:
            for name in archive.namelist():
                yield archive.read(name)
