"""What each reader sees: who complained is for the complaints desk and discipline alone (decisions §5)."""

from datetime import date

from kit.auth import Actor, Kind, Role
from kit.service import Room
from services.grievance.api.bodies import ObjectionOut
from services.grievance.domain import State, overdue
from services.grievance.ports import unseal
from services.grievance.store.tables import Objection

KNOWS_COMPLAINANT = frozenset({Role.COMPLAINTS_DESK, Role.DISCIPLINE})


def out(one: Objection, actor: Actor, today: date) -> ObjectionOut:
    """The objection without its texts, as lists show it."""
    own = actor.kind is Kind.CITIZEN
    plain = one.model_dump(include=set(ObjectionOut.model_fields) - {"complainant", "findings"})
    return ObjectionOut(
        **plain,
        state_label=State(one.state).label,
        overdue=overdue(State(one.state), one.due_on, today),
        findings=None if own else one.findings,
        complainant=one.complainant if actor.roles & KNOWS_COMPLAINANT else None,
    )


def with_texts(room: Room, one: Objection, actor: Actor, today: date) -> ObjectionOut:
    """One objection with the texts its reader may see: the citizen's words only to the desk and their author,
    the survey to those who work on it, reasons and opinion to everybody concerned."""
    shown = out(one, actor, today)
    own, desk = actor.kind is Kind.CITIZEN, Role.COMPLAINTS_DESK in actor.roles

    def clear(sealed: bytes | None, part: str, allowed: bool) -> str | None:
        return unseal(room, sealed, one.objection_id, part) if allowed else None

    shown.text = clear(one.text_sealed, "text", desk or own)
    shown.survey = clear(one.findings_sealed, "findings", desk or Role.SURVEY_WORKER in actor.roles)
    shown.refusal = clear(one.refusal_sealed, "refusal", True)
    shown.opinion = clear(one.opinion_sealed, "opinion", True)
    return shown
