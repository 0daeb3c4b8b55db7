"""Typed refusals as RFC 9457 problem details, Chinese first; and the two kinds of failure of a handler.

A problem never repeats what was sent in: an ID number in a validation error would end up in logs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

TYPE_PREFIX = "urn:daohu:problem:"
MEDIA_TYPE = "application/problem+json"


class RetryableError(Exception):
    """A handler met something that may pass: retry, then park."""


class NonRetryableError(Exception):
    """A handler met something that trying again can't mend: park at once."""


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one row of an upload. `row` counts as the spreadsheet shows it, from 1."""

    row: int
    column: str
    code: str
    message: str


class Problem(Exception):
    """A refusal with status, type slug, Chinese title and English title, and extra members.

    `detail` and members reach the caller and the logs: no person's data in them.
    """

    def __init__(
        self,
        status: int,
        slug: str,
        title: str,
        title_en: str,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(f"{status} {slug}")
        self.status = status
        self.slug = slug
        self.title = title
        self.title_en = title_en
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    def body(self) -> dict[str, Any]:
        """The problem document."""
        body: dict[str, Any] = {
            "type": TYPE_PREFIX + self.slug,
            "title": f"{self.title} ({self.title_en})",
            "status": self.status,
        }
        if self.detail is not None:
            body["detail"] = self.detail
        return body | {name: value for name, value in self.members.items() if name not in body}


def bad_request(slug: str, title: str, title_en: str, detail: str | None = None, **members: Any) -> Problem:
    """400: the request as a whole can't be read."""
    return Problem(400, slug, title, title_en, detail, **members)


def unauthorized(detail: str | None = None) -> Problem:
    """401: no token, or one that is not accepted. Never says which check failed to the caller."""
    return Problem(
        401,
        "unauthorized",
        "未登录或登录已失效",
        "not signed in",
        detail,
        headers={"WWW-Authenticate": "Bearer"},
    )


def forbidden(detail: str | None = None, **members: Any) -> Problem:
    """403: one may know of it, but not do this."""
    return Problem(403, "forbidden", "无权办理", "not allowed", detail, **members)


def not_found() -> Problem:
    """404, always the same: what does not exist and what one may not see can't be told apart."""
    return Problem(404, "not-found", "未找到", "not found")


def conflict(slug: str, title: str, title_en: str, detail: str | None = None, **members: Any) -> Problem:
    """409: the state of things does not allow it now."""
    return Problem(409, slug, title, title_en, detail, **members)


def too_large(detail: str | None = None, **members: Any) -> Problem:
    """413: more than the configured limit."""
    return Problem(413, "too-large", "超过上限", "over the limit", detail, **members)


def unprocessable(
    slug: str,
    title: str,
    title_en: str,
    detail: str | None = None,
    *,
    errors: Sequence[RowError] = (),
    **members: Any,
) -> Problem:
    """422: readable, but wrong; `errors` names all rows at once."""
    if errors:
        members["errors"] = [asdict(error) for error in errors]
    return Problem(422, slug, title, title_en, detail, **members)


def unavailable(retry_after: int, detail: str | None = None) -> Problem:
    """503: something this needs is down; `retry_after` in seconds."""
    return Problem(
        503, "unavailable", "服务暂不可用", "unavailable", detail, headers={"Retry-After": str(retry_after)}
    )
