"""Single lines: a person's lines, one line's whole history, and the correction of its village or quantity."""

from contracts.batch import LineState
from kit import errors
from kit.auth import Actor, guarded_router
from kit.db import Tx
from kit.service import CurrentRoom
from services.batch.api.models import CorrectLine, LineHistory, LineOut, LineWhere
from services.batch.api.operations import CORRECT_LINE, PREFIX, SEE_LINES, actor_for, permit, region_of
from services.batch.domain.lines import OPEN
from services.batch.domain.rosters import counts_things, quantity_of
from services.batch.store import batches, lines, listing, slices
from services.batch.store.tables import LineRow

router = guarded_router(prefix=PREFIX, tags=["lines"])


async def load_line(tx: Tx, line_id: str, *, lock: bool = False) -> LineRow:
    """The line; 404 when there is none."""
    found = await lines.find(tx, line_id, lock=lock)
    if found is None:
        raise errors.not_found()
    return found


@router.get("/lines")
async def find_lines(
    room: CurrentRoom,
    application_id: str | None = None,
    subject_id: str | None = None,
    actor: Actor = actor_for(SEE_LINES),
) -> list[LineWhere]:
    """All lines of an application or a person in one's region."""
    if application_id is None and subject_id is None:
        raise errors.unprocessable("nothing-asked", "请指定申报或对象", "name an application or a subject")
    async with room.tx() as tx:
        found = await listing.lines(
            tx, region_of(actor), application_id=application_id, subject_id=subject_id
        )
    return [LineWhere(**row) for row in found if actor.has_project(row["project"])]


@router.get("/lines/{line_id}/history")
async def see_history(line_id: str, room: CurrentRoom, actor: Actor = actor_for(SEE_LINES)) -> LineHistory:
    """操作日志 of a line: every change with actor, time and reason; and the manifests that contain it."""
    async with room.tx() as tx:
        one = await load_line(tx, line_id)
        permit(actor, SEE_LINES, region=one.township, project=one.project)
        return LineHistory(
            **one.model_dump(include={"line_id", "slice_id", "application_id", "subject_id", "state"}),
            changes=await lines.history(tx, line_id),
            signatures=await lines.signatures(tx, line_id),
        )


@router.post("/lines/{line_id}:correct")
async def correct_line(
    line_id: str, body: CorrectLine, room: CurrentRoom, actor: Actor = actor_for(CORRECT_LINE)
) -> LineOut:
    """更正: give an open line its village; the slice's next check (`RecheckLines`) takes it up."""
    async with room.tx() as tx:
        one = await load_line(tx, line_id)
        permit(actor, CORRECT_LINE, region=one.township, project=one.project)
        inside = await slices.find(tx, one.slice_id, lock=True)
        one = await load_line(tx, line_id, lock=True)
        if inside is None or inside.state != "township" or LineState(one.state) not in OPEN:
            raise errors.conflict(
                "wrong-state", "当前状态不能更正", "only an open line of a township's slice"
            )
        if body.village and body.village not in {place.code for place in room.regions.children(one.township)}:
            raise errors.unprocessable(
                "unknown-village", "村（社区）不在该乡镇", "the village is not in the township"
            )
        quantity = await _quantity(tx, one, body.quantity)
        corrected = await lines.correct(tx, one, body.village, quantity, actor.sub)
        said = {"village": body.village, "quantity": quantity}
        tx.audit("batch.correct_line", f"line:{line_id}", actor.sub, **{k: v for k, v in said.items() if v})
    return LineOut(**corrected.model_dump(include=set(LineOut.model_fields)))


async def _quantity(tx: Tx, line: LineRow, given: str | None) -> str | None:
    """The new quantity in canonical text. Only of what a project counts, and never of money that was out before."""
    if given is None:
        return None
    project = await batches.find_project(tx, line.project)
    assert project is not None, "a line has a project"
    if not counts_things(project.unit) or line.kind != "normal" or line.reissue_of is not None:
        raise errors.conflict("not-counted", "此明细的数量不能更正", "the quantity of this line is fixed")
    found = quantity_of(given, project.unit)
    if found is None:
        raise errors.unprocessable(
            "bad-quantity", "数量或面积须为正数，最多四位小数", "a positive number of four decimals at most"
        )
    return found
