"""Before the first application: the other departments' worlds, the project, reference data, standards, quotas."""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx

from demo import deploy, reference, regions
from demo.client import Refused
from demo.people import CATEGORY_LABELS
from demo.run import OPERATOR, Run
from stack.paths import CHECKOUT

PROJECT_FOLDER = CHECKOUT / "bpmn" / "projects" / "elderly-service-subsidy"
PRICES = {"destitute": "100.00", "minimum_living": "50.00"}
"""Yuan per person and month, by category: a flat tariff, as most counties publish one."""
QUOTA_FEN = 200_000_00
SHORT_QUOTA_FEN = 500_00
"""What the last county gets at first: too little, so that its finance has to raise it."""
BANK = {"fail_rate": 0.0, "unknown_rate": 0.02, "unknown_paid_rate": 1.0}
"""The bank refuses by the state of an account alone, and is unsure of some lines that it did pay: so the same
people always end with the same money, whatever was killed on the way."""
AGENCY = {"processing_rate": 0.02, "processing_queries": 1, "delay_ms": 20}
AGENCY_TROUBLE = {"calls": 60, "rate": 0.15, "kinds": ["slow", "refuse_503", "missing", "lost_reply"]}


async def prepare(run: Run) -> None:
    """Everything up to open batches."""
    await _worlds(run)
    stage = await run.begin("项目部署")
    deployed = await deploy.deploy(run.portal, OPERATOR, PROJECT_FOLDER)
    run.facts["version"] = deployed["version"]
    stage.show(1, 1, f"{deployed['project']} 第 {deployed['number']} 版")
    await _reference(run)
    await _money(run)
    await _batches(run)


async def _worlds(run: Run) -> None:
    agency, bank = (run.stack.urls[name] for name in ("agency", "bank"))
    async with httpx.AsyncClient(timeout=60, trust_env=False) as outside:

        async def tell(url: str, path: str, body: Any) -> None:
            answer = await outside.post(f"{url}{path}", json=body)
            answer.raise_for_status()

        async def world(url: str, rows: Iterable[dict[str, Any]]) -> None:
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (await outside.post(f"{url}/v1/world", content=lines.encode())).raise_for_status()

        await world(agency, run.people.agency_world())
        await world(bank, run.people.bank_world())
        await tell(agency, "/v1/behaviour", AGENCY | {"seed": run.options.seed})
        await tell(agency, "/v1/schedule", AGENCY_TROUBLE | {"seed": run.options.seed})
        await tell(bank, "/v1/behaviour", BANK | {"seed": run.options.seed})


async def _reference(run: Run) -> None:
    stage = await run.begin("数据比对库")
    folder = run.options.run_dir / "reference"
    files = await asyncio.to_thread(reference.write_all, run.people, folder, "csv")

    async def load(one: tuple[str, Path]) -> None:
        kind, path = one
        answer = await run.portal.post(
            OPERATOR,
            f"/api/verification/v1/reference/{kind}",
            files={"file": (path.name, path.read_bytes(), "text/csv")},
        )
        run.portal.receipt("reference", str(answer["file_id"]))

    await run.together(load, files.items(), stage)


async def _money(run: Run) -> None:
    stage = await run.begin("标准与指标")
    last = run.counties[-1]
    year = int(run.options.period[:4])

    async def county(code: str) -> None:
        for category, price in PRICES.items():
            # One standard is left out: 测算 has to ask for it.
            if (code, category) != (last, "destitute"):
                await standard(run, code, category, price)
        amount = SHORT_QUOTA_FEN if code == last else QUOTA_FEN
        await quota(run, code, year, amount, "1")

    await run.together(county, run.counties, stage)


async def standard(run: Run, county: str, category: str, price: str) -> None:
    """补贴标准维护 of one category."""
    body = {
        "project": run.options.project, "county": county, "category": category, "unit_price": price,
        "valid_from": f"{run.options.period[:4]}-01-01",
    }  # fmt: skip
    answer = await run.portal.post(f"county_handler@{county}", "/api/payment/v1/standards", body)
    run.portal.receipt("standard", str(answer["standard_id"]))


async def quota(run: Run, county: str, year: int, amount_fen: int, number: str) -> None:
    """指标下达, by a document with a number."""
    document = f"云泠财社〔{year}〕{regions.name(county)}{number}号"
    body = {
        "project": run.options.project, "county": county, "year": year, "amount_fen": amount_fen,
        "document_no": document,
    }  # fmt: skip
    await run.portal.post(f"finance_reviewer@{county}", "/api/payment/v1/quotas", body)
    run.portal.receipt("quota", document)


async def _batches(run: Run) -> None:
    stage = await run.begin("批次创建")

    async def county(code: str) -> None:
        body = {"project": run.options.project, "period": run.options.period, "county": code}
        for _ in range(150):  # the project is an event: batch hears of it a moment later
            try:
                answer = await run.portal.post(
                    f"county_handler@{code}", "/api/batch/v1/batches", body, again=("batch-exists",)
                )
            except Refused as refused:
                if refused.slug != "unknown-project":
                    raise
                await asyncio.sleep(0.2)
                continue
            if "batch_id" not in answer:
                found = await run.portal.get(f"county_handler@{code}", "/api/batch/v1/batches")
                answer = next(one for one in found if one["period"] == run.options.period)
            run.batches[code] = str(answer["batch_id"])
            run.portal.receipt("batch", run.batches[code])
            return
        raise TimeoutError("项目未送达批次室 (the project did not reach the batch room)")

    await run.together(county, run.counties, stage)


def label(category: str) -> str:
    """A category's Chinese name."""
    return next((name for code, name in CATEGORY_LABELS.items() if code == category), category)
