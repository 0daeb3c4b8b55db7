"""The posted sheet as PDF, set by typst in a thread with the CJK font of a wheel, or the system's own."""

import asyncio
import importlib.util
import json
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import typst

MOST_ROWS = 5000
"""Most rows of one PDF: about two seconds and some ten megabytes; a village has far fewer."""
FAMILY = "Noto Sans CJK SC"
_DEBIAN = Path("/usr/share/fonts/opentype/noto")


@lru_cache(maxsize=1)
def fonts() -> typst.Fonts:
    """The fonts with Chinese glyphs, found once. Raises RuntimeError: a sheet of empty boxes is no notice."""
    wheel = importlib.util.find_spec("manimgx_fonts_cjk")
    places = [str(Path(wheel.origin).parent)] if wheel and wheel.origin else []
    places += [str(_DEBIAN)] if _DEBIAN.is_dir() else []
    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=places)
    if FAMILY not in found.families():
        raise RuntimeError(f"no font {FAMILY}: install manimgx-fonts-cjk or fonts-noto-cjk")
    return found


def render(data: dict[str, Any], form: Literal["pdf", "png"]) -> bytes | list[bytes]:
    """The sheet as `pdf` (bytes) or `png` (bytes, or a list of them, one per page)."""
    source = (files("services.publicity") / "ports" / "sheet.typ").read_bytes()
    return typst.compile(
        source,
        font_paths=fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        format=form,
    )


async def pdf(data: dict[str, Any]) -> bytes:
    """The sheet as PDF; typst works without the interpreter's lock, so the loop goes on."""
    made = await asyncio.to_thread(render, data, "pdf")
    assert isinstance(made, bytes), "only pictures come page by page"
    return made
