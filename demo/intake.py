"""Applications come in: citizens, helpers and rosters; intake checks them; townships confirm the 补贴清单."""

import asyncio
from collections import Counter
from typing import Any

from demo import regions
from demo.client import Refused
from demo.people import Person
from demo.rosters import write_rosters
from demo.run import Count, Run


async def apply(run: Run) -> None:
    """Everybody applies; citizens and helpers first, so that a roster's copy of them is the second one."""
    run.facts["refused_at_door"] = Counter()
    run.facts["accepted_online"] = 0
    consent = (await run.portal.get(None, "/api/application/v1/consent"))["version"]
    stage = await run.begin("网上申报")

    async def one(person: Person) -> None:
        await _submit(run, person, consent)

    await run.together(one, run.people.online(), stage)
    await _rosters(run)


async def _submit(run: Run, person: Person, consent: str) -> None:
    body = {
        "project": run.options.project, "id_no": person.id_typed, "name": person.name,
        "phone": person.phone, "township": person.township, "village": _village(person),
        "category": person.category, "form": {}, "consent": {"version": consent, "signature": person.name},
    }  # fmt: skip
    try:
        if person.channel == "citizen":
            who = await run.portal.sign_in_citizen(person.id_typed, person.name)
        else:
            who = f"helper@{person.township}"
        path = "/api/application/v1/applications"
        answers = [await run.portal.post(who, path, body, key=person.ref)]
        if person.ref.endswith("7"):  # an impatient finger: the same once more
            answers.append(await run.portal.post(who, path, body, key=person.ref))
    except Refused as refused:
        if refused.status not in (403, 409, 422):
            raise
        text = refused.problem.get("detail") or refused.problem.get("title") or refused.slug
        run.facts["refused_at_door"][str(text)] += 1
        return
    (identity,) = {str(answer["application_id"]) for answer in answers}
    run.facts["accepted_online"] += 1
    run.portal.receipt("application", identity)


def _village(person: Person) -> str:
    """As people write it: the code, the name, or an address with the name in it (M6)."""
    name = regions.name(person.village)
    return {0: person.village, 1: name}.get(int(person.ref[1:]) % 3, f"{name}三组")


async def _rosters(run: Run) -> None:
    stage = await run.begin("名册导入")
    files = await asyncio.to_thread(write_rosters, run.people, run.options.run_dir / "rosters")
    run.facts["rosters"], run.facts["roster_errors"] = {}, Counter()
    run.facts["roster_rejected"] = 0

    async def upload(township: str) -> None:
        batch, file = run.batches[township[:6]], files[township]
        answer = await run.portal.post(
            f"township_handler@{township}",
            f"/api/batch/v1/batches/{batch}/rosters",
            files={"file": (file.name, file.read_bytes())},
            again=("roster-known",),
        )
        if (
            "errors" not in answer
        ):  # taken, and the room died before it could say so: the refusal names the roster
            path = f"/api/batch/v1/rosters/{answer['roster_id']}"
            answer = await run.portal.get(f"township_handler@{township}", path, limit=5000)
        run.facts["rosters"][answer["roster_id"]] = township
        run.facts["roster_rejected"] += answer["rejected"]
        run.facts["roster_errors"].update(error["message"] for error in answer["errors"])
        run.portal.receipt("roster", str(answer["roster_id"]))

    await run.together(upload, list(files), stage)


async def applications(run: Run, **query: Any) -> list[dict[str, Any]]:
    """All applications of the city."""
    found: list[dict[str, Any]] = []
    for county in run.counties:
        who, path = f"county_handler@{county}", "/api/application/v1/applications"
        found += [one async for one in run.pages(who, path, limit=500, **query)]
    return found


async def checked(run: Run) -> None:
    """资格校验 is over and everybody who passed stands on the 补贴清单."""

    async def intake() -> Count:
        waiting = len(await applications(run, state="submitted"))
        total = int(run.facts["accepted_online"])
        return total - waiting, total, ""

    async def recorded() -> Count:
        rows: Counter[str] = Counter()
        for roster, township in run.facts["rosters"].items():
            answer = await run.portal.get(
                f"township_handler@{township}", f"/api/batch/v1/rosters/{roster}", limit=1
            )
            rows.update(answer["rows"])
        run.facts["roster_rows"] = rows
        return rows.total() - rows["accepted"], rows.total(), f"{rows['listed']} 人列入"

    async def listed() -> Count:
        wanted = len(await applications(run, state="listed"))
        present = 0
        for county in run.counties:
            path = f"/api/batch/v1/batches/{run.batches[county]}/candidates"
            present += sum(
                (await run.portal.get(f"county_handler@{county}", path, limit=1))["counts"].values()
            )
        return min(present, wanted), wanted, ""

    await run.wait("资格校验", intake)
    await run.wait("名册登记", recorded)
    await run.wait("补贴清单", listed)


async def confirm_lists(run: Run) -> None:
    """补贴清单确认 in every township: candidates become lines in slices."""
    stage = await run.begin("清单确认")

    async def township(code: str) -> None:
        who, batch = f"township_handler@{code}", run.batches[code[:6]]
        try:
            await run.portal.post(
                who, f"/api/batch/v1/batches/{batch}/slices", {"township": code, "application_ids": "all"}
            )
        except Refused as refused:
            if refused.slug != "no-candidates":
                raise
            return
        run.portal.receipt("slices", f"{batch}/{code}")

    await run.together(township, [one.code for one in regions.at("township")], stage)
