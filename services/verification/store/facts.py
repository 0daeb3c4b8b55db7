"""Facts about many persons at once: what is checked and who they are go into temporary tables, and one query
joins them to the reference data and the claims. Profiles end with the transaction."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from kit.db import Tx
from services.verification.domain.periods import span_of
from services.verification.domain.persons import Person
from services.verification.domain.rulebook import Rulebook

_TABLES = """
CREATE TEMP TABLE checked (
    place int PRIMARY KEY, job_id text NOT NULL, line_id text, rev int, application_id text NOT NULL,
    subject_id text NOT NULL, project text NOT NULL, township text NOT NULL, category text NOT NULL,
    period text NOT NULL, kind text NOT NULL, installment int NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE checked_person (
    subject_id text PRIMARY KEY, birth_date date NOT NULL, gender text NOT NULL, blind_index text NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE checked_period (
    period text PRIMARY KEY, first date NOT NULL, last date NOT NULL, age_on date NOT NULL
) ON COMMIT DROP
"""
_COLUMNS = (
    "place", "job_id", "line_id", "rev", "application_id", "subject_id", "project", "township", "category",
    "period", "kind", "installment",
)  # fmt: skip

_FACTS = """
WITH loaded AS (SELECT DISTINCT kind FROM reference_file WHERE replaced_at IS NULL),
known AS (
    SELECT row.blind_index, row.kind, row.day, row.detail, file.source, file.valid_to
      FROM reference_row AS row JOIN reference_file AS file USING (file_id)
     WHERE row.blind_index IN (SELECT blind_index FROM checked_person)
), listed AS (
    SELECT c.place,
           (array_agg(known.day ORDER BY known.day) FILTER (WHERE known.kind = 'deaths'))[1] AS died_on,
           (array_agg(coalesce(known.detail, known.source) ORDER BY known.day)
                FILTER (WHERE known.kind = 'deaths'))[1] AS death_source,
           bool_or(known.detail = c.category) FILTER (WHERE known.kind = 'membership') AS member_claimed,
           min(known.source) FILTER (WHERE known.kind = 'membership') AS membership_source,
           min(known.source) FILTER (WHERE known.kind = 'exclusive_subsidy') AS exclusive_source,
           bool_or(starts_with(known.detail, left(c.township, $1))) FILTER (WHERE known.kind = 'household')
                AS household_inside,
           min(known.source) FILTER (WHERE known.kind = 'household') AS household_source,
           min(known.source) FILTER (WHERE known.kind = 'prisoners') AS prisoner_source,
           min(known.source) FILTER (WHERE known.kind = 'fiscal_payroll') AS payroll_source
      FROM checked AS c JOIN checked_person AS p USING (subject_id) JOIN checked_period AS s USING (period)
      JOIN known ON known.blind_index = p.blind_index
       AND (known.valid_to IS NULL OR known.valid_to >= s.first)
       AND (known.kind = 'deaths' OR known.day IS NULL OR known.day <= s.last)
     GROUP BY c.place
)
SELECT c.place, c.job_id, c.line_id, c.rev, c.application_id, c.subject_id, c.township,
       c.category, p.subject_id IS NOT NULL AS person_known, s.period IS NOT NULL AS period_known,
       extract(year FROM age(s.age_on, p.birth_date))::int AS age, p.gender,
       CASE WHEN l.died_on IS NULL THEN 'none' WHEN l.died_on < s.first THEN 'before'
            WHEN l.died_on <= s.last THEN 'within' ELSE 'after' END AS death,
       EXISTS (SELECT FROM claim AS mine JOIN claim AS other USING (subject_id, project)
                WHERE mine.application_id = c.application_id AND other.live AND other.number < mine.number)
         OR EXISTS (SELECT FROM line_claim AS mine JOIN line_claim AS other
                     USING (subject_id, project, entitlement_period, kind, installment)
                     WHERE mine.line_id = c.line_id AND other.live AND other.number < mine.number)
           AS duplicate,
       l.exclusive_source IS NOT NULL AS exclusive_subsidy,
       CASE WHEN l.member_claimed THEN 'claimed' WHEN l.member_claimed IS NOT NULL THEN 'other'
            WHEN 'membership' IN (SELECT kind FROM loaded) THEN 'none' ELSE 'unknown' END AS membership,
       CASE WHEN l.household_inside THEN 'inside' WHEN l.household_inside IS NOT NULL THEN 'outside'
            ELSE 'unknown' END AS household,
       l.payroll_source IS NOT NULL AS fiscal_payroll, l.prisoner_source IS NOT NULL AS prisoner,
       l.death_source, l.exclusive_source, l.membership_source, l.household_source, l.payroll_source,
       l.prisoner_source
  FROM checked AS c
  LEFT JOIN checked_person AS p USING (subject_id)
  LEFT JOIN checked_period AS s USING (period)
  LEFT JOIN listed AS l USING (place)
 ORDER BY c.place
"""


async def prepare(tx: Tx) -> None:
    """Make the temporary tables of this transaction."""
    await tx.execute(_TABLES)


async def add_applications(tx: Tx, jobs: Iterable[Sequence[Any]]) -> None:
    """Rows of (place, job id, application id, subject id, project, township, category, period)."""
    rows = [(place, job, None, None, *rest, "normal", 1) for place, job, *rest in jobs]
    await tx.copy("checked", _COLUMNS, rows)


async def add_lines(tx: Tx, job_id: str, slice_id: str, revision: int) -> None:
    """The lines of a revision that can still be paid."""
    await tx.execute(
        "INSERT INTO checked SELECT number, $1, row->>'line_id', (row->>'rev')::int, row->>'application_id', "
        "row->>'subject_id', slice.project, slice.township, slice.category, row->>'entitlement_period', "
        "coalesce(row->>'kind', 'normal'), coalesce((row->>'installment')::int, 1) "
        "FROM chunk_rows($2, $3) WITH ORDINALITY AS rows(row, number) JOIN slice ON slice_id = $2 "
        "WHERE row->>'state' NOT IN ('void', 'paid', 'failed')",
        job_id,
        slice_id,
        revision,
    )


async def add_persons(tx: Tx, persons: Iterable[Person], book: Rulebook) -> None:
    """Profiles, and the periods that the checked rows name; call it last."""
    await tx.copy("checked_person", ("subject_id", "birth_date", "gender", "blind_index"), persons)
    periods = [row["period"] for row in await tx.fetch("SELECT DISTINCT period FROM checked")]
    spans = [(period, span_of(period, book.age_at)) for period in periods]
    readable = [(period, *span) for period, span in spans if span is not None]
    await tx.copy("checked_period", ("period", "first", "last", "age_on"), readable)
    # Without statistics the planner takes a temporary table for empty.
    await tx.connection.execute("ANALYZE checked; ANALYZE checked_person; ANALYZE checked_period")


async def facts(tx: Tx, book: Rulebook) -> AsyncIterator[Any]:
    """Row by row in order, with bounded memory."""
    async for row in tx.connection.cursor(_FACTS, book.household_digits, prefetch=2000):
        yield row
