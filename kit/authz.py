"""One decision for every operation: role, region, project, ownership, state, and who acted before.

Denied unless everything fits. What one may not see answers like what does not exist (404).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kit import errors, regions
from kit.errors import Problem
from kit.roles import Actor, Kind, Role, Zone


class Reach(StrEnum):
    """How the actor's region and the object's must lie to each other."""

    NONE = "none"  # the operation has no object in a region, or the project's rules alone decide
    COVERS = "covers"  # the object lies in the actor's region
    RELATED = "related"  # or the other way round: a township reads its county's batch


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation's rule, declared beside its route and shown as `x-authz` in the OpenAPI document.

    `rooms`: services that may call it. `states`: those the object must be in (else 409). `own`: a citizen
    reaches only what belongs to their subject. `agencies`: other agencies may call it, each for its own agreement.
    `four_eyes`: none of the object's `acted_by` may do it.
    """

    name: str
    roles: frozenset[Role] = frozenset()
    rooms: frozenset[str] = frozenset()
    agencies: bool = False
    zone: Zone = Zone.OUTSIDE
    crosses: bool = False
    region: Reach = Reach.COVERS
    project: bool = True
    states: frozenset[str] = frozenset()
    four_eyes: bool = False
    public: bool = False

    def __post_init__(self) -> None:
        if self.public == bool(self.roles or self.rooms or self.agencies):
            raise ValueError(f"{self.name}: either public, or for some roles, rooms or agencies")

    def document(self) -> dict[str, Any]:
        """The `x-authz` member."""
        return {
            "operation": self.name,
            "public": self.public,
            "roles": sorted(self.roles),
            "rooms": sorted(self.rooms),
            "agencies": self.agencies,
            "zone": self.zone.value,
            "crosses": self.crosses,
            "region": self.region.value,
            "project": self.project,
            "states": sorted(self.states),
            "four_eyes": self.four_eyes,
        }


@dataclass(frozen=True, slots=True)
class Resource:
    """What a decision must know of an object. None means unknown, which no regional rule lets pass."""

    region: str | None = None
    project: str | None = None
    subject_id: str | None = None
    state: str | None = None
    acted_by: frozenset[str] = frozenset()
    agency: str | None = None


class Verdict(StrEnum):
    """Outcomes; `hidden` is told to the caller as 404."""

    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    HIDDEN = "hidden"
    WRONG_STATE = "wrong_state"
    SAME_PERSON = "same_person"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, and the problem it is told as."""

    verdict: Verdict

    @property
    def allowed(self) -> bool:
        """True for `allowed` alone."""
        return self.verdict is Verdict.ALLOWED

    def problem(self) -> Problem:
        """The refusal for the caller. Raises ValueError when there is nothing to refuse."""
        match self.verdict:
            case Verdict.FORBIDDEN:
                return errors.forbidden()
            case Verdict.HIDDEN:
                return errors.not_found()
            case Verdict.WRONG_STATE:
                return errors.conflict("wrong-state", "当前状态不能办理", "not in a state that allows this")
            case Verdict.SAME_PERSON:
                return errors.forbidden("经办与审核不能为同一人 (maker and checker must differ)")
        raise ValueError("an allowed decision is no problem")


def may_call(actor: Actor, operation: Operation) -> bool:
    """Whether the actor's role, or room, is named at all: the part that can be known before the object is."""
    if operation.public:
        return True
    if actor.problem() is not None:
        return False
    if actor.kind is Kind.SERVICE:
        return actor.room in operation.rooms
    if actor.kind is Kind.AGENCY:
        return operation.agencies
    return bool(actor.roles & operation.roles)


def decide(actor: Actor, operation: Operation, resource: Resource) -> Decision:
    """May this actor do this to that? Deny by default."""
    if not may_call(actor, operation):
        return Decision(Verdict.FORBIDDEN)
    if not operation.public and not _sees(actor, operation, resource):
        return Decision(Verdict.HIDDEN)
    if operation.states and resource.state not in operation.states:
        return Decision(Verdict.WRONG_STATE)
    if operation.four_eyes and actor.sub in resource.acted_by:
        return Decision(Verdict.SAME_PERSON)
    return Decision(Verdict.ALLOWED)


def authorize(actor: Actor, operation: Operation, resource: Resource) -> None:
    """Raise the Problem unless `decide` allows it. Call it on the loaded object, before changing anything."""
    decision = decide(actor, operation, resource)
    if not decision.allowed:
        raise decision.problem()


def _sees(actor: Actor, operation: Operation, resource: Resource) -> bool:
    if actor.kind is Kind.SERVICE:
        return True  # rooms are named one by one in the rule; they have no region of their own
    if actor.kind is Kind.AGENCY:
        return resource.agency is not None and resource.agency == actor.agency
    if actor.kind is Kind.CITIZEN:
        return resource.subject_id is not None and resource.subject_id == actor.subject_id
    if operation.region is not Reach.NONE and not _reaches(operation.region, actor.region, resource.region):
        return False
    return not operation.project or (resource.project is not None and actor.has_project(resource.project))


def _reaches(reach: Reach, holder: str | None, target: str | None) -> bool:
    if holder is None or target is None or not (regions.is_region(holder) and regions.is_region(target)):
        return False
    return regions.covers(holder, target) or (reach is Reach.RELATED and regions.covers(target, holder))
