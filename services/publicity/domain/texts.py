"""Texts of rows: until 测算 an amount is 待测算, never 0.00 and not a guess (decisions §6)."""

from collections.abc import Callable

UNNAMED = "***"
"""Shown where the registry knows no such person any more (erased)."""
NOT_CALCULATED = "待测算"


def quantity_heading(unit: str | None) -> str:
    """The column's heading with its unit: 面积（亩）, 数量（人·月）."""
    if not unit:
        return "数量"
    return f"{'面积' if unit == '亩' else '数量'}（{unit}）"


def amount_text(amount_fen: int | None, format_yuan: Callable[[int], str]) -> str:
    """The amount in yuan, or 待测算."""
    return NOT_CALCULATED if amount_fen is None else format_yuan(amount_fen)
