"""Which subsidies exclude each other, by region and validity: data with a document number, never code."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import BaseModel, Field, StringConstraints

from kit import errors
from kit.auth import Actor, Operation, Reach, Resource, Role, Zone, authorize, guarded_router, require
from kit.ids import new_id
from kit.service import CurrentRoom
from services.verification.api.bodies import Body, Words
from services.verification.store import regional
from services.verification.store.review_tables import Pair

LOAD = Operation(
    "verification.load_exclusions", roles=frozenset({Role.OPERATOR}), zone=Zone.FINANCE, project=False
)
LIST = Operation(
    "verification.list_exclusions",
    roles=frozenset(
        {
            Role.OPERATOR,
            Role.COUNTY_HANDLER,
            Role.COUNTY_REVIEWER,
            Role.TOWNSHIP_HANDLER,
            Role.TOWNSHIP_REVIEWER,
        }
        | {Role.DISCIPLINE}
    ),
    zone=Zone.FINANCE,
    crosses=True,
    region=Reach.NONE,
    project=False,
)
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Place = Annotated[str, StringConstraints(pattern=r"^(\d{2}|\d{4}|\d{6})$")]

router = guarded_router(prefix="/api/verification/v1", tags=["exclusions"])


class PairIn(Body):
    """Two subsidies, each a project code or an outside subsidy's name as the lists bear it. The order is free.

    exclusive: only one; both: they stack; higher: only the higher one. `from_age`: only from this age on.
    """

    project: Name
    other: Name
    relation: Literal["exclusive", "both", "higher"]
    from_age: Annotated[int, Field(ge=0, le=150)] | None = None
    valid_from: date
    valid_to: date | None = None


class PairsIn(Body):
    """What one document orders. `region` is the caller's own unless it names one inside; county or above."""

    document_no: Words
    region: Place | None = None
    pairs: Annotated[list[PairIn], Field(min_length=1, max_length=1000)]


class PairOut(BaseModel):
    """A pair as it stands."""

    pair_id: str
    region: str
    project: str
    other: str
    relation: str
    from_age: int | None
    valid_from: date
    valid_to: date | None
    document_no: str
    loaded_by: str
    loaded_at: datetime
    ended_at: datetime | None


class PairPage(BaseModel):
    """Ask again with `after` = `next` while there is one."""

    items: list[PairOut]
    next: int | None


def _out(row: Any) -> PairOut:
    return PairOut(**{name: row[name] for name in PairOut.model_fields})


@router.post("/exclusions", status_code=201)
async def load(
    body: PairsIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(LOAD))]
) -> list[PairOut]:
    """Load pairs; one that stands already is replaced, and the same again changes nothing."""
    region = body.region or actor.region or ""
    authorize(actor, LOAD, Resource(region=region))
    if len(region) > 6:
        raise errors.forbidden("须由县级以上维护 (kept by counties and above)")
    wrong = [
        place
        for place, one in enumerate(body.pairs, start=1)
        if one.project == one.other or (one.valid_to is not None and one.valid_to < one.valid_from)
    ]
    if wrong:
        raise errors.unprocessable(
            "pairs", "补贴相同或日期颠倒", "same subsidy twice, or ends before it begins", rows=wrong
        )
    async with room.tx(actor) as tx:
        rows = []
        for one in body.pairs:
            first, second = sorted((one.project, one.other))
            fields = one.model_dump() | {"project": first, "other": second}
            pair = Pair(
                **fields, pair_id=new_id(), region=region, document_no=body.document_no, loaded_by=actor.sub,
                loaded_at=tx.now,
            )  # fmt: skip
            rows.append(_out(await regional.load_pair(tx, pair)))
        tx.audit(
            "verification.load_exclusions", f"region:{region}", document=body.document_no, pairs=len(rows)
        )
    return rows


@router.post("/exclusions/{pair_id}:end")
async def end(pair_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(LOAD))]) -> PairOut:
    """It no longer counts, for any period; to let it run out load it again with `valid_to`."""
    async with room.tx(actor) as tx:
        row = await regional.pair(tx, pair_id)
        if row is None:
            raise errors.not_found()
        authorize(actor, LOAD, Resource(region=row["region"]))
        await regional.end_pair(tx, pair_id)
        tx.audit("verification.end_exclusion", f"exclusion:{pair_id}")
        return _out(await regional.pair(tx, pair_id))


@router.get("/exclusions")
async def find(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    project: str | None = None,
    ended: bool = False,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> PairPage:
    """Pairs of one's region, above it and inside it. Of several for the same subsidies the nearest region counts."""
    async with room.tx() as tx:
        rows = await regional.pairs(tx, actor.region or "-", project, ended, after, limit)
    items = [_out(row) for row in rows]
    return PairPage(items=items, next=after + limit if len(items) == limit else None)
