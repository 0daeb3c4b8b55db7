"""An example of each handled message, for the suite that delivers everything twice."""

from contracts.base import Message
from contracts.batch import Line, LinesStated, LineState
from kit.db import Tx
from kit.testing import sealed

_LINE = Line(
    line_id="line-1",
    rev=1,
    application_id="application-1",
    subject_id="subject-1",
    payee_id="subject-1",
    village="539901101201",
    state=LineState.NORMAL,
    entitlement_period="202305",
)
GOLDEN: dict[type[Message], Message] = {
    LinesStated: LinesStated(
        stream_id="slice-1",
        revision=1,
        index=0,
        count=1,
        digest="-",
        batch_id="batch-1",
        project="11810",
        period="202305",
        county="539901",
        township="539901101",
        category="elderly",
        rows=[_LINE],
    )
}
GOLDEN |= {cls: sealed(message) for cls, message in GOLDEN.items()}


async def prepare(tx: Tx) -> None:
    """Lines need nothing before them."""
