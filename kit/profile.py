"""The profile a process runs in; what is only good for development asks here and refuses elsewhere."""

import os

DEVELOPMENT = "development"
PRODUCTION = "production"


class NotInDevelopment(RuntimeError):
    """Something that exists for development only was asked for in another profile."""


def current_profile() -> str:
    """DAOHU_PROFILE; unset means production, so that forgetting it closes doors instead of opening them."""
    return os.environ.get("DAOHU_PROFILE", PRODUCTION).strip() or PRODUCTION


def is_development() -> bool:
    """True only in the development profile."""
    return current_profile() == DEVELOPMENT


def require_development(what: str) -> None:
    """Raise NotInDevelopment unless this process runs in the development profile."""
    if not is_development():
        raise NotInDevelopment(f"{what} 仅限开发环境 (only with DAOHU_PROFILE=development)")
