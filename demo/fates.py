"""What happens to a few people in the months after the first, and what the county does about it.

The people are found as officials find them: by their paid lines. Who they are is looked up at the registry with a
client whose answers are not recorded, only to tell the agencies' simulators about their cards and deaths.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import httpx

from demo import regions
from demo.people import Person
from demo.run import Run

ROLES = ("false_hit", "moved", "card_lost", "returned", "overpaid", "suspended", "stopped", "dead")
Line = dict[str, Any]


@dataclass(slots=True)
class Fates:
    """Fate → the paid line of the first month that tells whom it meets."""

    lines: dict[str, Line] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)
    """Canaries that came later: new accounts and cards."""


async def choose(run: Run) -> Fates:
    """One person of 低保 for each fate, each of another slice where there are enough, all of one county."""
    fates = Fates()
    county = run.counties[0]
    found: list[Line] = []
    for one in await run.slices(county):
        if one["category"] == "minimum_living" and one["counters"]["paid"]:
            path = f"/api/batch/v1/slices/{one['slice_id']}/lines"
            rows = await run.portal.get(f"county_handler@{county}", path, state="paid", limit=len(ROLES))
            found += [row | {"township": one["township"], "county": county} for row in rows]
    rank = {key: number for number, key in enumerate(_spread(found))}
    found.sort(key=lambda line: rank[line["line_id"]])
    if len(found) < len(ROLES):
        raise RuntimeError("人太少，演示不了一年 (too few people for a year: PEOPLE=120 or more)")
    by_number = {one.id_no: one for one in run.people.originals()}
    eyes = run.portal.unrecorded()
    try:
        for role, line in zip(ROLES, found, strict=False):
            path = f"/api/registry/v1/persons/{line['subject_id']}:reveal"
            shown = await eyes.post(f"county_handler@{county}", path, {"purpose": "official_review"})
            fates.lines[role], fates.people[role] = line, by_number[shown["id_no"]]
    finally:
        await eyes.close()
    return fates


def _spread(lines: Iterable[Line]) -> list[str]:
    """Line ids, one of each township in turn."""
    by_place: dict[str, list[str]] = {}
    for line in lines:
        by_place.setdefault(line["township"], []).append(line["line_id"])
    queues = [sorted(one) for _, one in sorted(by_place.items())]
    return [
        queue[at] for at in range(max(map(len, queues), default=0)) for queue in queues if at < len(queue)
    ]


def new_cards(people: Iterable[Person]) -> Iterator[tuple[Person, dict[str, Any], dict[str, Any]]]:
    """A new card for each: the person, the agency's row, the bank's row."""
    for one in people:
        assert one.card is not None, "who lost a card had one"
        serial = int(one.ref[1:])
        account = one.card.account_no[:-7] + f"{9_000_000 + serial % 1_000_000}"
        number = f"N{serial % 100_000_000:08d}"
        agency = {
            "id_no": one.id_no, "name": one.name, "ssc_no": number, "card_status": "normal",
            "financial_function": "active", "bank_code": one.card.bank_code, "account_no": account,
            "account_name": one.name,
        }  # fmt: skip
        bank = {"account": account, "name": one.name, "status": "normal", "bank_code": one.card.bank_code}
        yield one, agency, bank


async def give_new_cards(run: Run, fates: Fates, people: list[Person]) -> None:
    """人社 issues new cards, and the bank opens their accounts."""
    made = list(new_cards(people))
    fates.numbers += [row[1]["account_no"] for row in made] + [row[1]["ssc_no"] for row in made]
    await tell(run, "bank", "/v1/world", [row[2] for row in made])
    await tell(run, "agency", "/v1/world", [row[1] for row in made])


async def lose_card(run: Run, person: Person) -> None:
    """挂失: the agency knows at once."""
    assert person.card is not None
    card = person.card
    row = {
        "id_no": person.id_no, "name": person.name, "ssc_no": card.ssc_no, "card_status": "lost",
        "financial_function": "active", "bank_code": card.bank_code, "account_no": card.account_no,
        "account_name": card.account_name,
    }  # fmt: skip
    await tell(run, "agency", "/v1/world", [row])


async def tell(run: Run, name: str, path: str, body: Any) -> None:
    """Tell a simulator; the worlds take one JSON object a line."""
    async with httpx.AsyncClient(timeout=60, trust_env=False) as outside:
        url = f"{run.stack.urls[name]}{path}"
        if path == "/v1/world":
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in body)
            answer = await outside.post(url, content=lines.encode())
        else:
            answer = await outside.post(url, json=body)
        answer.raise_for_status()


async def change(run: Run, line: Line, body: dict[str, Any]) -> None:
    """A change of an enrolment: the township's handler proposes, the county's reviewer approves."""
    county = line["county"]
    listed = await run.portal.get(
        f"county_handler@{county}", "/api/application/v1/enrolments", subject_id=line["subject_id"]
    )
    (one,) = (row for row in listed["items"] if row["application_id"] == line["application_id"])
    maker, path = f"county_handler@{county}", f"/api/application/v1/enrolments/{one['enrolment_id']}/changes"
    made = await run.portal.post(maker, path, body)
    path = f"/api/application/v1/enrolment-changes/{made['change_id']}:approve"
    await run.portal.post(f"county_reviewer@{county}", path, {})


def another_place(line: Line) -> tuple[str, str]:
    """Another township of the county, and its first village."""
    towns = [one.code for one in regions.at("township", line["county"]) if one.code != line["township"]]
    return towns[0], regions.at("village", towns[0])[0].code


async def recover(run: Run, line: Line, fen: int, parts: list[tuple[int, str]]) -> None:
    """追回 of an overpayment: two people open it, the notice goes out, instalments are kept back month by month."""
    county = line["county"]
    handler, base = f"county_handler@{county}", "/api/payment/v1"
    body = {
        "evidence": "县民政局复核意见1号",
        "line_id": line["line_id"],
        "amount_fen": fen,
        "reason": "标准套档有误",
    }
    made = await run.portal.post(handler, f"{base}/recoveries", body)
    await run.portal.post(f"county_reviewer@{county}", f"{base}/decisions/{made['decision_id']}:approve", {})
    query = {"project": run.options.project, "county": county}
    (case,) = await run.portal.get(handler, f"{base}/recoveries", line_id=line["line_id"], **query)
    path = f"{base}/recoveries/{case['case_id']}"
    due = run.today().date().replace(day=28).isoformat()
    await run.portal.post(handler, f"{path}:notice", {"notice_no": "追〔2023〕1号", "due_on": due})
    plan = [{"means": "deduction", "amount_fen": part, "from_period": period} for part, period in parts]
    await run.portal.post(handler, f"{path}:plan", {"instalments": plan})


async def send_back(run: Run, line: Line, day: date) -> None:
    """退票: days after its success the bank returns the payment; the day's statement says so."""
    county = line["county"]
    payer, base = f"finance_payer@{county}", "/api/payment/v1"
    paid = await run.portal.get(payer, f"{base}/payments", line_id=line["line_id"])
    (one,) = (row for row in paid if row["state"] == "PAID")
    body = {"end_to_end_id": one["end_to_end_id"], "day": day.isoformat(), "code": "F03"}
    await tell(run, "bank", "/v1/returns", body)
    place = {"project": run.options.project, "county": county, "day": day.isoformat()}
    await run.portal.post(payer, f"{base}/statements:fetch", place)


async def review_hits(run: Run, false: set[str]) -> tuple[int, set[str]]:
    """Two people look at every open hit: those on `false` subjects are lifted, all others are right.

    Returns how many were lifted, and the lines of the confirmed ones.
    """
    lifted, confirmed = 0, set[str]()
    for county in run.counties:
        who, path = f"county_handler@{county}", "/api/verification/v1/hits"
        waiting = [one async for one in run.pages(who, path, state="open", limit=1000) if one["line_id"]]
        for one in waiting:
            if one["effect"] == "warn":
                continue
            wrong = one["subject_id"] in false
            lifted += wrong
            if not wrong:
                confirmed.add(str(one["line_id"]))
            text = "同名同号登记有误，已核实本人情况。" if wrong else "已向来源部门核实，情况属实。"
            body = {"decision": "lift" if wrong else "confirm", "reason": text}
            where = f"{path}/{one['hit_id']}"
            await run.portal.post(f"township_handler@{one['township']}", f"{where}:propose", body)
            await run.portal.post(
                f"township_reviewer@{one['township']}", f"{where}:decide", {"answer": "approve"}
            )
    return lifted, confirmed


def died(person: Person, day: date) -> Person:
    return replace(person, died=day)
