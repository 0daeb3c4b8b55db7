"""What each reader sees: who complained is for the complaints desk and discipline alone (decisions §5)."""

from datetime import date

from kit import errors
from kit.auth import Actor, Role
from kit.auth import Kind as ActorKind
from kit.db import Tx
from kit.service import Room
from services.grievance.api.bodies import CaseOut, ImageOut, StepOut
from services.grievance.domain import Kind, State, escalated, overdue
from services.grievance.ports import unseal
from services.grievance.store import images, record, recusals
from services.grievance.store.tables import Case

KNOWS_COMPLAINANT = frozenset({Role.COMPLAINTS_DESK, Role.DISCIPLINE})
_COMPUTED = {"complainant", "findings", "handler"}


def resource(one: Case) -> str:
    """How the audit names a case."""
    return f"objection:{one.case_id}" if one.kind == Kind.OBJECTION else f"case:{one.case_id}"


def check_project(actor: Actor, project: str | None) -> None:
    """404 for a case of a project that an official has no part in; a case may name none."""
    if actor.kind is ActorKind.OFFICIAL and project is not None and not actor.has_project(project):
        raise errors.not_found()


def out(one: Case, actor: Actor, today: date) -> CaseOut:
    """The case without its texts, as lists show it."""
    own = actor.kind is ActorKind.CITIZEN
    known = bool(actor.roles & KNOWS_COMPLAINANT) and not one.anonymous
    plain = one.model_dump(include=set(CaseOut.model_fields) - _COMPUTED)
    return CaseOut(
        **plain,
        objection_id=one.case_id if one.kind == Kind.OBJECTION else None,
        state_label=State(one.state).label,
        overdue=overdue(State(one.state), one.due_on, today),
        escalated=escalated(State(one.state), one.escalates_on, today),
        findings=None if own else one.findings,
        handler=None if own else one.handler,
        complainant=one.complainant if known else None,
    )


async def with_texts(tx: Tx, room: Room, one: Case, actor: Actor) -> CaseOut:
    """One case with the texts its reader may see: the citizen's words only to the desk and their author (a
    message's also to who answers it), the survey to those who work on it, the outcome to everybody concerned."""
    shown = out(one, actor, tx.today)
    own, desk = actor.kind is ActorKind.CITIZEN, Role.COMPLAINTS_DESK in actor.roles
    asked = one.kind == Kind.MESSAGE and Role.COUNTY_HANDLER in actor.roles
    surveys = desk or Role.SURVEY_WORKER in actor.roles

    def clear(sealed: bytes | None, part: str, allowed: bool) -> str | None:
        return unseal(room, sealed, one.case_id, part) if allowed else None

    shown.text = clear(one.text_sealed, "text", desk or own or asked)
    shown.survey = clear(one.findings_sealed, "findings", surveys)
    shown.refusal = clear(one.refusal_sealed, "refusal", True)
    shown.opinion = clear(one.opinion_sealed, "opinion", True)
    shown.reply = clear(one.reply_sealed, "reply", True)
    shown.rating = clear(one.rating_sealed, "rating", desk or own)
    if actor.roles & KNOWS_COMPLAINANT:
        shown.recused = await recusals.of(tx, one.case_id)
    shown.record = [
        StepOut(
            step=row["step"],
            at=row["at"],
            actor=None if own else row["actor"],
            words=clear(
                row["words_sealed"], row["part"], desk or (own and row["step"] in ("concluded", "replied"))
            ),
        )
        for row in await record.of(tx, one.case_id)
    ]
    pictures = await images.listed(tx, one.case_id)
    shown.images = [ImageOut(**row) for row in pictures if may_look(row["of_complainant"], actor)]
    return shown


def may_look(of_complainant: bool, actor: Actor) -> bool:
    """A complainant's picture may give them away: it is for them and the desk; evidence also for surveyors."""
    if actor.kind is ActorKind.CITIZEN:
        return of_complainant
    return Role.COMPLAINTS_DESK in actor.roles or (not of_complainant and Role.SURVEY_WORKER in actor.roles)
