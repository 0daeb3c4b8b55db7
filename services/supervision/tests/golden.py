"""An example of each handled message, for the suite that delivers everything twice."""

from contracts.application import EnrolmentsStated
from contracts.base import Message
from contracts.batch import LinesStated
from contracts.examples import example
from contracts.grievance import CaseChanged
from contracts.orchestrator import ProjectDeployed, WorkItemClosed, WorkItemOpened
from contracts.payment import PaymentsStated, RecoveryChanged
from contracts.verification import EligibilityRefused, FindingsStated, HitDecided
from kit.db import Tx
from kit.testing import sealed
from services.supervision.domain.journal import ENTRIES

_PLAIN: tuple[type[Message], ...] = (
    *ENTRIES,
    EligibilityRefused,
    EnrolmentsStated,
    FindingsStated,
    HitDecided,
    LinesStated,
    PaymentsStated,
    ProjectDeployed,
    RecoveryChanged,
    WorkItemOpened,
    WorkItemClosed,
)
GOLDEN: dict[type[Message], Message] = {cls: sealed(cls.model_validate(example(cls))) for cls in _PLAIN}
GOLDEN[CaseChanged] = CaseChanged(
    case_id="case-1",
    kind="complaint",
    matter="service_attitude",
    county="539901",
    township="539901101",
    state="registered",
    due_on="2023-05-08",
)


async def prepare(tx: Tx) -> None:
    """Nothing comes before what this room hears."""
