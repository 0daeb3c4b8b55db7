"""What a reviewed hit means for one line."""

from enum import StrEnum


class Consequence(StrEnum):
    """What becomes of the line."""

    GOES_ON = "goes_on"
    OTHER_PAYEE = "other_payee"
    LEAVES = "leaves"
    LEAVES_AND_ENDS = "leaves_and_ends"


def consequence(verdict: str, named: str, last_period: str | None, entitlement_period: str) -> Consequence:
    """Lifted, or owed all the same: it goes on. A stop leaves what is owed up to `last_period`, that included.

    Periods are `YYYY` or `YYYYMM`; they compare by what they share. An unknown consequence is the mildest that
    pays nothing wrong: the line leaves for this period.
    """
    if verdict != "confirmed":
        return Consequence.GOES_ON
    if named == "payee":
        return Consequence.OTHER_PAYEE
    if named != "stop":
        return Consequence.LEAVES
    if last_period is not None:
        shared = min(len(last_period), len(entitlement_period))
        if entitlement_period[:shared] <= last_period[:shared]:
            return Consequence.GOES_ON
    return Consequence.LEAVES_AND_ENDS
