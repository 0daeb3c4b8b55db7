"""入户调查: the outcome of a visit about a hit, a line or an application."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from fastapi import Depends, Query
from pydantic import BaseModel, Field, model_validator

from kit import errors
from kit.auth import (
    Actor,
    Operation,
    Reach,
    Resource,
    Role,
    Zone,
    authorize,
    guarded_router,
    require,
)
from kit.db import Tx
from kit.ids import new_id
from kit.service import CurrentRoom
from services.verification import ports
from services.verification.api.bodies import Body, Key, Words
from services.verification.store import claims, documents, reviewing, surveys
from services.verification.store.review_tables import Survey

_READERS = frozenset(
    {
        Role.SURVEY_WORKER,
        Role.TOWNSHIP_HANDLER,
        Role.TOWNSHIP_REVIEWER,
        Role.COUNTY_HANDLER,
        Role.COUNTY_REVIEWER,
        Role.DISCIPLINE,
    }
)
RECORD = Operation(
    "verification.record_survey",
    roles=frozenset({Role.SURVEY_WORKER, Role.TOWNSHIP_HANDLER}),
    zone=Zone.OUTSIDE,
)
READ = Operation("verification.read_survey", roles=_READERS, zone=Zone.OUTSIDE, crosses=True)
LIST = Operation(
    "verification.list_surveys",
    roles=_READERS,
    zone=Zone.OUTSIDE,
    crosses=True,
    region=Reach.NONE,
    project=False,
)

router = guarded_router(prefix="/api/verification/v1", tags=["surveys"])


class SurveyIn(Body):
    """A visit; exactly one of hit, line and application says whom it was about. `findings` is stored sealed.

    The outcome is the fact `survey` that rules may ask about; `after_action` is what the surveyor advises next.
    """

    hit_id: int | None = None
    line_id: Key | None = None
    application_id: Key | None = None
    outcome: Literal["eligible", "not_eligible", "unreachable", "refused"]
    after_action: Literal["none", "lift", "confirm", "visit_again"] = "none"
    surveyed_on: date
    findings: Words
    evidence_ids: Annotated[list[Key], Field(max_length=20)] = []

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.hit_id, self.line_id, self.application_id)) != 1:
            raise ValueError("须且只须填写一个对象 (exactly one of hit, line and application)")
        return self


class SurveyOut(BaseModel):
    """A visit. `findings` only where it is read alone."""

    survey_id: str
    number: int
    application_id: str
    line_id: str | None
    hit_id: int | None
    project: str
    township: str
    outcome: str
    after_action: str
    surveyed_on: date
    evidence_ids: list[str]
    surveyed_by: str
    at: datetime
    findings: str | None = None


class SurveyPage(BaseModel):
    """Ask again with `after` = `next` while there is one."""

    items: list[SurveyOut]
    next: int | None


def _out(row: Any, findings: str | None = None) -> SurveyOut:
    shown = {name: row[name] for name in SurveyOut.model_fields if name != "findings"}
    return SurveyOut(**shown, findings=findings)


async def _about(tx: Tx, body: SurveyIn) -> Any:
    """The application it is about, or 404."""
    application_id, line_id = body.application_id, body.line_id
    if body.hit_id is not None:
        hit = await reviewing.find(tx, body.hit_id)
        if hit is None:
            raise errors.not_found()
        application_id, line_id = hit["application_id"], hit["line_id"]
    elif line_id is not None:
        application_id = await claims.application_of(tx, line_id)
    claim = await claims.of_application(tx, application_id) if application_id else None
    if claim is None:
        raise errors.not_found()
    return claim, line_id


@router.post("/surveys", status_code=201)
async def record(
    body: SurveyIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(RECORD))]
) -> SurveyOut:
    """Record a visit; it never changes, a later visit stands beside it."""
    async with room.tx(actor) as tx:
        claim, line_id = await _about(tx, body)
        authorize(actor, RECORD, Resource(region=claim["township"], project=claim["project"]))
        if body.surveyed_on > tx.today:
            raise errors.unprocessable("future", "调查日期晚于今天", "the visit lies in the future")
        if not await documents.known(tx, body.evidence_ids, claim["project"], claim["township"]):
            raise errors.unprocessable(
                "evidence", "证据不存在或不属于本地本项目", "unknown or foreign evidence"
            )
        survey_id = new_id()
        one = Survey(
            survey_id=survey_id, application_id=claim["application_id"], line_id=line_id, hit_id=body.hit_id,
            subject_id=claim["subject_id"], project=claim["project"], township=claim["township"],
            outcome=body.outcome, after_action=body.after_action, surveyed_on=body.surveyed_on,
            findings_sealed=ports.seal(room, body.findings.encode(), f"survey|{survey_id}|findings"),
            evidence_ids=list(body.evidence_ids), surveyed_by=actor.sub, at=tx.now,
        )  # fmt: skip
        await surveys.add(tx, one)
        tx.audit("verification.record_survey", f"survey:{survey_id}", outcome=body.outcome)
        return _out(await surveys.find(tx, survey_id))


@router.get("/surveys")
async def find(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    application_id: str | None = None,
    hit_id: int | None = None,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> SurveyPage:
    """Visits of one's region and projects, oldest first."""
    projects = actor.listed_projects
    async with room.tx() as tx:
        rows = await surveys.page(tx, actor.region or "-", projects, application_id, hit_id, after, limit)
    items = [_out(row) for row in rows]
    return SurveyPage(items=items, next=items[-1].number if len(items) == limit else None)


@router.get("/surveys/{survey_id}")
async def read(
    survey_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(READ))]
) -> SurveyOut:
    """One visit with its findings; each reading is audited."""
    async with room.tx(actor) as tx:
        row = await surveys.find(tx, survey_id)
        if row is None:
            raise errors.not_found()
        authorize(actor, READ, Resource(region=row["township"], project=row["project"]))
        tx.audit("verification.read_survey", f"survey:{survey_id}")
    return _out(row, ports.read_text(room, row["findings_sealed"], f"survey|{survey_id}|findings"))
