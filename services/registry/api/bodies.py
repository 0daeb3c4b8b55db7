"""What comes in and goes out over HTTP at the officials' door for households, payees and changes."""

import base64
import binascii
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contracts.registry import Basis
from services.registry.domain import Kind

MOST_EVIDENCE_BYTES = 4 * 1024 * 1024
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Reason = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^(sha256|sm3):[0-9a-f]{64}$")]


class PersonEntry(BaseModel):
    """Somebody as typed at the counter; becomes a subject of the registry."""

    model_config = ConfigDict(extra="forbid")

    id_no: Annotated[str, StringConstraints(max_length=64)]
    name: Annotated[str, StringConstraints(max_length=200)]
    phone: str | None = Field(default=None, pattern=r"^1[3-9][0-9]{9}$")


class Evidence(BaseModel):
    """The file itself (base64, at most 4 MB; kept sealed), or the digest of one that is kept on paper elsewhere."""

    model_config = ConfigDict(extra="forbid")

    content: Annotated[str, StringConstraints(max_length=MOST_EVIDENCE_BYTES * 4 // 3 + 4)] | None = None
    digest: Digest | None = None

    @model_validator(mode="after")
    def _one(self) -> "Evidence":
        if (self.content is None) == (self.digest is None):
            raise ValueError("材料原件或其摘要，须有且只有其一 (the file, or its digest: exactly one)")
        self.file()
        return self

    def file(self) -> bytes | None:
        """The file's bytes. Raises ValueError for text that is no base64, or for an empty file."""
        if self.content is None:
            return None
        try:
            content = base64.b64decode(self.content, validate=True)
        except binascii.Error:
            raise ValueError("材料不是有效的base64 (not base64)") from None
        if not content:
            raise ValueError("材料为空 (an empty file)")
        return content


class ChangeIn(BaseModel):
    """A proposal about a beneficiary (`subject_id` of a person or a household; alias: left out, `persons` says).

    payee: one person, `basis`, `valid_from`, `valid_to` (代领 must end), `project` (none: every project).
    head, split (the first is the new head), join, leave: of a household, `effective_on`; a change of head with
    reason `death` also lets the former head leave. alias: one of `persons` with the other spelling; `main`: it is
    the right one. erase: of a person. Persons are named by `person_ids`, or as typed in `persons`.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    subject_id: Code | None = None
    person_ids: list[Code] = []
    persons: list[PersonEntry] = []
    project: Code | None = None
    basis: Basis | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    effective_on: date | None = None
    main: bool = False
    reason: Reason
    evidence: Evidence

    @model_validator(mode="after")
    def _fits(self) -> "ChangeIn":
        if (self.subject_id is None) != (self.kind is Kind.ALIAS):
            raise ValueError("须指明补贴对象 (the beneficiary must be named; not for an alias)")
        if self.kind is Kind.PAYEE and (self.basis is None or self.valid_from is None):
            raise ValueError("收款人变更须有依据和起始日 (a payee needs basis and valid_from)")
        if self.kind is Kind.ALIAS and (len(self.persons) != 1 or self.person_ids):
            raise ValueError("别名须指明一人的证件号码和姓名 (an alias needs one person as typed)")
        if len(self.persons) + len(self.person_ids) > 50:
            raise ValueError("人数过多 (too many persons)")
        return self


class ChangeOut(BaseModel):
    """A proposal and what became of it: `state` proposed | approved | refused."""

    change_id: str
    kind: str
    subject_id: str
    township: str
    body: dict[str, Any]
    reason: str
    evidence_digest: str
    state: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None


class ChangePage(BaseModel):
    """`next` goes into `after` for the next page; null at the end."""

    items: list[ChangeOut]
    next: str | None


class HouseholdOut(BaseModel):
    """A household as it stands; who the members are is asked person by person."""

    household_id: str
    subject_id: str
    township: str
    head_id: str
    member_ids: list[str]
    rev: int


class PayeeOut(BaseModel):
    """Who is paid on a day, and on what ground."""

    subject_id: str
    payee_id: str
    basis: Basis
    valid_from: date | None
    valid_to: date | None
