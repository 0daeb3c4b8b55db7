"""What the bank says to one payment line: pure, and the same for the same seed and end-to-end id."""

from typing import Any, NamedTuple

from simulators.bank.files import END_TO_END, Detail
from simulators.common import chance

PAID_TRUTH = "PAID"

REASONS = {
    "F01": "户名不符 (name differs)",
    "F02": "账号不存在 (no such account)",
    "F03": "账户已销户 (account closed)",
    "F04": "账户冻结/止付 (account frozen)",
    "F05": "卡未激活 (card not activated)",
    "F06": "卡已挂失 (card reported lost)",
    "F07": "超过账户限额 (over the account's limit)",
    "F08": "重复 (duplicate)",
    "F09": "行号错误 (wrong bank code)",
    "F10": "格式错误 (bad format)",
    "F99": "状态未明，请查询 (unknown: query, never resend)",
}

STATUS_CODES = {"closed": "F03", "frozen": "F04", "inactive": "F05", "lost": "F06", "limited": "F07"}

# Chance failures are the kinds that may pass on a later attempt; the others follow from the accounts alone.
PASSING = ("F04", "F05", "F06", "F07")


class Account(NamedTuple):
    """An account in the bank's world."""

    name: str
    status: str
    bank_code: str | None


class Verdict(NamedTuple):
    """The line of the result file, what is really true, and whether this end-to-end id is new to the book."""

    line: dict[str, Any]
    truth: str
    new: bool


def _line(status: str, code: str) -> dict[str, Any]:
    reason = REASONS[code] if code else ""
    return {"status": status, "code": code, "reason": reason, "bank_serial": "", "paid_at": ""}


def _fault(detail: Detail, account: Account | None) -> str:
    if not END_TO_END.fullmatch(detail.end_to_end_id) or not detail.account or not detail.name:
        return "F10"
    if account is None:
        return "F02"
    if account.status != "normal":
        return STATUS_CODES.get(account.status, "F04")
    if account.name != detail.name:
        return "F01"
    if account.bank_code and account.bank_code != detail.bank_code:
        return "F09"
    return ""


def decide(
    detail: Detail,
    account: Account | None,
    seen: dict[str, Any] | None,
    in_file: set[str],
    behaviour: dict[str, Any],
    trouble: tuple[str, str, bool] | None = None,
) -> Verdict:
    """Pay, fail or leave unknown.

    An end-to-end id the book has seen gets its first answer again and no credit; with another account or
    amount, or twice in one file, it fails as F08. A new attempt of a payment already made IS paid: banks know
    attempts, not entitlements, so a double payment shows in the book. `trouble` of the account, as (kind, code,
    paid in truth), goes before chance.
    """
    if detail.end_to_end_id in in_file:
        return Verdict(_line("failed", "F08"), "F08", new=False)
    if seen is not None:
        if (seen["account"], seen["amount_fen"]) != (detail.account, detail.amount_fen):
            return Verdict(_line("failed", "F08"), "F08", new=False)
        # A first answer "unknown" stays unknown here, without its serial: only a query settles it.
        hidden = {} if seen["status"] == "success" else {"bank_serial": "", "paid_at": ""}
        return Verdict(seen | hidden, seen["truth"], new=False)
    fault = _fault(detail, account)
    if fault:
        return Verdict(_line("failed", fault), fault, new=True)
    if trouble is not None:
        return _in_trouble(*trouble)
    seed, key = behaviour["seed"], detail.end_to_end_id
    draw = chance(seed, "outcome", key)
    if draw < behaviour["fail_rate"]:
        code = PASSING[int(chance(seed, "code", key) * len(PASSING))]
        return Verdict(_line("failed", code), code, new=True)
    if draw < behaviour["fail_rate"] + behaviour["unknown_rate"]:
        paid = chance(seed, "truth", key) < behaviour["unknown_paid_rate"]
        return Verdict(_line("unknown", "F99"), PAID_TRUTH if paid else "F04", new=True)
    return Verdict(_line("success", ""), PAID_TRUTH, new=True)


def _in_trouble(kind: str, code: str, paid: bool) -> Verdict:
    if kind == "reject":
        return Verdict(_line("failed", code), code, new=True)
    if kind == "unknown":
        return Verdict(_line("unknown", "F99"), PAID_TRUTH if paid else "F04", new=True)
    return Verdict(_line("success", ""), PAID_TRUTH, new=True)
