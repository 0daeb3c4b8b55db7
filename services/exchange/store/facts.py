"""From what rooms state to facts: read models kept set-wise, and each fact written once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.application import Enrolment, EnrolmentsStated
from contracts.batch import LinesStated, SetFrozen
from kit import chunks
from kit.db import Tx
from kit.ids import named_id

PAGE = 2000
_ORDER = 7204101
"""Advisory lock: facts get their `seq` in the order of commits, so that nobody reads past one still open."""


@dataclass(frozen=True, slots=True)
class NewFact:
    """A fact on its way into the table. `ref` is the internal id that agencies get as a pseudonym."""

    fact_id: str
    name: str
    project: str
    county: str
    body: dict[str, Any]
    township: str | None = None
    subject_id: str | None = None
    ref: str | None = None


def fact_id(*parts: str | int) -> str:
    """The same occurrence gives the same id, however often and by whichever way it is stated."""
    return named_id("exchange-fact", *parts)


async def add(tx: Tx, facts: Iterable[NewFact]) -> int:
    """Write the facts that are new, in order. Returns how many were."""
    rows = list(facts)
    if not rows:
        return 0
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _ORDER)
    added = await tx.fetch(
        "INSERT INTO fact (fact_id, name, subject_id, ref, project, county, township, at, body) "
        "SELECT row->>'fact_id', row->>'name', row->>'subject_id', row->>'ref', row->>'project', "
        "row->>'county', row->>'township', $2, row->'body' FROM jsonb_array_elements($1::jsonb) "
        "WITH ORDINALITY AS part(row, place) ORDER BY place ON CONFLICT (fact_id) DO NOTHING RETURNING seq",
        [
            {
                "fact_id": one.fact_id, "name": one.name, "subject_id": one.subject_id, "ref": one.ref,
                "project": one.project, "county": one.county, "township": one.township, "body": one.body,
            }
            for one in rows
        ],
        tx.now,
    )  # fmt: skip
    return len(added)


async def enrolments_before(tx: Tx, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The enrolments as known so far, locked."""
    rows = await tx.fetch(
        "SELECT * FROM enrolment WHERE enrolment_id = ANY($1::text[]) ORDER BY enrolment_id FOR UPDATE", ids
    )
    return {row["enrolment_id"]: dict(row) for row in rows}


async def keep_enrolments(tx: Tx, message: EnrolmentsStated, rows: Sequence[Enrolment]) -> None:
    """Keep the newest rev of each."""
    await tx.executemany(
        "INSERT INTO enrolment AS kept VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
        "ON CONFLICT (enrolment_id) DO UPDATE SET rev = excluded.rev, township = excluded.township, "
        "category = excluded.category, quantity = excluded.quantity, state = excluded.state, "
        "valid_from = excluded.valid_from, valid_to = excluded.valid_to WHERE excluded.rev > kept.rev",
        [
            (
                one.enrolment_id, one.rev, one.subject_id, message.project, message.county, one.township,
                one.category, one.quantity, one.state.value, one.valid_from, one.valid_to,
            )
            for one in rows
        ],
    )  # fmt: skip


async def keep_lines(tx: Tx, message: LinesStated) -> None:
    """Keep the revision's lines in one statement, note the revision, and drop its parts."""
    await tx.execute(
        "INSERT INTO line AS kept SELECT line.line_id, $1, line.rev, line.subject_id, $3, $4, $5, $6, "
        "line.entitlement_period, line.kind, line.installment, line.amount_fen FROM chunk_rows($1, $2) AS part, "
        "jsonb_to_record(part) AS line(line_id text, rev int, subject_id text, entitlement_period text, "
        "kind text, installment int, amount_fen bigint) "
        "ON CONFLICT (line_id) DO UPDATE SET slice_id = excluded.slice_id, rev = excluded.rev, "
        "township = excluded.township, category = excluded.category, amount_fen = excluded.amount_fen "
        "WHERE excluded.rev >= kept.rev",
        message.stream_id,
        message.revision,
        message.project,
        message.county,
        message.township,
        message.category,
    )
    await tx.execute(
        "INSERT INTO slice AS kept (slice_id, stated_revision) VALUES ($1, $2) ON CONFLICT (slice_id) "
        "DO UPDATE SET stated_revision = greatest(kept.stated_revision, excluded.stated_revision)",
        message.stream_id,
        message.revision,
    )
    await chunks.forget(tx, message.stream_id, message.revision + 1)


async def keep_frozen(tx: Tx, message: SetFrozen) -> None:
    """Note which revision of each slice is being paid."""
    await tx.executemany(
        "INSERT INTO slice AS kept (slice_id, frozen_revision) VALUES ($1, $2) ON CONFLICT (slice_id) "
        "DO UPDATE SET frozen_revision = greatest(kept.frozen_revision, excluded.frozen_revision)",
        [(one.slice_id, one.revision) for one in message.frozen],
    )


async def keep_results(tx: Tx, slice_id: str, results: Iterable[tuple[str, str, str]]) -> None:
    """Bank results as (fact id, line id, fact's name); they wait until their lines are known as paid."""
    await tx.executemany(
        "INSERT INTO bank_result VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        [(fact, slice_id, line_id, name, tx.now) for fact, line_id, name in results],
    )


async def tell_results(tx: Tx, slice_ids: Sequence[str]) -> int:
    """Make facts of the results of these slices whose paid revision is here, in either order of arrival.

    In pages: a payment before the return of the same slice's money.
    """
    told = 0
    while rows := await _due(tx, slice_ids):
        told += await add(tx, [_of_payment(row) for row in rows])
    return told


async def _due(tx: Tx, slice_ids: Sequence[str]) -> list[Any]:
    rows = await tx.fetch(
        "WITH due AS (SELECT fact_id FROM bank_result JOIN slice USING (slice_id) JOIN line USING (line_id) "
        "WHERE NOT told AND bank_result.slice_id = ANY($1::text[]) AND amount_fen IS NOT NULL "
        "AND stated_revision >= frozen_revision ORDER BY name, fact_id LIMIT $2 FOR UPDATE OF bank_result) "
        "UPDATE bank_result SET told = true FROM due, line "
        "WHERE bank_result.fact_id = due.fact_id AND line.line_id = bank_result.line_id "
        "RETURNING bank_result.fact_id, bank_result.name, line.*",
        slice_ids,
        PAGE,
    )
    return sorted(rows, key=lambda one: (one["name"], one["fact_id"]))


def _of_payment(row: Any) -> NewFact:
    return NewFact(
        fact_id=row["fact_id"],
        name=row["name"],
        project=row["project"],
        county=row["county"],
        township=row["township"],
        subject_id=row["subject_id"],
        ref=row["line_id"],
        body={
            "township": row["township"],
            "category": row["category"],
            "entitlement_period": row["entitlement_period"],
            "kind": row["kind"],
            "installment": row["installment"],
            "amount_fen": row["amount_fen"],
        },
    )
