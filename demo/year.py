"""Month two and after: the same people again, by carry-over, while some die, move, lose cards, or were paid wrongly."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from demo import desks, fates, intake, population, reference, regions, rosters
from demo.client import Refused
from demo.fates import Fates
from demo.people import Person, Population
from demo.run import OPERATOR, Run

NEW_PEOPLE = 6
OVERPAID_FEN = 20_00
INSTALMENT_FEN = 10_00


@dataclass(slots=True)
class Year:
    """What the later months did, for the model and the report."""

    periods: list[str]
    fates: Fates
    newcomers: list[Person] = field(default_factory=list)
    carried: dict[str, dict[str, int]] = field(default_factory=dict)
    """Period → 增, 减, 变动, 不变 of the whole city, as the townships saw it."""
    lifted: int = 0
    confirmed: set[str] = field(default_factory=set)
    """Lines with a hit that two people found right."""


def periods(first: str, months: int) -> list[str]:
    """`first` and the following ones, YYYYMM."""
    year, month = int(first[:4]), int(first[4:]) - 1
    return [f"{year + (month + n) // 12}{(month + n) % 12 + 1:02d}" for n in range(months)]


async def go_on(run: Run) -> Year:
    """All months after the first."""
    named = periods(run.options.period, run.options.months)
    year = Year(named, await fates.choose(run))
    run.facts["year"] = year
    await _backlog(run, year)
    await _second(run, year, named[1])
    for period in named[2:]:
        await _third(run, year, period)
    return year


async def _backlog(run: Run, year: Year) -> None:
    """What the first month left: frozen accounts replaced and paid anew, a returned payment, a silent township."""
    lines, people = year.fates.lines, year.fates.people
    await _until(run, year.periods[0], 28)
    stage = await run.begin("退票与换卡")
    frozen = [one for one in run.people.originals() if one.fault == "bank_frozen"]
    await fates.give_new_cards(run, year.fates, [*frozen, people["returned"]])
    await fates.send_back(run, lines["returned"], run.today().date())
    stage.show(1, 1, f"{len(frozen)} 人换卡，1 笔退票")
    silent = run.silent
    run.facts["awake"] = True
    await desks.work(run, "上月补办", corrected=lambda one: one["kind"] == "reissue")
    run.board.say(f"{regions.name(silent)} 已补报 (the silent township has caught up)" if silent else "")


async def _second(run: Run, year: Year, period: str) -> None:
    lines, people = year.fates.lines, year.fates.people
    stage = await run.begin("变更与名单")
    await fates.change(run, lines["suspended"], {"act": "suspend", "reason": "no_contact"})
    await fates.change(
        run, lines["stopped"], {"act": "stop", "reason": "moved_out", "last_period": year.periods[0]}
    )
    township, village = fates.another_place(lines["moved"])
    await fates.change(
        run, lines["moved"], {"act": "change", "reason": "moved", "township": township, "village": village}
    )
    await fates.recover(
        run, lines["overpaid"], OVERPAID_FEN, [(INSTALMENT_FEN, one) for one in year.periods[1:3]]
    )
    await fates.lose_card(run, people["card_lost"])
    stage.show(5, 5)
    year.newcomers = _newcomers(run, period)
    for one in year.newcomers:
        assert one.card is not None, "newcomers have cards"
        year.fates.numbers += [one.id_no, one.name, one.phone, one.card.account_no, one.card.ssc_no]
    await _lists(run, year, period, wrongly=people["false_hit"])
    await _open(run, year, period)
    await desks.work(run, f"{period} ", corrected=lambda one: False)
    stage = await run.begin("预警复核")
    year.lifted, year.confirmed = await fates.review_hits(run, {lines["false_hit"]["subject_id"]})
    decided = year.lifted + len(year.confirmed)
    stage.show(decided, decided, f"解除 {year.lifted}，属实 {len(year.confirmed)} 人")
    held = await _slice_of(run, lines["false_hit"], period)
    await desks.work(run, f"{period} 补报", corrected=lambda one: one["slice_id"] == held)


async def _third(run: Run, year: Year, period: str) -> None:
    lines, people = year.fates.lines, year.fates.people
    before = year.periods[year.periods.index(period) - 1]
    stage = await run.begin("恢复与换卡")
    if period == year.periods[2]:
        await fates.change(run, lines["suspended"], {"act": "resume", "reason": "found"})
        await fates.give_new_cards(run, year.fates, [people["card_lost"]])
        people["dead"] = replace(people["dead"], died=date(int(before[:4]), int(before[4:]), 10))
    stage.show(1, 1)
    waiting = await _slice_of(run, lines["card_lost"], before)
    await desks.work(run, f"{before} 补办", corrected=lambda one: one["slice_id"] == waiting)
    await _lists(run, year, period, wrongly=people["false_hit"])
    await _open(run, year, period)
    if period == year.periods[2]:
        await _back_pay(run, lines["suspended"], before)
    await desks.work(run, f"{period} ", corrected=lambda one: False)
    stage = await run.begin("预警复核")
    lifted, confirmed = await fates.review_hits(run, set())
    year.lifted, year.confirmed = year.lifted + lifted, year.confirmed | confirmed
    stage.show(lifted + len(confirmed), lifted + len(confirmed), f"属实 {len(confirmed)} 人")


def _newcomers(run: Run, period: str) -> list[Person]:
    """A few who turn sixty, or move in: all right, all by the roster of one township."""
    made = population.generate(NEW_PEOPLE, run.options.seed + 1000, period, online=0.0, rates={})
    village = regions.at("village", regions.at("township", run.counties[0])[1].code)[0].code
    known = {one.id_no for one in run.people.people}
    return [replace(one, village=village) for one in made.people if one.id_no not in known]


async def _lists(run: Run, year: Year, period: str, *, wrongly: Person) -> None:
    """The other departments' lists of the month: deaths since, the newcomers, and one prisoner too many."""
    stage = await run.begin(f"{period} 名单")
    changed = {one.ref: one for one in year.fates.people.values() if one.died}
    changed[wrongly.ref] = replace(wrongly, fault="prisoner")
    everybody = [changed.get(one.ref, one) for one in run.people.people] + year.newcomers
    # The first period dates the entries: a list that repeats an entry does not make new evidence of it.
    now = Population(everybody, run.options.period, run.people.seed, run.people.helpers)
    files = await asyncio.to_thread(
        reference.write_all, now, run.options.run_dir / f"reference-{period}", "csv"
    )

    async def load(one: tuple[Any, Any]) -> None:
        kind, path = one
        answer = await run.portal.post(
            OPERATOR,
            f"/api/verification/v1/reference/{kind}",
            files={"file": (path.name, path.read_bytes(), "text/csv")},
        )
        run.portal.receipt("reference", str(answer["file_id"]))

    await run.together(load, files.items(), stage)
    if year.newcomers and period == year.periods[1]:
        people = Population(year.newcomers, period, run.people.seed)
        await fates.tell(run, "agency", "/v1/world", list(people.agency_world()))
        await fates.tell(run, "bank", "/v1/world", list(people.bank_world()))


async def _open(run: Run, year: Year, period: str) -> None:
    """批次创建 by carry-over, the newcomers' roster, and each township's confirmation of 增 / 减 / 变动."""
    await _until(run, period, 3)
    stage = await run.begin(f"{period} 结转")
    for county in run.counties:
        body = {"project": run.options.project, "period": period, "county": county}
        answer = await run.portal.post(f"county_handler@{county}", "/api/batch/v1/batches", body)
        run.batches[county] = str(answer["batch_id"])
        run.portal.receipt("batch", run.batches[county])
    if period == year.periods[1]:
        await _roster(run, year)
    await _carried(run, year, period)
    stage.show(1, 1, "，".join(f"{name} {count}" for name, count in year.carried[period].items()))
    await intake.confirm_lists(run)


async def _roster(run: Run, year: Year) -> None:
    township = year.newcomers[0].township
    files = await asyncio.to_thread(
        rosters.write_rosters,
        Population(year.newcomers, year.periods[1], run.people.seed),
        run.options.run_dir / "new",
    )
    path = files[township]
    who, batch = f"township_handler@{township}", run.batches[township[:6]]
    sent = {"file": (path.name, path.read_bytes())}
    answer = await run.portal.post(who, f"/api/batch/v1/batches/{batch}/rosters", files=sent)
    run.portal.receipt("roster", str(answer["roster_id"]))
    for _ in range(300):
        rows = (await run.portal.get(who, f"/api/batch/v1/rosters/{answer['roster_id']}", limit=1))["rows"]
        found = await run.portal.get(
            who, f"/api/batch/v1/batches/{batch}/candidates", limit=1, township=township
        )
        if not rows.get("accepted") and found["counts"].get("open", 0) >= rows.get("listed", 0):
            return
        await asyncio.sleep(0.2)
    raise TimeoutError("名册未登记完 (the roster was not recorded)")


NAMES = {"added": "增", "left": "减", "changed": "变动", "same": "不变"}


async def _carried(run: Run, year: Year, period: str) -> None:
    counts = dict.fromkeys(NAMES.values(), 0)
    for place in regions.at("township"):
        path = f"/api/batch/v1/batches/{run.batches[place.code[:6]]}/carry-over"
        seen = await run.portal.get(f"township_handler@{place.code}", path, limit=1)
        for name, label in NAMES.items():
            counts[label] += seen["counts"].get(name, 0)
    year.carried[period] = counts


async def _back_pay(run: Run, line: dict[str, Any], period: str) -> None:
    """补发 of the month in which the person was suspended: proposed by the township, approved by the county."""
    township = line["township"]
    path = f"/api/batch/v1/batches/{run.batches[line['county']]}/adjustments"
    body = {
        "application_ids": [line["application_id"]], "entitlement_periods": [period], "reason": "失联期间补发",
    }  # fmt: skip
    made = await run.portal.post(f"township_handler@{township}", path, body)
    path = f"/api/batch/v1/adjustments/{made['adjustment_id']}:approve"
    await run.portal.post(f"county_reviewer@{line['county']}", path, {})


async def _slice_of(run: Run, line: dict[str, Any], period: str) -> str:
    """Where a person's open line of a period is now."""
    who = f"county_handler@{line['county']}"
    found = await run.portal.get(who, "/api/batch/v1/lines", application_id=line["application_id"])
    here = [
        one for one in found if one["entitlement_period"] == period and one["state"] not in ("void", "failed")
    ]
    if not here:
        raise Refused(404, {"title": f"no line of {period}"}, "lines")
    return str(here[-1]["slice_id"])


async def _until(run: Run, period: str, day: int) -> None:
    """Move the business clock to a day of a period, never back; the agency lives on the same calendar."""
    wanted = date(int(period[:4]), int(period[4:]), day)
    days = (wanted - run.today().date()).days
    if days > 0:
        run.move_clock(days)
    await fates.tell(run, "agency", "/v1/day", {"day": run.today().date().isoformat()})
