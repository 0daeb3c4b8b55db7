"""Submitting: check all that can be checked here, ask the registry who it is, then store at once."""

from typing import Annotated, Any

from fastapi import Depends, Header, Response

from contracts.application import ApplicationSubmitted
from contracts.registry import (
    HouseholdIn,
    HouseholdsReply,
    HouseholdsResolve,
    PersonIn,
    ResolveReply,
    ResolveRequest,
)
from kit import crypto, errors
from kit.auth import Actor, Kind, Operation, Reach, Role, Zone, guarded_router, public, require
from kit.db import Tx
from kit.ids import new_id
from kit.service import CurrentRoom, Room
from services.application.api import checks
from services.application.api.bodies import ConsentOut, ReceiptOut, SubmissionIn
from services.application.domain import (
    CONSENT_TEXTS,
    CURRENT_CONSENT,
    DUPLICATE_MESSAGE,
    REFUSED_DUPLICATE,
    ApplicationState,
    Channel,
    Place,
    consent_digest,
    receipt_of,
    request_digest,
    signature_digest,
)
from services.application.store import applications
from services.application.store.tables import Application, Consent

SUBMIT = Operation(
    "application.submit",
    roles=frozenset({Role.CITIZEN, Role.HELPER, Role.TOWNSHIP_HANDLER}),
    zone=Zone.OUTSIDE,
    region=Reach.COVERS,
)
READ_CONSENT = Operation("application.read_consent", public=True, zone=Zone.OUTSIDE)
NOT_ONESELF = "not_known"
REPLAYED = "Idempotency-Replayed"

router = guarded_router(prefix="/api/application/v1", tags=["submit"])


@router.get("/consent", dependencies=[Depends(public(READ_CONSENT))])
async def consent() -> ConsentOut:
    """The wording to sign (M2)."""
    digest = consent_digest(CURRENT_CONSENT, crypto.digest)
    assert digest is not None
    return ConsentOut(version=CURRENT_CONSENT, text=CONSENT_TEXTS[CURRENT_CONSENT], digest=digest)


@router.post("/applications", status_code=201)
async def submit(
    body: SubmissionIn,
    room: CurrentRoom,
    response: Response,
    actor: Annotated[Actor, Depends(require(SUBMIT))],
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> ReceiptOut:
    """A citizen for themselves, a helper or the township's counter for others (M5–M13)."""
    checks.check_place(room.regions, body.township, body.village)
    checks.check_office(actor, SUBMIT, body)
    text_digest = checks.check_consent(body.consent.version)
    async with room.tx() as tx:
        project = await applications.project(tx, body.project)
    if project is None:
        raise checks.unknown_project()
    body = body.model_copy(update={"category": checks.check_category(project["manifest"], body.category)})
    checks.check_form(project["form_schema"], body)
    checks.check_quantity(project["manifest"], body.quantity)
    subject_id, notices = await _who(room, actor, body)
    payee_id = None
    if project["manifest"].get("beneficiary_kind") == "household":
        subject_id, payee_id = await _household(room, subject_id, body.township)
    digest = _digest(body, subject_id)
    application_id = new_id()
    try:
        async with room.tx() as tx:
            if found := await _earlier(tx, actor, idempotency_key, digest):
                response.headers[REPLAYED] = "true"
                return ReceiptOut(**found, notices=notices)
            new = _application(tx, application_id, actor, body, subject_id, payee_id, project["version"])
            await applications.submit(tx, new, _consent(tx, new, body, text_digest), idempotency_key, digest)
            tx.emit(_submitted(new))
            tx.audit("application.submit", f"application:{application_id}", actor.sub, project=new.project)
    except applications.AlreadyApplied:
        async with room.tx() as tx:  # it may have been this very request, sent twice at once
            if found := await _earlier(tx, actor, idempotency_key, digest):
                response.headers[REPLAYED] = "true"
                return ReceiptOut(**found, notices=notices)
        raise errors.conflict(
            "duplicate-application",
            DUPLICATE_MESSAGE,
            "already applied for this project",
            rule=REFUSED_DUPLICATE,
        ) from None
    except applications.KeyReused:
        raise _key_reused() from None
    return ReceiptOut(application_id=application_id, receipt=new.receipt, notices=notices)


async def _who(room: Room, actor: Actor, body: SubmissionIn) -> tuple[str, list[str]]:
    """The subject, from the registry: the one synchronous hop. Down: 503, and nothing is stored."""
    person = PersonIn(
        ref="applicant", id_no=body.id_no, name=body.name, phone=body.phone, township=body.township
    )
    asked = ResolveRequest(persons=[person], only_subject=actor.subject_id)
    reply = await room.peers.post("registry", "/internal/v1/persons:resolve", asked, ResolveReply)
    found = reply.persons[0]
    # A citizen who names somebody else gets one answer, whether that person exists or is called so (M44).
    if found.problem == NOT_ONESELF:
        raise errors.forbidden("只能为本人申报 (only for yourself)")
    if found.subject_id is None:
        raise errors.unprocessable(
            "person-refused",
            "身份信息有误",
            "the person's data can't be used",
            found.message,
            code=found.problem,
        )
    return found.subject_id, found.notices


async def _household(room: Room, head_id: str, township: str) -> tuple[str, str]:
    """The applicant's household as the beneficiary, and its head, who is paid; formed where there is none."""
    one = HouseholdIn(ref="household", head_id=head_id, member_ids=[head_id], township=township)
    asked = HouseholdsResolve(households=[one])
    reply = await room.peers.post("registry", "/internal/v1/households:resolve", asked, HouseholdsReply)
    found = reply.households[0]
    if found.subject_id is None:
        raise errors.unprocessable(
            "household-refused",
            "须由户主申报",
            "the head of the household applies",
            found.message,
            code=found.problem,
        )
    return found.subject_id, found.head_id or head_id


async def _earlier(tx: Tx, actor: Actor, key: str | None, digest: str) -> dict[str, Any] | None:
    if key is None:
        return None
    try:
        found = await applications.earlier(tx, actor.sub, key, digest)
    except applications.KeyReused:
        raise _key_reused() from None
    return {name: found[name] for name in ("application_id", "receipt")} if found else None


def _key_reused() -> errors.Problem:
    return errors.unprocessable(
        "idempotency-key-reused", "幂等键已用于另一请求", "this Idempotency-Key belongs to another request"
    )


def _digest(body: SubmissionIn, subject_id: str) -> str:
    content = body.model_dump(mode="json", exclude={"id_no", "name", "phone"})
    return request_digest(content | {"subject_id": subject_id})


def _channel(actor: Actor) -> Channel:
    if actor.kind is Kind.CITIZEN:
        return Channel.MINI_PROGRAM
    return Channel.COUNTER if Role.TOWNSHIP_HANDLER in actor.roles else Channel.HELPER


def _application(
    tx: Tx,
    application_id: str,
    actor: Actor,
    body: SubmissionIn,
    subject_id: str,
    payee_id: str | None,
    version: str,
) -> Application:
    place = Place(body.township, body.village)
    return Application(
        application_id=application_id,
        receipt=receipt_of(body.project, tx.today.isoformat(), application_id),
        project=body.project,
        project_version=version,
        county=place.county,
        township=place.township,
        village=place.village,
        subject_id=subject_id,
        category=body.category,
        channel=_channel(actor).value,
        form=body.form,
        state=ApplicationState.SUBMITTED.value,
        live=True,
        reasons=[],
        submitted_by=actor.sub,
        submitted_on=tx.today,
        at=tx.now,
        quantity=body.quantity,
        payee_id=payee_id,
    )


def _consent(tx: Tx, new: Application, body: SubmissionIn, text_digest: str) -> Consent:
    return Consent(
        application_id=new.application_id,
        version=body.consent.version,
        text_digest=text_digest,
        signature_digest=signature_digest(
            new.application_id, text_digest, body.consent.signature, crypto.digest
        ),
        given_by=new.submitted_by,
        at=tx.now,
    )


def _submitted(new: Application) -> ApplicationSubmitted:
    return ApplicationSubmitted(
        application_id=new.application_id,
        subject_id=new.subject_id,
        project=new.project,
        township=new.township,
        village=new.village,
        category=new.category,
        channel=new.channel,
        submitted_on=new.submitted_on.isoformat(),
    )
