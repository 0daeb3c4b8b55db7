"""The rows behind a fact, as text to fingerprint."""

from collections.abc import Sequence

from kit.db import Tx
from services.verification.store.facts_sql import EVIDENCE

_ROWS = {
    "death": ("deaths", "member_deaths"),
    "member_death": ("member_deaths",),
    "payee_death": ("payee_deaths",),
    "exclusive_subsidy": ("exclusive_subsidy", "exclusive"),
    "higher_subsidy": ("higher",),
    "prisoner": ("prisoners",),
    "company": ("companies",),
    "vehicle": ("vehicles",),
    "property": ("properties",),
    "village_cadre": ("village_cadres",),
}

Rows = dict[tuple[int, str], str]


async def rows_of(tx: Tx, places: Sequence[int]) -> Rows:
    """(place, kind of row) → its rows as text, of the places named."""
    if not places:
        return {}
    return {(row["place"], row["fact"]): row["rows"] for row in await tx.fetch(EVIDENCE, places)}


def behind(found: Rows, place: int, fact: str) -> str:
    """What stands behind a fact of a place; "" where nothing is listed."""
    return "\n".join(found[place, kind] for kind in _ROWS.get(fact, (fact,)) if (place, kind) in found)
