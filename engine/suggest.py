"""Did you mean …: the nearest known name beside an unknown one."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`，是否 payment.calculate_set？`, or nothing when no known name is near."""
    near = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"，是否 {near[0]}？" if near else ""
