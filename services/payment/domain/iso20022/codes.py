"""Our failure codes and ISO's reason codes (domain §4), and what a transaction status says of a payment."""

from services.payment.domain.codes import OTHER

ISO_OF = {
    "F01": "BE01",
    "F02": "AC01",
    "F03": "AC04",
    "F04": "AC06",
    "F05": "AG01",
    "F06": "AC06",
    "F07": "AM02",
    "F08": "AM05",
    "F09": "RC01",
    "F10": "FF01",
    "F99": "NARR",
}
# AC06 stands for frozen and for lost: read back as frozen, the word that is true of both.
_OURS = {iso: ours for ours, iso in reversed(ISO_OF.items())}

STATUS = {
    "ACSC": "success",
    "ACCC": "success",
    "RJCT": "failed",
    # Not final: neither paid nor failed, so a query settles it.
    "ACSP": "unknown",
    "ACTC": "unknown",
    "ACCP": "unknown",
    "ACWC": "unknown",
    "PDNG": "unknown",
    "RCVD": "unknown",
}
"""Transaction status → what a result file says; any other status refuses the file."""


def ours(iso: str) -> str:
    """Our code of an ISO reason; F99 for one that the table doesn't know."""
    return _OURS.get(iso, OTHER)
