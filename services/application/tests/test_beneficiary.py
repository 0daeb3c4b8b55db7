"""Whom and how much an application is for: households of their head, and quantities where a project asks for them."""

from typing import Any

from contracts.application import ApplicationListed, ListApplication
from contracts.orchestrator import ProjectDeployed
from kit.testing import RoomHarness, only
from services.application.tests.conftest import DEPLOYED, Registry, count, submit


async def deployed(desk: RoomHarness, project: str, **manifest: Any) -> None:
    """Another project with the same form."""
    categories = DEPLOYED.manifest["categories"]
    await desk.deliver(
        ProjectDeployed(
            project=project,
            version=f"v-{project}",
            manifest={"categories": categories} | manifest,
            rules={},
            form_schema=DEPLOYED.form_schema,
        )
    )


async def listed(desk: RoomHarness, application_id: str) -> ApplicationListed:
    [found] = only(await desk.deliver(ListApplication(application_id=application_id)), ApplicationListed)
    return found


async def test_a_household_is_the_beneficiary_and_its_head_is_paid(
    desk: RoomHarness, registry: Registry
) -> None:
    await deployed(desk, "11820", beneficiary_kind="household")
    answer = await submit(desk, project="11820")
    assert answer.status_code == 201, answer.text
    one = await listed(desk, answer.json()["application_id"])
    async with registry.harness.room.tx() as tx:
        home = await tx.fetchrow("SELECT subject_id, head_id FROM household")
    assert home is not None
    assert (one.subject_id, one.payee_id) == (home["subject_id"], home["head_id"])
    assert one.subject_id != one.payee_id
    again = await submit(desk, project="11820")
    assert again.status_code == 409, "the household has applied already"


async def test_a_person_is_paid_themselves(desk: RoomHarness, registry: Registry) -> None:
    answer = await submit(desk)
    assert (await listed(desk, answer.json()["application_id"])).payee_id is None
    assert await count(registry.harness, "household") == 0


async def test_a_quantity_is_kept_where_the_project_asks_for_one(desk: RoomHarness) -> None:
    await deployed(desk, "21020", cycle="once")
    answer = await submit(desk, project="21020", quantity="2")
    assert answer.status_code == 201, answer.text
    assert (await listed(desk, answer.json()["application_id"])).quantity == "2"


async def test_a_monthly_project_pays_one_a_month_whatever_is_asked(desk: RoomHarness) -> None:
    answer = await submit(desk, quantity="12")
    assert answer.status_code == 422
    assert answer.json()["type"].endswith(":quantity-not-asked")
    assert await count(desk, "application") == 0


async def test_a_quantity_is_a_number_above_zero(desk: RoomHarness) -> None:
    await deployed(desk, "21020", cycle="once")
    for wrong in ("0", "-1", "1e3", "二", ""):
        assert (await submit(desk, project="21020", quantity=wrong)).status_code == 422, wrong
