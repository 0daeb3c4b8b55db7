"""Which events are steps of whose way (M41), and what each is called; details are codes and counts alone."""

import re
from dataclasses import dataclass
from typing import Any

from contracts.application import (
    ApplicationListed,
    ApplicationRefused,
    ApplicationSubmitted,
    ApplicationWithdrawn,
)
from contracts.base import Message
from contracts.batch import (
    LineExcluded,
    LineHeld,
    LineReleased,
    LinesReturned,
    SetClosed,
    SetFrozen,
    SetOpened,
    SetSigned,
    SliceOpened,
    SliceReturned,
    SliceSettled,
    SliceSigned,
    SlicesReturned,
)
from contracts.card_matching import SliceMatched
from contracts.payment import OrderSettled, PaymentFoundPaid, PaymentReturned, QuotaLinked, SetCalculated
from contracts.publicity import NoticeConfirmed, NoticePublished, SetNoticesClosed
from contracts.verification import EligibilityPassed, LineReviewed, ReviewGranted, SetRechecked, SliceVerified


@dataclass(frozen=True, slots=True)
class Entry:
    """How an event reads in a timeline: whose step (`ref` is the field that names it), node, words, details."""

    subject: str
    ref: str
    node: str
    what: str
    details: tuple[str, ...] = ()


ENTRIES: dict[type[Message], Entry] = {
    ApplicationSubmitted: Entry("application", "application_id", "申报", "已提交 (submitted)", ("channel",)),
    EligibilityPassed: Entry("application", "application_id", "资格校验", "通过 (passed)"),
    ReviewGranted: Entry("application", "application_id", "核实", "准予核实 (review granted)"),
    ApplicationListed: Entry("application", "application_id", "补贴清单", "进入补贴清单 (listed)", ("channel",)),
    ApplicationRefused: Entry("application", "application_id", "资格校验", "未通过 (refused)"),
    ApplicationWithdrawn: Entry("application", "application_id", "申报", "已撤回 (withdrawn)"),
    SliceOpened: Entry("slice", "slice_id", "受理确认", "乡镇提交 (submission opened)", ("kind", "number", "lines")),
    SliceMatched: Entry("slice", "slice_id", "人社匹卡", "已匹卡 (matched)", ("matched", "abnormal_cards")),
    SliceVerified: Entry("slice", "slice_id", "预警核实", "已核实 (verified)", ("passed", "warned", "intercepted")),
    NoticePublished: Entry(
        "slice", "slice_id", "公示", "已发布 (published)", ("round", "first_day", "last_day", "lines")
    ),
    NoticeConfirmed: Entry("slice", "slice_id", "公示", "已确认 (confirmed)", ("round", "published_lines")),
    SliceSigned: Entry("slice", "slice_id", "乡镇审核", "已签章 (signed)", ("node", "signed_lines")),
    LinesReturned: Entry("slice", "slice_id", "乡镇审核", "部分退回 (lines returned)", ("returned", "normal")),
    SliceReturned: Entry("slice", "slice_id", "区县审核", "退回 (returned)", ("target",)),
    SliceSettled: Entry("slice", "slice_id", "归档", "已办结 (settled)", ("paid", "failed")),
    SetOpened: Entry("set", "set_id", "送审集", "已纳入 (gathered)", ("lines",)),
    SetCalculated: Entry("set", "set_id", "项目测算", "已测算 (priced)", ("priced_lines",)),
    SetNoticesClosed: Entry("set", "set_id", "公示", "本轮结束 (round closed)", ("round", "published_lines")),
    SetSigned: Entry("set", "set_id", "区县审核", "已签章 (signed)", ("node", "signed_lines")),
    SlicesReturned: Entry("set", "set_id", "区县审核", "部分退回 (slices returned)", ("remaining",)),
    QuotaLinked: Entry("set", "set_id", "审核挂账", "已挂接指标 (quota linked)"),
    SetRechecked: Entry("set", "set_id", "发放前核验", "已核验 (rechecked)", ("rechecked", "intercepted")),
    SetFrozen: Entry("set", "set_id", "支付申请", "名单已定 (frozen)", ("payable_lines",)),
    OrderSettled: Entry("set", "set_id", "发放结果", "银行已反馈 (settled)", ("paid", "failed")),
    SetClosed: Entry("set", "set_id", "归档", "已归档 (archived)", ("paid", "failed")),
    LineHeld: Entry("line", "line_id", "挂起", "已挂起 (held)"),
    LineReleased: Entry("line", "line_id", "挂起", "已解除 (released)"),
    LineExcluded: Entry("line", "line_id", "剔除", "移出本批次 (left the submission)", ("ends_enrolment",)),
    LineReviewed: Entry("line", "line_id", "预警复核", "已复核 (reviewed)", ("verdict", "consequence", "rules")),
    PaymentReturned: Entry("line", "line_id", "退票", "银行退回 (returned)", ("attempt", "code")),
    PaymentFoundPaid: Entry("line", "line_id", "改判", "查明已付 (found paid)", ("attempt",)),
}  # fmt: skip
"""One entry per event type; work items, bank results and interceptions join when a timeline is read."""


def entry(message: Message) -> tuple[str, str, str, str, dict[str, Any]]:
    """(subject, ref, node, what, detail) of an event."""
    one = ENTRIES[type(message)]
    detail = {name: getattr(message, name) for name in one.details}
    return one.subject, str(getattr(message, one.ref)), one.node, one.what, detail


STATES = {
    "proposed": "待定 (proposed)",
    "active": "在享 (active)",
    "suspended": "暂停 (suspended)",
    "stopped": "停发 (stopped)",
    "ended": "终止 (ended)",
    "paid": "已发放 (paid)",
    "failed": "发放失败 (failed)",
}
"""Words of enrolments' and payments' states, which are stored as codes."""

_RULE = re.compile(r"R\d{2}[A-Za-z]?\b")
OTHER_RULE = "other"
"""The class of a refusal that names no rule."""


def rule_of(reason: str) -> str:
    """The rule that a reason begins with: `R04 …` → R04."""
    match = _RULE.match(reason)
    return match[0] if match else OTHER_RULE
