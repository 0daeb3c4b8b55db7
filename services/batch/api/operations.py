"""The operations of this room and who may call them; each is shown as `x-authz` beside its route."""

from typing import Annotated

from fastapi import Depends, Query

from kit import errors
from kit.auth import Actor, Operation, Reach, Resource, Role, Zone, authorize, require
from kit.regions import Level, covers
from services.batch.store.tables import Batch

PREFIX = "/api/batch/v1"

TOWNSHIP = frozenset({Role.TOWNSHIP_HANDLER, Role.TOWNSHIP_REVIEWER})
COUNTY = frozenset(
    {Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER, Role.FINANCE_REVIEWER, Role.FINANCE_PAYER, Role.DISCIPLINE}
)
HANDLERS = frozenset({Role.TOWNSHIP_HANDLER, Role.COUNTY_HANDLER})

OPEN_BATCH = Operation("batch.open_batch", roles=frozenset({Role.COUNTY_HANDLER}), zone=Zone.FINANCE)
CLOSE_BATCH = Operation("batch.close_batch", roles=frozenset({Role.COUNTY_HANDLER}), zone=Zone.FINANCE)
SEE_BATCHES = Operation("batch.see_batches", roles=TOWNSHIP | COUNTY, crosses=True, region=Reach.RELATED)
UPLOAD_ROSTER = Operation("batch.upload_roster", roles=HANDLERS, crosses=True)
SEE_ROSTER = Operation("batch.see_roster", roles=HANDLERS, crosses=True)
SEE_CANDIDATES = Operation("batch.see_candidates", roles=TOWNSHIP | COUNTY, crosses=True)
SEE_CARRY_OVER = Operation("batch.see_carry_over", roles=TOWNSHIP | COUNTY, crosses=True)
SUBMIT_SLICE = Operation("batch.submit_slice", roles=HANDLERS, crosses=True)
PROPOSE_ADJUSTMENT = Operation("batch.propose_adjustment", roles=HANDLERS, crosses=True)
SEE_ADJUSTMENTS = Operation(
    "batch.see_adjustments", roles=TOWNSHIP | COUNTY, crosses=True, region=Reach.RELATED
)
APPROVE_ADJUSTMENT = Operation(
    "batch.approve_adjustment",
    roles=frozenset({Role.TOWNSHIP_REVIEWER, Role.COUNTY_REVIEWER}),
    crosses=True,
    states=frozenset({"proposed"}),
    four_eyes=True,
)
SEE_SLICES = Operation("batch.see_slices", roles=TOWNSHIP | COUNTY, crosses=True)
OPEN_SET = Operation("batch.open_set", roles=frozenset({Role.COUNTY_HANDLER}), zone=Zone.FINANCE)
SEE_SETS = Operation("batch.see_sets", roles=COUNTY, zone=Zone.FINANCE)
SEE_LINES = Operation("batch.see_lines", roles=TOWNSHIP | COUNTY, crosses=True)
CORRECT_LINE = Operation("batch.correct_line", roles=frozenset({Role.TOWNSHIP_HANDLER}))

Limit = Annotated[int, Query(ge=1, le=5000)]


def actor_for(operation: Operation) -> Actor:
    """The dependency that yields the actor of an operation."""
    found: Actor = Depends(require(operation))
    return found


def permit(actor: Actor, operation: Operation, *, region: str, project: str) -> None:
    """The region and project part of the decision, on the loaded object; 404 for what one may not see."""
    authorize(actor, operation, Resource(region=region, project=project))


def township_wanted(actor: Actor, operation: Operation, batch: Batch, township: str | None) -> str | None:
    """The township that a list of a batch is limited to, or None for the county; a township's official sees their own.

    404 for a place outside the batch's county or the actor's region.
    """
    own = region_of(actor)
    wanted = township or (own if len(own) == int(Level.TOWNSHIP) else None)
    permit(actor, operation, region=wanted or batch.county, project=batch.project)
    if wanted is not None and not covers(batch.county, wanted):
        raise errors.not_found()
    return wanted


def region_of(actor: Actor) -> str:
    """The official's region; every list is limited to it."""
    if actor.region is None:
        raise errors.forbidden()
    return actor.region
