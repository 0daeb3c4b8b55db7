"""The posted sheet's columns and totals: quantities in the project's unit, amounts where there are any."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from kit.money import format_yuan
from kit.regions import RegionTable
from services.publicity.domain.terms import is_area_notice, name_of, period_label, unit_of
from services.publicity.domain.texts import amount_text, quantity_heading
from services.publicity.store.rows import ShownRow
from services.publicity.store.tables import Notice


class Form:
    """One notice's form. An area notice (pool ÷ area, before its price) has no amounts at all."""

    def __init__(self, notice: Notice, manifest: dict[str, Any], regions: RegionTable) -> None:
        self.notice, self.manifest, self.regions = notice, manifest, regions
        self.unit = unit_of(manifest)
        self.area = is_area_notice(manifest, notice.with_amounts)
        amount = () if self.area else ("金额（元）",)
        self.headings: tuple[str, ...] = ("序号", "姓名", "村组", quantity_heading(self.unit), *amount)

    def cells(self, rows: Iterable[ShownRow]) -> list[list[str]]:
        """The rows, numbered from one."""
        return [self._row(number, row) for number, row in enumerate(rows, start=1)]

    def _row(self, number: int, row: ShownRow) -> list[str]:
        cells = [str(number), row.name, self.regions.name(row.village), row.quantity]
        return cells if self.area else [*cells, amount_text(row.amount_fen, format_yuan)]

    def sheet(self, found: Sequence[ShownRow]) -> dict[str, Any]:
        """What the printer sets, a section per village."""
        notice = self.notice
        return {
            "title": notice.title,
            "project": f"{notice.project} {name_of(self.manifest, notice.project)}",
            "period": period_label(notice.period),
            "township": self.regions.full_name(notice.township),
            "place": notice.place or ("线上" if notice.medium == "online" else "待填写"),
            "dates": f"{notice.starts_on} 至 {notice.ends_on}" if notice.starts_on else "待填写",
            "headings": list(self.headings),
            "sections": [
                self._section(list(part), self.regions.name(village))
                for village, part in groupby(found, key=_village)
            ],
        }

    def _section(self, part: list[ShownRow], village: str) -> dict[str, Any]:
        amounts = [row.amount_fen for row in part if row.amount_fen is not None]
        total = sum(amounts) if len(amounts) == len(part) else None
        quantity = format(sum((Decimal(row.quantity) for row in part), Decimal()), "f")
        amount = [] if self.area else [amount_text(total, _thousands)]
        return {
            "village": village,
            "rows": self.cells(part),
            "count": len(part),
            "totals": [quantity, *amount],
        }


def _village(row: ShownRow) -> str:
    return row.village


def _thousands(fen: int) -> str:
    return format_yuan(fen, thousands=True)
