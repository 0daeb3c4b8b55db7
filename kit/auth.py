"""Authorization at the door of a room: a route declares its operation, and thereby checks and documents it.

    router = guarded_router(prefix="/api/payment/v1")
    APPROVE = Operation("payment.approve", roles=frozenset({Role.FINANCE_REVIEWER}), zone=Zone.FINANCE)

    @router.post("/orders/{order_id}/approval")
    async def approve(order_id: str, actor: Actor = Depends(require(APPROVE))) -> None:
        authorize(actor, APPROVE, Resource(region=…, project=…))   # on the loaded object

A route of a guarded router that declares no operation fails when it is defined, not when it is attacked.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from kit import errors
from kit.authz import Decision, Operation, Reach, Resource, Verdict, authorize, decide, may_call
from kit.issuer import DevelopmentIssuer, ServiceTokens
from kit.roles import ALL_PROJECTS, Actor, Kind, Role, Zone
from kit.rows import acting
from kit.tokens import TokenReader, TokenRefused

__all__ = [
    "ALL_PROJECTS",
    "Actor",
    "Decision",
    "DevelopmentIssuer",
    "Kind",
    "Operation",
    "Reach",
    "Resource",
    "Role",
    "ServiceTokens",
    "TokenReader",
    "TokenRefused",
    "Verdict",
    "Zone",
    "authorize",
    "decide",
    "guarded_router",
    "install",
    "may_call",
    "public",
    "require",
    "undeclared",
]

EXTENSION = "x-authz"
_log = logging.getLogger(__name__)
_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT")
_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})


def install(app: FastAPI, reader: TokenReader) -> None:
    """Give the application its token reader. The problem handlers are `kit.problems.install`."""
    app.state.token_reader = reader


class _Requirement:
    """The dependency of a guarded route; carries its operation so that the route can document it."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation

    async def __call__(
        self, request: Request, credentials: HTTPAuthorizationCredentials | None = Depends(_bearer)
    ) -> Actor:
        """The actor, known and named by the rule; 401 or 403 otherwise."""
        if credentials is None:
            raise errors.unauthorized()
        reader: TokenReader = request.app.state.token_reader
        try:
            actor = reader.read(credentials.credentials)
        except TokenRefused as refused:
            _log.info("token refused: %s", refused)
            raise errors.unauthorized() from None
        if not may_call(actor, self.operation):
            raise errors.forbidden()
        if actor.kind is not Kind.SERVICE:
            acting.set(actor)
        return actor


class _Openness:
    """The dependency of a route that everybody may call."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation

    async def __call__(self) -> None:
        """Nothing to check."""


def require(operation: Operation) -> Callable[..., Any]:
    """The dependency that yields the Actor: it checks the role; `authorize` checks the loaded object."""
    if operation.public:
        raise ValueError(f"{operation.name} is public: declare it with `public`")
    return _Requirement(operation)


def public(operation: Operation) -> Callable[..., Any]:
    """The dependency of an operation that is open to everybody, said out loud."""
    if not operation.public:
        raise ValueError(f"{operation.name} is not public: declare it with `require`")
    return _Openness(operation)


def _operations(dependant: Dependant) -> Iterator[Operation]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, _Requirement | _Openness):
            yield inner.call.operation
        yield from _operations(inner)


class GuardedRoute(APIRoute):
    """A route that refuses to exist without exactly one declared operation, and documents it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = list(_operations(self.dependant))
        if len(found) != 1:
            raise TypeError(f"{self.path}: declares {len(found)} operations, must be one (require / public)")
        self.openapi_extra = {**(self.openapi_extra or {}), EXTENSION: found[0].document()}


def guarded_router(**options: Any) -> APIRouter:
    """An APIRouter whose every route declares its operation."""
    return APIRouter(route_class=GuardedRoute, **options)


def undeclared(document: dict[str, Any]) -> list[str]:
    """The operations of an OpenAPI document without `x-authz`, as "METHOD /path": must be empty (test)."""
    return [
        f"{method.upper()} {path}"
        for path, item in document.get("paths", {}).items()
        for method, operation in item.items()
        if method in _METHODS and EXTENSION not in operation
    ]
