"""Facts about many persons at once: what is checked and who they are go into temporary tables, and one query
joins them to the reference data and the claims. Profiles end with the transaction."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from kit.db import Tx
from services.verification.domain.periods import span_of
from services.verification.domain.persons import Person
from services.verification.domain.rulebook import Rulebook
from services.verification.store.facts_sql import FACTS, LISTED, OTHERS, TABLES

_COLUMNS = (
    "place", "job_id", "line_id", "rev", "application_id", "subject_id", "payee_id", "project", "township",
    "category", "period", "kind", "installment", "quantity", "amount_fen",
)  # fmt: skip
_PERSON = ("subject_id", "birth_date", "gender", "blind_index", "members")
PAGE = 2000
"""Rows judged at once."""


async def prepare(tx: Tx) -> None:
    """Make the temporary tables of this transaction."""
    await tx.execute(TABLES)


async def add_applications(tx: Tx, jobs: Iterable[Sequence[Any]]) -> None:
    """Rows of (place, job id, application id, subject id, project, township, category, period)."""
    rows = [
        (place, job, None, None, application, subject, subject, *rest, "normal", 1, 1, 0)
        for place, job, application, subject, *rest in jobs
    ]
    await tx.copy("checked", _COLUMNS, rows)


async def add_lines(tx: Tx, job_id: str, slice_id: str, revision: int) -> None:
    """The lines of a revision that can still be paid."""
    await tx.execute(
        "INSERT INTO checked SELECT number, $1, row->>'line_id', (row->>'rev')::int, row->>'application_id', "
        "row->>'subject_id', row->>'payee_id', slice.project, slice.township, slice.category, "
        "row->>'entitlement_period', coalesce(row->>'kind', 'normal'), "
        "coalesce((row->>'installment')::int, 1), coalesce((row->>'quantity')::numeric, 1), "
        "coalesce((row->>'amount_fen')::bigint, 0) "
        "FROM chunk_rows($2, $3) WITH ORDINALITY AS rows(row, number) JOIN slice ON slice_id = $2 "
        "WHERE row->>'state' NOT IN ('void', 'paid', 'failed')",
        job_id,
        slice_id,
        revision,
    )


async def add_persons(tx: Tx, persons: Sequence[Person], book: Rulebook) -> None:
    """Profiles, the periods that the checked rows name, and what lists and claims say; call it last."""
    await tx.copy("checked_person", _PERSON, ((*one[:4], len(one.members)) for one in persons))
    members = ((one.subject_id, index) for one in persons for index in one.members)
    await tx.copy("checked_member", ("subject_id", "blind_index"), members)
    periods = [row["period"] for row in await tx.fetch("SELECT DISTINCT period FROM checked")]
    spans = [(period, span_of(period, book.age_at)) for period in periods]
    readable = [(period, *span) for period, span in spans if span is not None]
    await tx.copy("checked_period", ("period", "first", "last", "age_on"), readable)
    # Without statistics the planner takes a temporary table for empty.
    await tx.connection.execute(
        "ANALYZE checked; ANALYZE checked_person; ANALYZE checked_member; ANALYZE checked_period"
    )
    await tx.execute(LISTED)
    await tx.execute(OTHERS)
    await tx.connection.execute(
        "CREATE INDEX ON checked_listed (place); ANALYZE checked_listed; ANALYZE checked_other"
    )


async def pages(tx: Tx, book: Rulebook) -> AsyncIterator[list[Any]]:
    """All rows in order, a bounded number at once."""
    # All rows are wanted: a plan that is quick with the first tenth takes ten times as long for a whole slice.
    await tx.execute("SET LOCAL cursor_tuple_fraction = 1")
    cursor = await tx.connection.cursor(
        FACTS, book.household_digits, tx.today, book.survey_months, book.categories
    )
    while rows := await cursor.fetch(PAGE):
        yield rows
