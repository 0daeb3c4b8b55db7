"""An example of each handled message, for the suite that delivers everything twice."""

from contracts.base import Message
from contracts.batch import LineExcluded, LineHeld, LineReleased, LinesStated, SliceRevision
from contracts.orchestrator import ProjectDeployed
from contracts.publicity import PublishSet, PublishSlice
from kit import chunks
from kit.db import Tx
from kit.testing import sealed

_PLACE = {"project": "11810", "period": "202305"}
_STREAM = {"stream_id": "slice-2", "revision": 1, "index": 0, "count": 1, "digest": "-"}

GOLDEN: dict[type[Message], Message] = {
    ProjectDeployed: ProjectDeployed(
        project="11810",
        version="v1",
        manifest={"name": "经济困难老年人服务补贴", "publicity": {"days": 7}},
        rules={},
        form_schema={},
    ),
    LinesStated: LinesStated(
        **_STREAM, **_PLACE, batch_id="b", county="539901", township="539901101", category="c", rows=[]
    ),
    PublishSlice: PublishSlice(
        slice_id="slice-1", revision=1, **_PLACE, township="539901101", round=1, with_amounts=False
    ),
    PublishSet: PublishSet(
        set_id="set-1",
        **_PLACE,
        county="539901",
        slices=[SliceRevision(slice_id="slice-1", revision=1)],
        round=2,
        with_amounts=True,
    ),
    LineHeld: LineHeld(slice_id="slice-1", line_id="line-1", rev=2, reason="objection"),
    LineReleased: LineReleased(slice_id="slice-1", line_id="line-1", rev=3, reason="objection"),
    LineExcluded: LineExcluded(
        slice_id="slice-1",
        line_id="line-1",
        application_id="application-1",
        seq=1,
        reason="objection",
        ends_enrolment=True,
    ),
}
GOLDEN |= {cls: sealed(message) for cls, message in GOLDEN.items()}


async def prepare(tx: Tx) -> None:
    """The slice that the commands name, complete and empty."""
    await tx.execute(
        "INSERT INTO slice VALUES ('slice-1', '11810', '202305', '539901', '539901101', 'c') "
        "ON CONFLICT DO NOTHING"
    )
    await chunks.mark(tx, "slice-1", 1)
