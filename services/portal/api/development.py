"""The development issuer's door: demo logins for officials, and for citizens by number and name.

It stands in the development profile alone: with it switched on elsewhere the portal does not start.
"""

from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from contracts.registry import PersonIn, ResolveReply, ResolveRequest
from kit import errors
from kit.auth import ALL_PROJECTS, Actor, DevelopmentIssuer, Kind, Role
from kit.issuer import DEFAULT_LIFE
from kit.service import CurrentRoom, Room
from services.portal.api.operations import SIGN_IN, open_router
from services.portal.domain.edge import login_of, logins_in

router = open_router(SIGN_IN, prefix="/auth/dev", tags=["development"])
ISSUER = "issuer"


class TokenIn(BaseModel):
    """A demo login, as listed by `GET /auth/dev/logins`."""

    model_config = ConfigDict(extra="forbid")

    username: Annotated[str, StringConstraints(max_length=64)]


class AgencyIn(BaseModel):
    """An agency's code, as in its agreement; whether there is one, `exchange` decides."""

    model_config = ConfigDict(extra="forbid")

    agency: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,24}$")]


class CitizenIn(BaseModel):
    """Who signs in; the registry makes a subject of a person it meets for the first time."""

    model_config = ConfigDict(extra="forbid")

    id_no: Annotated[str, StringConstraints(max_length=64)]
    name: Annotated[str, StringConstraints(max_length=200)]


class TokenOut(BaseModel):
    """A bearer token and its life in seconds."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int
    username: str


class LoginOut(BaseModel):
    """A demo login with the words for role and region."""

    username: str
    role: str
    region: str


def _token(room: Room, actor: Actor, response: Response) -> TokenOut:
    issuer = room.state[ISSUER]
    assert isinstance(issuer, DevelopmentIssuer)
    response.headers["cache-control"] = "no-store"
    life = int(DEFAULT_LIFE.total_seconds())
    return TokenOut(access_token=issuer.mint(actor), expires_in=life, username=actor.sub)


@router.post("/token")
async def token(body: TokenIn, room: CurrentRoom, response: Response) -> TokenOut:
    """A token for an official's demo login. 422 for a login that can't exist."""
    login = login_of(body.username)
    place = room.regions.get(login.region) if login else None
    if login is None or place is None:
        raise errors.unprocessable(
            "unknown-login", "没有这个演示账号", "no such demo login", "见 (see) GET /auth/dev/logins"
        )
    role = Role(login.role)
    actor = Actor(
        sub=login.username,
        kind=Kind.OFFICIAL,
        roles=frozenset({role}),
        name_display=f"{place.name}{role.label}",
        region=login.region,
        projects=frozenset({ALL_PROJECTS}),
    )
    return _token(room, actor, response)


@router.post("/citizen")
async def citizen(body: CitizenIn, room: CurrentRoom, response: Response) -> TokenOut:
    """A token for a citizen. 422 with the registry's reason when number or name can't be used."""
    asked = ResolveRequest(persons=[PersonIn(ref="me", id_no=body.id_no, name=body.name)])
    reply = await room.peers.post("registry", "/internal/v1/persons:resolve", asked, ResolveReply)
    found = reply.persons[0]
    if found.subject_id is None:
        raise errors.unprocessable(
            "person-refused",
            "身份信息有误",
            "the person's data can't be used",
            found.message,
            code=found.problem,
        )
    actor = Actor(
        sub=f"citizen:{found.subject_id}",
        kind=Kind.CITIZEN,
        roles=frozenset({Role.CITIZEN}),
        subject_id=found.subject_id,
    )
    return _token(room, actor, response)


@router.post("/agency")
async def agency(body: AgencyIn, room: CurrentRoom, response: Response) -> TokenOut:
    """A token for another agency's program."""
    actor = Actor(sub=f"agency:{body.agency}", kind=Kind.AGENCY, roles=frozenset(), agency=body.agency)
    return _token(room, actor, response)


@router.get("/logins")
async def logins(room: CurrentRoom) -> list[LoginOut]:
    """Every demo login of the region table, from the city down."""
    return [
        LoginOut(username=one.username, role=Role(one.role).label, region=room.regions.full_name(one.region))
        for one in logins_in(place.code for place in room.regions)
    ]
