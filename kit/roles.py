"""Who acts: roles with their Chinese names, the zones of the network, and the actor a token stands for."""

from dataclasses import dataclass, field
from enum import StrEnum

from contracts.base import Zone as Zone

ALL_PROJECTS = "*"


class Role(StrEnum):
    """What a person may act as. Positions in the field's own wording are in `label`."""

    CITIZEN = "citizen"
    HELPER = "helper"
    TOWNSHIP_HANDLER = "township_handler"
    TOWNSHIP_REVIEWER = "township_reviewer"
    COUNTY_HANDLER = "county_handler"
    COUNTY_REVIEWER = "county_reviewer"
    FINANCE_REVIEWER = "finance_reviewer"
    FINANCE_PAYER = "finance_payer"
    COMPLAINTS_DESK = "complaints_desk"
    DISCIPLINE = "discipline"
    LEADER = "leader"
    SURVEY_WORKER = "survey_worker"
    OPERATOR = "operator"
    SERVICE = "service"

    @property
    def label(self) -> str:
        """The Chinese name."""
        return _LABELS[self]


_LABELS = {
    Role.CITIZEN: "群众",
    Role.HELPER: "代办员",
    Role.TOWNSHIP_HANDLER: "乡镇经办",
    Role.TOWNSHIP_REVIEWER: "乡镇审核",
    Role.COUNTY_HANDLER: "县级经办",
    Role.COUNTY_REVIEWER: "部门审核",
    Role.FINANCE_REVIEWER: "财政复核",
    Role.FINANCE_PAYER: "财政支付",
    Role.COMPLAINTS_DESK: "投诉受理",
    Role.DISCIPLINE: "纪检监督",
    Role.LEADER: "分管领导",
    Role.SURVEY_WORKER: "入户调查",
    Role.OPERATOR: "系统运维",
    Role.SERVICE: "系统服务",
}


class Kind(StrEnum):
    """What sort of actor a token stands for; decides which claims it must carry."""

    OFFICIAL = "official"
    CITIZEN = "citizen"
    SERVICE = "service"
    AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts, as a token vouches. `name_display` is for screens and signed manifests only."""

    sub: str
    kind: Kind
    roles: frozenset[Role]
    name_display: str = field(default="", repr=False)
    region: str | None = None
    projects: frozenset[str] = frozenset()
    subject_id: str | None = None
    room: str | None = None
    agency: str | None = None
    revocation: int = 0

    def problem(self) -> str | None:
        """Why such an actor can't exist, or None: a citizen with an office, an official without a region."""
        match self.kind:
            case Kind.CITIZEN if self.roles != {Role.CITIZEN} or not self.subject_id:
                return "a citizen has the role citizen alone, and a subject"
            case Kind.SERVICE if self.roles != {Role.SERVICE} or not self.room:
                return "a service has the role service alone, and a room"
            case Kind.AGENCY if self.roles or self.region or not self.agency:
                return "an agency has its code, and neither role nor region"
            case Kind.OFFICIAL if self.roles & {Role.CITIZEN, Role.SERVICE} or not self.roles:
                return "an official has official roles"
            case Kind.OFFICIAL if not self.region:
                return "an official has a region"
        if self.kind is not Kind.SERVICE and self.room:
            return "only services have a room"
        if self.kind is not Kind.AGENCY and self.agency:
            return "only agencies have an agency's code"
        return None

    def has_project(self, project: str) -> bool:
        """Whether the grant names the project, or all of them."""
        return project in self.projects or ALL_PROJECTS in self.projects

    @property
    def listed_projects(self) -> list[str] | None:
        """The projects that lists are limited to; None: all."""
        return None if ALL_PROJECTS in self.projects else sorted(self.projects)
