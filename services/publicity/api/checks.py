"""Loading a notice for an actor, and the typed refusals several routes share."""

from datetime import date

from kit import errors, workdays
from kit.auth import Actor, Operation, Resource, authorize
from kit.db import Tx
from services.publicity.api.bodies import NoticeOut
from services.publicity.domain.states import State
from services.publicity.domain.terms import Terms, terms_of
from services.publicity.store import notices
from services.publicity.store.tables import Notice


async def reach(tx: Tx, notice_id: str, actor: Actor, operation: Operation, *, lock: bool = False) -> Notice:
    """The notice, if the actor may do this to it in its state; else 404, 403 or 409."""
    notice = await notices.find(tx, notice_id, lock=lock)
    if notice is None:
        raise errors.not_found()
    authorize(actor, operation, Resource(region=notice.township, project=notice.project, state=notice.state))
    return notice


async def terms_for(tx: Tx, notice: Notice) -> Terms:
    """The project's terms for this round. A manifest that means nothing is a conflict, never a default."""
    try:
        return terms_of(await notices.manifest_of(tx, notice), notice.round)
    except ValueError:
        raise errors.conflict(
            "publicity-terms", "项目公示期限配置错误", "the project's publicity terms can't be read"
        ) from None


def check_dates(terms: Terms, starts_on: date, ends_on: date) -> None:
    """422 `publicity-too-short` when the notice would hang for less than the project's terms."""
    earliest = terms.earliest_end(starts_on, workdays.add_working_days)
    if ends_on < earliest:
        raise errors.unprocessable(
            "publicity-too-short",
            "公示期不足",
            "the notice would end too early",
            f"公示期不少于{terms.days}个{terms.kind.label}，截止日不得早于{earliest} (ends too early)",
            earliest_end=earliest.isoformat(),
            days=terms.days,
            kind_of_days=terms.kind,
        )


def out(notice: Notice) -> NoticeOut:
    """The notice for its officials."""
    return NoticeOut(**notice.model_dump(), state_label=State(notice.state).label)
