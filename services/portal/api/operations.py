"""What the portal itself offers; all of it is open, for the rooms decide who may do what."""

from fastapi import APIRouter, Depends

from kit.auth import Operation, Zone, guarded_router, public

EDGE = Operation("portal.forward", public=True, zone=Zone.OUTSIDE, crosses=True)
LOOK = Operation("portal.look", public=True, zone=Zone.OUTSIDE)
SIGN_IN = Operation("portal.sign_in_development", public=True, zone=Zone.OUTSIDE)


def open_router(operation: Operation, **options: object) -> APIRouter:
    """A router whose routes all declare the same open operation."""
    return guarded_router(dependencies=[Depends(public(operation))], **options)
