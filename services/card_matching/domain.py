"""What an answer of the agency is worth. Nothing is believed that does not fit the question."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

A_CALL = 1000
"""Most persons the agency takes in one call (M18)."""
SAME_REQUEST = 3
"""So often the very same request is repeated when it was answered badly; then its open persons get a new one."""
LONGEST_WAIT_SECONDS = 60.0
LONGEST_RETRY_AFTER_SECONDS = 3600.0
DEFAULT_MOST_ASKS = 20
DEFAULT_FRESH_DAYS = 0
DEFAULT_RECHECK_DAYS = 0

REASONS = {
    "not_found": "未查到社保卡 (no social security card found)",
    "name_mismatch": "姓名与身份证号码不符 (name and ID number do not match)",
    "card_lost": "社保卡已挂失 (card reported lost)",
    "card_cancelled": "社保卡已注销 (card cancelled)",
    "card_not_issued": "社保卡未领取 (card not yet handed out)",
    "function_inactive": "金融功能未激活 (financial function not activated)",
    "account_abnormal": "银行账户状态异常 (bank account abnormal)",
    "account_name_differs": "R12 账户户名与本人不符 (account is in another name)",
}
"""Our own words for the agency's codes: its free text is not passed on, it might name a person."""
OTHER_REASON = "人社核验未通过 (the agency found the card unusable)"
NO_ANSWER = "人社未答复 (the agency gave no usable answer)"
REFUSED = "人社拒绝受理该人员 (the agency refused to look at this person)"
NOT_REGISTERED = "人员未登记 (not a person the registry knows)"
NOT_AUTHORISED = "R12 收款人未获授权 (not the authorised payee)"
_DOTS = dict.fromkeys(map(ord, "•・‧∙．●"), "·")


class Unbelievable(Exception):
    """An answer that is not one: nothing in it is used."""


class CardAccount(NamedTuple):
    """What a good card carries; goes to the registry and nowhere else."""

    ssc_no: str
    bank_code: str
    account_no: str
    account_name: str


class Answer(NamedTuple):
    """normal with its account, abnormal with a reason, or processing."""

    status: str
    reason: str | None = None
    account: CardAccount | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """A project's parameters, `[card_matching]` of its manifest.

    `fresh_days`: a card found good so recently is not asked about at a match; `recheck_days`: nor before the file.
    """

    fresh_days: int = DEFAULT_FRESH_DAYS
    most_asks: int = DEFAULT_MOST_ASKS
    recheck_days: int = DEFAULT_RECHECK_DAYS

    @classmethod
    def read(cls, manifest: Mapping[str, Any]) -> "Terms":
        """Defaults where the manifest says nothing, or nothing sensible."""
        said = manifest.get("card_matching") or {}
        fresh, most, recheck = (said.get(name) for name in ("fresh_days", "most_asks", "recheck_days"))
        return cls(
            fresh if isinstance(fresh, int) and fresh >= 0 else DEFAULT_FRESH_DAYS,
            most if isinstance(most, int) and most >= 1 else DEFAULT_MOST_ASKS,
            recheck if isinstance(recheck, int) and recheck >= 0 else DEFAULT_RECHECK_DAYS,
        )


def wait_seconds(tries: int, retry_after: float = 0.0) -> float:
    """Until the next try: 0.5, 1, 2 … 60; longer when the agency says so, an hour at most."""
    own = min(0.5 * 2.0 ** min(tries, 20), LONGEST_WAIT_SECONDS)
    return max(own, min(retry_after, LONGEST_RETRY_AFTER_SECONDS))


def read_reply(body: Any, asked: Mapping[str, str]) -> dict[str, Answer]:
    """Answers by ref; a person without a usable result is left out. `asked`: ref → name asked with.

    Raises Unbelievable when the reply speaks of somebody we did not ask about, or of anybody twice: then its
    lines may have slipped, and an account could land with the wrong person.
    """
    results = body.get("results") if isinstance(body, dict) else None
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise Unbelievable("no results")
    refs = [one.get("ref") for one in results]
    if not all(isinstance(ref, str) and ref in asked for ref in refs) or len(set(refs)) != len(refs):
        raise Unbelievable("refs that were not asked for, or twice")
    read = {one["ref"]: _answer(one, asked[one["ref"]]) for one in results}
    return {ref: answer for ref, answer in read.items() if answer is not None}


def _answer(result: Mapping[str, Any], name: str) -> Answer | None:
    match result.get("status"):
        case "normal":
            account = _account(result, name)
            return None if account is None else Answer("normal", account=account)
        case "abnormal" | "not_found" as status:
            code = result.get("reason")
            return Answer("abnormal", REASONS.get(code if isinstance(code, str) else status, OTHER_REASON))
        case "processing":
            return Answer("processing")
    return None


def _account(result: Mapping[str, Any], name: str) -> CardAccount | None:
    """The account of a card called good, or None when it contradicts itself or is in another name (R12)."""
    values = [result.get(field) for field in CardAccount._fields]
    if result.get("card_status") != "normal" or result.get("financial_function") != "active":
        return None
    if not all(isinstance(value, str) and 0 < len(value.strip()) <= 64 for value in values):
        return None
    account = CardAccount(*(str(value).strip() for value in values))
    return account if same_name(account.account_name, name) else None


def same_name(one: str, other: str) -> bool:
    """Names compare without blanks and whatever middle dot they are written with."""
    return "".join(one.translate(_DOTS).split()) == "".join(other.translate(_DOTS).split())
