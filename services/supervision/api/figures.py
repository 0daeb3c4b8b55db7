"""One line per county: what is late, urged, complained about, intercepted and recovered (M63, M65)."""

from typing import Annotated

from fastapi import Depends

from kit.auth import Actor, Operation, Reach, Zone, guarded_router, require
from kit.service import CurrentRoom
from services.supervision.api.bodies import CountyFigures
from services.supervision.api.sight import SUPERVISORS
from services.supervision.store import figures

READ = Operation(
    "supervision.read_figures",
    roles=SUPERVISORS,
    zone=Zone.OUTSIDE,
    crosses=True,
    region=Reach.NONE,
    project=False,
)

router = guarded_router(prefix="/api/supervision/v1", tags=["figures"])


@router.get("/figures")
async def read(room: CurrentRoom, actor: Annotated[Actor, Depends(require(READ))]) -> list[CountyFigures]:
    """Each county of the reader's region with anything to tell."""
    async with room.tx(actor) as tx:
        rows = await figures.by_county(tx, actor.region or "-", actor.listed_projects)
    return [CountyFigures(**row, county_name=room.regions.name(row["county"])) for row in rows]
