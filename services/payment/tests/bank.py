"""Result files written by hand, and the door they come in by."""

import httpx

from kit.ids import end_to_end_id
from services.payment.tests.world import API, PAYER, World


async def keys(world: World, set_id: str = "set1") -> list[str]:
    """End-to-end ids of what a set's order sent."""
    rows = await world.rows(
        "SELECT payment_id, attempt FROM payment WHERE set_id = $1 AND paid_with IS NULL ORDER BY seq", set_id
    )
    return [end_to_end_id(row["payment_id"], row["attempt"]) for row in rows]


def result(order_id: str, *lines: tuple[str, str, str], total: str | None = None, fen: int = 5000) -> str:
    """A result file over (key, status, code), each of `fen`."""
    paid = sum(status == "success" for _, status, _ in lines)
    failed = sum(status == "failed" for _, status, _ in lines)
    sum_fen = fen * paid
    head = f"{order_id}-1|2023-05-31|{len(lines)}|{paid}|{failed}|{total or f'{sum_fen // 100}.{sum_fen % 100:02d}'}"
    rows = [f"{n}|{key}|{status}|{code}|x|B{n}|t" for n, (key, status, code) in enumerate(lines)]
    return "\n".join([head, *rows]) + "\n"


async def upload(world: World, order_id: str, text: str, result_id: str | None = None) -> httpx.Response:
    """Upload a result file as the payer."""
    data = {"result_id": result_id} if result_id else {}
    async with world.harness.client(PAYER) as client:
        files = {"file": ("r.txt", text.encode())}
        return await client.post(f"{API}/orders/{order_id}/results", files=files, data=data)
