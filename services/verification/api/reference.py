"""Loading other departments' lists. Numbers become keyed indexes at the registry; nothing clear is stored."""

import asyncio
import hashlib
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Form, UploadFile
from pydantic import BaseModel

from kit.auth import Actor, Operation, Reach, Resource, Role, Zone, authorize, guarded_router, require
from kit.clock import CHINA
from kit.errors import RowError, too_large
from kit.service import CurrentRoom
from kit.sheets import Limits
from services.verification import ports
from services.verification.api import sheets
from services.verification.domain.references import ID_HEADINGS
from services.verification.store import reference

Kind = Literal[
    "deaths",
    "membership",
    "household",
    "exclusive_subsidy",
    "other_subsidy",
    "prisoners",
    "fiscal_payroll",
    "companies",
    "vehicles",
    "properties",
    "village_cadres",
]
MOST_ERRORS = 1000
"""Row errors listed in an answer; `rejected` counts all of them."""
_LABELS = {
    "deaths": "死亡名册",
    "membership": "特困低保名册",
    "household": "户籍",
    "exclusive_subsidy": "互斥补贴",
    "prisoners": "服刑人员",
    "fiscal_payroll": "财政供养人员",
    "other_subsidy": "其他补贴发放名册",
    "companies": "市场主体登记",
    "vehicles": "机动车登记",
    "properties": "不动产登记",
    "village_cadres": "村干部名册",
}

LOAD = Operation(
    "verification.load_reference",
    roles=frozenset({Role.COUNTY_HANDLER, Role.OPERATOR}),
    zone=Zone.FINANCE,
    project=False,
)
LIST = Operation(
    "verification.list_reference",
    roles=frozenset({Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER, Role.DISCIPLINE, Role.OPERATOR}),
    zone=Zone.FINANCE,
    region=Reach.NONE,
    project=False,
)

router = guarded_router(prefix="/api/verification/v1", tags=["reference"])


class RowErrorOut(BaseModel):
    """What is wrong with a row; `row` as the spreadsheet shows it."""

    row: int
    column: str
    code: str
    message: str


class ReferenceOut(BaseModel):
    """A loaded list. It counts in its region and below; `age_days` since `as_of`, or since it was loaded."""

    file_id: str
    kind: str
    source: str
    region: str
    accepted: int
    rejected: int
    valid_to: date | None
    loaded_by: str
    loaded_at: datetime
    as_of: date | None
    age_days: int


class LoadedOut(ReferenceOut):
    """The answer to an upload: good rows are taken, bad rows listed."""

    errors: list[RowErrorOut] = []


@router.post("/reference/{kind}", status_code=201)
async def load(
    kind: Kind,
    file: UploadFile,
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LOAD))],
    source: Annotated[str, Form(max_length=60)] = "",
    valid_to: Annotated[date | None, Form()] = None,
    as_of: Annotated[date | None, Form()] = None,
) -> LoadedOut:
    """Load a list (xlsx or CSV); it replaces the former one of the same kind, source and region."""
    region = actor.region or ""
    authorize(actor, LOAD, Resource(region=region))
    data = await _bytes(file)
    entries, errors = await asyncio.to_thread(sheets.read, kind, data, room.settings.roster_row_limit)
    indexes = await ports.blind_indexes(room, [one.id_no for one in entries])
    rows = []
    for one, index in zip(entries, indexes, strict=True):
        if index is None:
            errors.append(
                RowError(one.number, ID_HEADINGS[0], "id_no", "身份证号不可用 (not a usable ID number)")
            )
        else:
            rows.append((index, one.day, one.detail))
    digest = hashlib.sha256(data).hexdigest()
    upload = reference.Upload(
        kind, source.strip() or _LABELS[kind], region, digest, len(errors), valid_to, as_of, actor.sub
    )
    async with room.tx(actor) as tx:
        stored = await reference.current(tx, upload) or await reference.replace(tx, upload, rows)
        tx.audit("verification.load_reference", f"reference:{stored['file_id']}", kind=kind, rows=len(rows))
        today = tx.today
    listed = [_error(one) for one in sorted(errors, key=lambda error: error.row)[:MOST_ERRORS]]
    return LoadedOut(**dict(stored), age_days=_age(stored, today), errors=listed)


@router.get("/reference")
async def loaded(room: CurrentRoom, actor: Annotated[Actor, Depends(require(LIST))]) -> list[ReferenceOut]:
    """The lists that stand now."""
    async with room.tx(actor) as tx:
        rows = await reference.files(tx, actor.region or "-")
        return [ReferenceOut(**dict(row), age_days=_age(row, tx.today)) for row in rows]


def _age(row: Any, today: date) -> int:
    since: date = row["as_of"] or row["loaded_at"].astimezone(CHINA).date()
    return (today - since).days


async def _bytes(file: UploadFile) -> bytes:
    limit = Limits().file_bytes
    data = await file.read(limit + 1)
    if len(data) > limit:
        raise too_large("文件过大 (the file is too large)", limit_bytes=limit)
    return data


def _error(error: RowError) -> RowErrorOut:
    fields: dict[str, Any] = {
        "row": error.row,
        "column": error.column,
        "code": error.code,
        "message": error.message,
    }
    return RowErrorOut(**fields)
