"""What a hit rests on: the fact, its value and the rows that say so, as one fingerprint."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from services.verification.domain.rulebook import FACTS, Ruling

_FACT_OF = {"identity": "person_known", "period": "period_known"}


def fact_of(ruling: Ruling) -> str:
    """The fact a ruling names as its evidence, or "" where it names none that is known."""
    name = _FACT_OF.get(ruling.evidence, ruling.evidence)
    return name if name in FACTS else ""


def fingerprint(ruling: Ruling, facts: Mapping[str, Any], row: str) -> str:
    """Equal while rule, fact, its value and the evidence's rows are equal.

    A lifted hit is quiet only as long: a death that falls into another period, another row, another source is
    looked at again. A ruling without a known fact rests on all of them.
    """
    name = fact_of(ruling)
    value = facts[name] if name else {key: facts[key] for key in FACTS if key != "stage"}
    text = json.dumps([ruling.rule, name, value, row], ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
