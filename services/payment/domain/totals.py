"""Totals that cross-foot: every way of adding up the same orders must give the same sum (domain §4).

Lines are added, never tariff × heads: real lists carry corrections of a few yuan.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Cell(NamedTuple):
    """Payments of a township in a category; amounts net of deductions, in fen."""

    project: str
    township: str
    category: str
    lines: int
    amount_fen: int
    paid: int
    paid_fen: int


class Row(NamedTuple):
    """Cells added up under one key."""

    key: str
    lines: int
    amount_fen: int
    paid: int
    paid_fen: int


class Slice(NamedTuple):
    """What was written down of a slice when its order was drawn."""

    order_id: str
    township: str
    category: str
    lines: int
    total_fen: int


class Order(NamedTuple):
    """What an order and its accepted voucher say; `voucher_fen` None while there is none."""

    order_id: str
    lines: int
    total_fen: int
    voucher_fen: int | None


def add_up(cells: Iterable[Cell], by: str) -> list[Row]:
    """Rows by `project`, `township` or `category`, sorted."""
    sums: dict[str, list[int]] = {}
    for cell in cells:
        row = sums.setdefault(getattr(cell, by), [0, 0, 0, 0])
        for place, value in enumerate(cell[3:]):
            row[place] += value
    return [Row(key, *sums[key]) for key in sorted(sums)]


def cross_foot(cells: list[Cell], slices: list[Slice], orders: list[Order]) -> dict[str, bool]:
    """Each equation by name, and whether it holds. The payments, the slices as drawn, the orders and the
    vouchers are four books kept apart; none is computed from another."""
    lines, fen = sum(one.lines for one in cells), sum(one.amount_fen for one in cells)
    drawn = {
        by: _sums((getattr(one, by), one.lines, one.total_fen) for one in slices)
        for by in ("township", "category")
    }
    booked = {by: _sums((row.key, row.lines, row.amount_fen) for row in add_up(cells, by)) for by in drawn}
    of_orders = _sums((one.order_id, one.lines, one.total_fen) for one in slices)
    return {
        "townships": _nonzero(booked["township"]) == _nonzero(drawn["township"]),
        "categories": _nonzero(booked["category"]) == _nonzero(drawn["category"]),
        "slices_are_orders": all(of_orders.get(one.order_id, (0, 0)) == one[1:3] for one in orders),
        "orders": (sum(one.lines for one in orders), sum(one.total_fen for one in orders)) == (lines, fen),
        "vouchers": all(one.voucher_fen == one.total_fen for one in orders),
    }


def _sums(rows: Iterable[tuple[str, int, int]]) -> dict[str, tuple[int, int]]:
    sums: dict[str, tuple[int, int]] = {}
    for key, lines, fen in rows:
        before = sums.get(key, (0, 0))
        sums[key] = (before[0] + lines, before[1] + fen)
    return sums


def _nonzero(sums: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    return {key: value for key, value in sums.items() if value != (0, 0)}
