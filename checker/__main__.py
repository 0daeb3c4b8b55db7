"""`python -m checker --stack stack.json [--journal …] [--injected …] [--canaries …] --out report.json`.

The exit status is 0 only when every invariant was checked and holds.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from checker import applications, canaries, instances, ledger, money, queues, signatures, trails
from checker.invariant import Invariant
from checker.sources import Sources, opened, read_lines

NAMES = ("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10")


async def check(sources: Sources) -> dict[str, Any]:
    """All invariants; one that cannot be checked is red, and the others are still looked at."""
    lost = opened = twice = 0
    heads: dict[str, dict[str, Any]] = {}

    async def accepted(found: Invariant, sources: Sources) -> None:
        nonlocal lost, opened
        lost, opened = await applications.applications(found, sources)

    async def paid(found: Invariant, sources: Sources) -> None:
        nonlocal twice
        twice = await money.payments(found, sources)

    async def trails_(found: Invariant, sources: Sources) -> None:
        heads.update(await trails.trails(found, sources))

    functions: dict[str, Callable[[Invariant, Sources], Awaitable[None]]] = {
        "I1": accepted, "I2": money.sums, "I3": paid, "I4": queues.sequences, "I5": ledger.ledger, "I6": trails_,
        "I7": instances.instances, "I8": signatures.signatures, "I9": canaries.canaries, "I10": queues.queues,
    }  # fmt: skip
    invariants: dict[str, Any] = {}
    for name in NAMES:
        found = Invariant(name)
        try:
            await functions[name](found, sources)
        except Exception as failure:  # whatever can't be read can't be vouched for
            found.fail(f"could not be checked: {type(failure).__name__} {failure}")
        invariants[name] = found.report()
    invariants["I11"] = None
    return {
        "ok": all(one["ok"] for one in invariants.values() if one is not None),
        "lost": lost,
        "paid_twice": twice,
        "open": opened,
        "counts": await counts(sources),
        "invariants": invariants,
        "heads": heads,
    }


async def counts(sources: Sources) -> dict[str, int]:
    """Figures of the whole, straight from the tables."""
    found: dict[str, int] = {"events": 0, "audit_rows": 0, "parked": 0}
    for room in sources.rooms:
        found["events"] += await sources.value(room, "SELECT count(*) FROM outbox")
        found["audit_rows"] += await sources.value(room, "SELECT count(*) FROM audit")
        found["parked"] += await sources.value(room, "SELECT count(*) FROM parked WHERE state = 'parked'")
    for name, room, sql in (
        ("applications", "application", "SELECT count(*) FROM application"),
        ("rejected", "application", "SELECT count(*) FROM application WHERE state = 'refused'"),
        ("lines", "batch", "SELECT count(*) FROM line"),
        ("excluded", "batch", "SELECT count(*) FROM exclusion"),
        (
            "intercepted",
            "verification",
            "SELECT count(DISTINCT application_id) FROM hit WHERE effect <> 'warn'",
        ),
        ("published", "publicity", "SELECT coalesce(sum(published_lines), 0)::bigint FROM notice"),
        ("paid", "payment", "SELECT count(*) FROM payment WHERE state = 'PAID'"),
        ("failed", "payment", "SELECT count(*) FROM payment WHERE state IN ('REJECTED', 'RETURNED')"),
        (
            "paid_fen",
            "payment",
            "SELECT coalesce(sum(amount_fen), 0)::bigint FROM payment WHERE state = 'PAID'",
        ),
    ):
        if room in sources.databases:
            found[name] = await sources.value(room, sql)
    return found


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """Open everything the options name, and check it."""
    stack = json.loads(options.stack.read_text())
    async with opened(stack) as sources:
        sources.journal, sources.injected = read_lines(options.journal), read_lines(options.injected)
        for receipt in sources.journal:
            if receipt["kind"] == "injected":
                sources.injected.append({"room": receipt["id"].partition("/")[0]})
        sources.responses = options.responses
        if options.canaries:
            sources.canaries = options.canaries.read_text(encoding="utf-8").splitlines()
        if options.heads and options.heads.exists():
            sources.heads = json.loads(options.heads.read_text())
        report = await check(sources)
    heads = report.pop("heads")
    if options.heads and (report["invariants"]["I6"]["ok"] or not options.heads.exists()):
        options.heads.write_text(json.dumps(heads, indent=1))
    return report


def main() -> int:
    """0 when all is well, 1 when anything is not."""
    parser = argparse.ArgumentParser(prog="checker", description=__doc__)
    parser.add_argument("--stack", type=Path, required=True, help="stack.json of the running system")
    parser.add_argument("--journal", type=Path, help="ndjson: receipts of the client (kind, id)")
    parser.add_argument(
        "--injected",
        type=Path,
        help="ndjson: injected poison (topic with id or sha256 of the value; or room)",
    )
    parser.add_argument("--canaries", type=Path, help="planted names and numbers, one a line")
    parser.add_argument("--responses", type=Path, help="folder of recorded HTTP answers")
    parser.add_argument(
        "--heads", type=Path, help="heads of the audit trails kept from before; renewed when all is well"
    )
    parser.add_argument("--out", type=Path, required=True, help="the report, as JSON")
    options = parser.parse_args()
    report = asyncio.run(run(options))
    options.out.write_text(json.dumps(report, indent=1, ensure_ascii=False))
    for name, one in report["invariants"].items():
        if one is not None and not one["ok"]:
            print(f"{name}: {one['detail'].get('examples', ['nothing was checked'])}", file=sys.stderr)
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
