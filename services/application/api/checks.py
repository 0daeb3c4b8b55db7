"""What a submission must satisfy before anybody is asked about the person; each refusal has its own type."""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry

from kit import crypto, errors
from kit.auth import Actor, Kind, Operation, Resource, decide
from kit.errors import Problem
from kit.mask import looks_like_pii
from kit.regions import Level, RegionTable, ancestor, is_region, level
from services.application.api.bodies import SubmissionIn
from services.application.domain import category_code, consent_digest, texts_of


def check_place(regions: RegionTable, township: str, village: str | None) -> None:
    """The township must be in the table; a village given by code must lie in it, free text waits (M6)."""
    known = regions.get(township)
    if known is None or known.level is not Level.TOWNSHIP:
        raise errors.unprocessable("unknown-township", "所属乡镇不存在", "unknown township")
    if village is not None and is_region(village):
        place = regions.get(village)
        if (
            place is None
            or level(village) is not Level.VILLAGE
            or ancestor(village, Level.TOWNSHIP) != township
        ):
            raise errors.unprocessable(
                "unknown-village", "村（社区）不在该乡镇", "the village is not in the township"
            )


def check_office(actor: Actor, operation: Operation, body: SubmissionIn) -> None:
    """An official takes applications of their own region and projects only (受理地区)."""
    if actor.kind is Kind.OFFICIAL:
        region = _seat(actor, body.township, body.village)
        if not decide(actor, operation, Resource(region=region, project=body.project)).allowed:
            raise errors.forbidden("受理地区或项目不在权限内 (outside your region or projects)")


def _seat(actor: Actor, township: str, village: str | None) -> str:
    # A helper of one village takes applications of that village; all others sit in a township or above.
    by_village = village is not None and is_region(village) and len(actor.region or "") == int(Level.VILLAGE)
    return village if by_village and village is not None else township


def check_consent(version: str) -> str:
    """The digest of the wording agreed to."""
    digest = consent_digest(version, crypto.digest)
    if digest is None:
        raise errors.unprocessable(
            "unknown-consent", "告知书版本不存在", "unknown version of the consent text"
        )
    return digest


def check_form(schema: Mapping[str, Any], body: SubmissionIn) -> None:
    """The project's own schema first, then nothing that belongs into the registry."""
    # An empty registry: a schema can refer to its own parts, never make us fetch an address.
    validator = Draft202012Validator(schema, registry=Registry())
    wrong = [
        {
            "pointer": "/form" + "".join(f"/{part}" for part in error.absolute_path),
            "code": str(error.validator),
        }
        for error in validator.iter_errors(body.form)
    ]
    if wrong:
        raise errors.unprocessable(
            "invalid-form", "申请表单不符合项目要求", "the form does not match the project", fields=wrong
        )
    texts = [*texts_of(body.form, "/form"), *texts_of(body.village, "/village")]
    found = [{"pointer": at, "code": "personal_data"} for at, text in texts if looks_like_pii(text)]
    if found:
        raise errors.unprocessable(
            "personal-data-in-form",
            "表单中不得填写证件、账号或电话号码",
            "no ID, account or phone numbers in the form",
            fields=found,
        )


def check_category(manifest: Mapping[str, Any], given: str) -> str:
    """The category's code; an unknown one would find no standard to pay by."""
    code = category_code(manifest, given)
    if code is None:
        raise errors.unprocessable(
            "unknown-category", "补贴对象类别不存在", "the project has no such category"
        )
    return code


def check_quantity(manifest: Mapping[str, Any], given: str) -> None:
    """How much is claimed: machines, land, months of a year. A monthly project pays one each month, never more."""
    if given != "1" and manifest.get("cycle", "month") == "month":
        raise errors.unprocessable(
            "quantity-not-asked", "按月发放的项目不填数量", "a monthly project asks for no quantity"
        )


def unknown_project() -> Problem:
    """404 with its own type: projects are no secret."""
    return Problem(404, "unknown-project", "项目不存在或未开通", "no such project")
