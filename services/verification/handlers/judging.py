"""Rulings per row, without those that two people lifted while the evidence is the same."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from kit.db import Tx
from services.verification.domain.consequences import usual
from services.verification.domain.evidence import fact_of, fingerprint
from services.verification.domain.rulebook import FACTS, STOP_RULE, Rulebook, Ruling
from services.verification.store import checks, evidence, facts

DEDUCTION = "deduction"
_DAYS = {"payee_death": "payee_died_on", "member_death": "member_died_on"}


class Found(NamedTuple):
    """A ruling that stands, with the fingerprint of its evidence."""

    ruling: Ruling
    fingerprint: str


Judged = tuple[Any, list[Found]]


async def judged(tx: Tx, book: Rulebook, stage: str) -> AsyncIterator[list[Judged]]:
    """All checked rows in order, page by page."""
    async for rows in facts.pages(tx, book):
        answers = [_rulings(book, stage, row) for row in rows]
        hit = [row["place"] for row, rulings in zip(rows, answers, strict=True) if rulings]
        behind = await evidence.rows_of(tx, hit)
        yield [(row, _standing(row, rulings, behind)) for row, rulings in zip(rows, answers, strict=True)]


def _rulings(book: Rulebook, stage: str, row: Any) -> tuple[Ruling, ...]:
    # 扣回 takes money back from its normal line, whose entitlement is checked: it must not be stopped itself.
    if row["kind"] == DEDUCTION:
        return ()
    return book.judge(stage, tuple(row[name] for name in FACTS[1:]))


def _standing(row: Any, rulings: tuple[Ruling, ...], behind: evidence.Rows) -> list[Found]:
    lifted = set(row["lifted"] or ())
    found: dict[tuple[str, str], Found] = {}
    for one in rulings:
        values = {name: row[name] for name in FACTS if name != "stage"}
        mark = fingerprint(one, values, evidence.behind(behind, row["place"], fact_of(one)))
        quiet = {f"{one.rule} {mark}", f"{one.rule} {mark} {row['line_id']}"} & lifted
        if one.rule == STOP_RULE or not quiet:
            found.setdefault((one.rule, mark), Found(one, mark))
    return list(found.values())


def hit_record(
    tx: Tx, stage: str, row: Any, slice_id: str | None, one: Found, project: str, book: Rulebook
) -> tuple[Any, ...]:
    """One hit in the order of `raising.HIT_COLUMNS`, with the consequence its review starts from."""
    ruling, fact = one.ruling, fact_of(one.ruling)
    value = row[fact] if fact else ""
    died_on = row[_DAYS.get(fact, "died_on")]
    follows = usual(fact, value, row["period"], died_on, book.within)
    return (
        row["job_id"], stage, project, row["township"][:6], row["township"], slice_id, row["line_id"],
        row["rev"], row["application_id"], row["subject_id"], ruling.rule, ruling.effect,
        checks.source_of(ruling, row), ruling.text, tx.now, row["period"], fact, str(value), one.fingerprint,
        follows.kind, follows.last_period,
    )  # fmt: skip
