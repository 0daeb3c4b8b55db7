"""公示① of one slice: the notice is opened, its rows are made, their names fetched and masked."""

from bench.nodes import world
from bench.nodes.desk import Desk
from contracts.publicity import PublishSlice
from kit.auth import Role
from kit.testing import official
from services.publicity.handlers.workers import generate

API = "/api/publicity/v1/notices"
HANDLER = official(Role.TOWNSHIP_HANDLER, world.TOWNSHIP)


async def run(desk: Desk, count: int) -> None:
    """Receive, open, generate."""
    parts = world.stated(count, 1)
    async with desk.meter.node("接收一版 receive a revision"):
        await desk.receive(parts)
    async with desk.meter.node("公示 publish_slice"):
        await desk.send(
            PublishSlice(
                slice_id=world.SLICE, revision=1, project=world.PROJECT, period=world.PERIOD,
                township=world.TOWNSHIP, round=1, with_amounts=False,
            )
        )  # fmt: skip
    (notice,) = (await desk.call(HANDLER, "GET", API))["items"]

    async def made() -> bool:
        return bool(await desk.value("SELECT state = 'to_publish' FROM notice"))

    async with desk.meter.node("生成公示表 generate"):
        await desk.call(HANDLER, "POST", f"{API}/{notice['notice_id']}:generate")
        await desk.work(made, generate)
    rows = await desk.value("SELECT count(*) FROM notice_row")
    if rows != count:
        raise RuntimeError(f"the notice has {rows} of {count} rows")
