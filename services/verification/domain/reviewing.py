"""Deciding a line's hits: what two people's decisions mean for the line as a whole."""

from collections.abc import Sequence
from typing import NamedTuple

from services.verification.domain.periods import is_after

LIFT, CONFIRM = "lift", "confirm"
STATE_OF = {LIFT: "lifted", CONFIRM: "confirmed"}
HOLDING = frozenset({"hold", "block"})
_SEVERITY = ("payee", "exclude", "stop")


def leaves_owed(fact: str, consequence: str | None, last_period: str | None, period: str) -> bool:
    """Whether a confirmed hit leaves its own line owed: a stop that begins later, a beneficiary's heirs to be paid.

    The payee's own death is another matter: it ends when the payee changes.
    """
    if consequence == "payee":
        return fact == "death"
    return consequence == "stop" and last_period is not None and not is_after(period, last_period)


class Decided(NamedTuple):
    """One decided hit of a line."""

    rule: str
    text: str
    state: str
    consequence: str | None
    last_period: str | None


class Outcome(NamedTuple):
    """What follows for the line."""

    verdict: str
    consequence: str
    rules: list[str]
    reason: str
    last_period: str | None


def outcome(hits: Sequence[Decided]) -> Outcome:
    """cleared when all were lifted; else confirmed with the gravest consequence.

    Of several stops the earliest last period counts: nothing is owed once any of them holds.
    """
    confirmed = [one for one in hits if one.state == "confirmed"]
    named = confirmed or list(hits)
    texts = "；".join(dict.fromkeys(f"{one.rule} {one.text}" for one in named))
    rules = sorted({one.rule for one in named})
    if not confirmed:
        return Outcome("cleared", "none", rules, f"核实解除 (lifted): {texts}", None)
    gravest = max((one.consequence or "exclude" for one in confirmed), key=_SEVERITY.index)
    lasts = [one.last_period for one in confirmed if one.consequence == gravest and one.last_period]
    last = min(lasts) if gravest == "stop" and lasts else None
    return Outcome("confirmed", gravest, rules, f"核实属实 (confirmed): {texts}", last)
