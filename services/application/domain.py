"""What an application must satisfy, and how applications and enrolments change; no database, no network."""

import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contracts.application import EnrolmentState


class ApplicationState(StrEnum):
    """submitted → listed | refused; listed → withdrawn. A roster's row begins as listed."""

    SUBMITTED = "submitted"
    LISTED = "listed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Channel(StrEnum):
    """受理渠道 (M17)."""

    MINI_PROGRAM = "mini_program"
    HELPER = "helper"
    COUNTER = "counter"
    OFFLINE = "offline"

    @property
    def label(self) -> str:
        """The manual's word."""
        return _CHANNEL_LABELS[self]


_CHANNEL_LABELS = {
    Channel.MINI_PROGRAM: "小程序申报",
    Channel.HELPER: "代办申报",
    Channel.COUNTER: "窗口申报",
    Channel.OFFLINE: "线下",
}

REFUSED_DUPLICATE = "R05"
REFUSED_SUSPENDED = "suspended"
"""A roster's row of somebody whose enrolment is 暂停: resume it first."""
DUPLICATE_MESSAGE = "重复申领同一项目"
"""M13: the manual's own words."""
ACTIVATING_NODE = "department_review"
"""The signature that makes an enrolment 在享 (decisions §1)."""

CONSENT_TEXTS = {
    "1": (
        "本人同意申报受理机关为办理本补贴项目，收集并核验本人的身份证号码、姓名、联系电话、所属乡镇和银行账户，"
        "向人力资源社会保障、民政、公安等部门比对，并依法在村（社区）公示姓名、组别、数量和金额。"
        "本人承诺所填内容真实，知晓虚报冒领须退回资金并承担责任。"
    )
}
"""The wordings people have agreed to, by version. A published wording never changes: a new version."""
CURRENT_CONSENT = "1"


def _sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def consent_digest(version: str, digest: Callable[[bytes], str] = _sha256) -> str | None:
    """Digest of the wording of a version, with its algorithm; None for a version never published."""
    text = CONSENT_TEXTS.get(version)
    return None if text is None else digest(text.encode())


def signature_digest(
    application_id: str, text_digest: str, signature: str, digest: Callable[[bytes], str] = _sha256
) -> str:
    """Binds a signature to one application and wording; the application id serves as salt."""
    content = "\n".join([application_id, text_digest, signature.strip()])
    return digest(content.encode())


def request_digest(content: Mapping[str, Any]) -> str:
    """Names a request, to tell a repetition from another request under the same key.

    Give it the subject id, never the ID number: an unkeyed digest of a number protects nothing.
    """
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return _sha256(text.encode())


def receipt_of(project: str, day: str, application_id: str) -> str:
    """What the applicant writes down: project, day, and enough of the id to be unique."""
    return f"{project}-{day.replace('-', '')}-{application_id.replace('-', '')[:12].upper()}"


def texts_of(form: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Every text and number in a form, its keys too, with a JSON pointer that never repeats a key's text."""
    if isinstance(form, Mapping):
        for key, value in form.items():
            yield f"{pointer}/*", str(key)
            yield from texts_of(value, f"{pointer}/{key}")
    elif isinstance(form, list | tuple):
        for place, value in enumerate(form):
            yield from texts_of(value, f"{pointer}/{place}")
    elif isinstance(form, str | int) and not isinstance(form, bool):
        yield pointer, unicodedata.normalize("NFKC", str(form))  # full-width digits are digits here


def category_code(manifest: Mapping[str, Any], given: str) -> str | None:
    """The code of a 补贴对象类别 given by code or by name; None when the project has no such category.

    `categories` is a table code = name, or a list of names or of {code, name}; without it any will do.
    """
    inner = manifest.get("project")
    declared = manifest.get("categories", inner.get("categories") if isinstance(inner, Mapping) else None)
    if not declared:
        return given
    pairs = declared.items() if isinstance(declared, Mapping) else [_category(one) for one in declared]
    names = {str(code): str(name["name"] if isinstance(name, Mapping) else name) for code, name in pairs}
    return given if given in names else next((code for code, name in names.items() if name == given), None)


def _category(one: Any) -> tuple[Any, Any]:
    return (one["code"], one.get("name", one["code"])) if isinstance(one, Mapping) else (one, one)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an application belongs: the township decides; the village may be free text (M6)."""

    township: str
    village: str | None

    @property
    def county(self) -> str:
        """First six digits of a township's code."""
        return self.township[:6]


def may_list(state: ApplicationState) -> bool:
    """Onto the 补贴清单; again changes nothing. A refused one first needs a granted review (M8)."""
    return state in (ApplicationState.SUBMITTED, ApplicationState.LISTED)


def may_refuse(state: ApplicationState) -> bool:
    """Intake ends with a refusal; again changes nothing, what is listed has left intake."""
    return state in (ApplicationState.SUBMITTED, ApplicationState.REFUSED)


class Act(StrEnum):
    """What officials propose about an enrolment: 暂停, 恢复, 停发, 变更."""

    SUSPEND = "suspend"
    RESUME = "resume"
    STOP = "stop"
    CHANGE = "change"


_ACTS_FROM = {
    Act.SUSPEND: {EnrolmentState.ACTIVE},
    Act.RESUME: {EnrolmentState.SUSPENDED},
    Act.STOP: {EnrolmentState.PROPOSED, EnrolmentState.ACTIVE, EnrolmentState.SUSPENDED},
    Act.CHANGE: {EnrolmentState.PROPOSED, EnrolmentState.ACTIVE, EnrolmentState.SUSPENDED},
}
_ACTS_TO = {
    Act.SUSPEND: EnrolmentState.SUSPENDED,
    Act.RESUME: EnrolmentState.ACTIVE,
    Act.STOP: EnrolmentState.STOPPED,
}
CHANGEABLE = ("township", "village", "category", "quantity", "payee_id")


def may_act(act: Act, state: EnrolmentState) -> bool:
    """Whether an enrolment in this state can be suspended, resumed, stopped or changed."""
    return state in _ACTS_FROM[act]


def state_after(act: Act, state: EnrolmentState) -> EnrolmentState:
    """Where the act leads; a change of its facts leaves the state as it is."""
    return _ACTS_TO.get(act, state)


def is_period(text: str) -> bool:
    """`YYYYMM` or `YYYY`."""
    if not (text.isascii() and text.isdigit()):
        return False
    return len(text) == 4 or (len(text) == 6 and "01" <= text[4:] <= "12")
