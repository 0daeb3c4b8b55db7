"""What a result does to a line. Decided once here and applied set-wise in SQL through `table()`.

A pass counts only for the `rev` it looked at; a hit counts whatever the rev (a late death must not be lost
because an objection held the line meanwhile). A hit holds, it never voids (decisions §4).
"""

from collections.abc import Callable
from itertools import product
from typing import Any

from contracts.batch import LineState

CARD_STATUSES = ("normal", "abnormal", "processing")
VERDICTS = ("pass", "warn", "hold", "block")
OPEN = (LineState.ABNORMAL, LineState.PROCESSING, LineState.HELD)
"""States that a person or another room must still settle; the opposite of normal and of final."""
FINAL = (LineState.VOID, LineState.PAID, LineState.FAILED)

UNKNOWN_VILLAGE = "村（社区）不在受理地区 (the village is not in the township)"
UNDER_OBJECTION = "异议处理中 (an objection is being looked into)"
UNREADABLE = "结果无法读取，需重新核对 (the result could not be read)"

Rule = Callable[[LineState, bool, str, bool], LineState | None]


def after_card(state: LineState, waiting: bool, status: str, same_rev: bool) -> LineState | None:
    """Next state after 人社匹卡, or None for no change. `waiting`: processing for a stated reason."""
    if state not in (LineState.NORMAL, LineState.PROCESSING):
        return None
    if status == "abnormal":
        return LineState.ABNORMAL
    if status == "processing":
        return None if waiting else LineState.PROCESSING if state is LineState.NORMAL or same_rev else None
    if state is LineState.PROCESSING and same_rev:
        return LineState.NORMAL
    return None


def after_finding(state: LineState, waiting: bool, verdict: str, same_rev: bool) -> LineState | None:
    """Next state after 预警核实, or None for no change."""
    if state in FINAL:
        return None
    if verdict in ("hold", "block"):
        return None if state is LineState.HELD else LineState.HELD
    if state is LineState.PROCESSING and not waiting and same_rev:
        return LineState.NORMAL
    return None


def table(rule: Rule, results: tuple[str, ...]) -> list[dict[str, Any]]:
    """All changes that a rule can make, as rows to join with: state, waiting, result, same, next."""
    rows = []
    for state, waiting, result, same in product(LineState, (False, True), results, (False, True)):
        following = rule(state, waiting, result, same)
        if following is not None:
            rows.append(
                {"state": state, "waiting": waiting, "result": result, "same": same, "next": following}
            )
    return rows


def released(resume: LineState, *, still_with_township: bool) -> str:
    """Where a line goes when its last objection is dismissed: `resume` in its slice, or `move` on (§5).

    A slice that was signed has moved on without the line; it then joins a supplement submission.
    """
    return "resume" if still_with_township and resume in (*OPEN, LineState.NORMAL) else "move"
