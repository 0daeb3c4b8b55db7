"""Enrolments follow the lists: proposed by a slice's first revision, active by the department's signature."""

from collections.abc import Sequence

from contracts.application import EnrolmentState
from contracts.batch import LineExcluded, LinesStated, LineState, SliceRevision
from kit import chunks
from kit.db import Tx
from services.application.store import payees

FIRST_REVISION = 1


async def slice_known(tx: Tx, stated: LinesStated) -> None:
    """Note the newest complete revision; also takes the slice's row, so that a signature waits for us."""
    await tx.execute(
        "INSERT INTO slice (slice_id, revision) VALUES ($1, $2) "
        "ON CONFLICT (slice_id) DO UPDATE SET revision = greatest(slice.revision, excluded.revision)",
        stated.stream_id,
        stated.revision,
    )
    await chunks.forget(tx, stated.stream_id, stated.revision)


async def propose(tx: Tx, stated: LinesStated) -> list[str]:
    """An enrolment 待定 for every line of the slice whose application has none yet; returns their ids.

    An application that was withdrawn while a slice was taking it stays: the slice was first.
    """
    await tx.execute(
        "UPDATE application SET state = 'listed', live = true "
        "FROM chunk_rows($1, $2) AS line WHERE application_id = line->>'application_id' "
        "AND application.state = 'withdrawn' AND NOT EXISTS (SELECT FROM application AS other "
        "WHERE other.live AND other.subject_id = application.subject_id "
        "AND other.project = application.project)",
        stated.stream_id,
        stated.revision,
    )
    rows = await tx.fetch(
        "INSERT INTO enrolment (enrolment_id, application_id, project, county, township, village, category, "
        "subject_id, payee_id, own_payee_id, quantity, rev, state, valid_from, updated_at) "
        "SELECT md5('enrolment|' || application_id)::uuid::text, application_id, application.project, "
        "application.county, application.township, line->>'village', application.category, "
        "application.subject_id, line->>'payee_id', line->>'payee_id', coalesce(line->>'quantity', '1'), 1, "
        "$3, $4, $5 "
        "FROM chunk_rows($1, $2) AS line JOIN application ON application_id = line->>'application_id' "
        "WHERE application.live AND line->>'state' <> $6 ON CONFLICT DO NOTHING RETURNING enrolment_id",
        stated.stream_id,
        stated.revision,
        EnrolmentState.PROPOSED.value,
        stated.period,
        tx.now,
        LineState.VOID.value,
    )
    ids = [row["enrolment_id"] for row in rows]
    await payees.follow(tx, enrolment_ids=ids)
    return ids


async def join_set(tx: Tx, set_id: str, slices: Sequence[SliceRevision]) -> None:
    """These slices, and no others, are the set; at these revisions, or later ones."""
    ids = [one.slice_id for one in slices]
    await tx.execute(
        "UPDATE slice SET set_id = NULL, set_revision = NULL "
        "WHERE set_id = $1 AND NOT slice_id = ANY($2::text[])",
        set_id,
        ids,
    )
    await tx.execute(
        "INSERT INTO slice (slice_id, set_id, set_revision) "
        "SELECT s, $1, r FROM unnest($2::text[], $3::int[]) AS new(s, r) ORDER BY s "
        "ON CONFLICT (slice_id) DO UPDATE SET set_id = excluded.set_id, set_revision = excluded.set_revision",
        set_id,
        ids,
        [one.revision for one in slices],
    )


async def sign_set(tx: Tx, set_id: str) -> list[str]:
    """Note the signature; returns the set's slices, whose rows stay taken until the commit."""
    rows = await tx.fetch("SELECT slice_id FROM slice WHERE set_id = $1 ORDER BY slice_id FOR UPDATE", set_id)
    await tx.execute(
        "INSERT INTO signed_set (set_id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING", set_id, tx.now
    )
    return [row["slice_id"] for row in rows]


async def activate(tx: Tx, slice_ids: Sequence[str]) -> list[str]:
    """Make the enrolments of signed lines 在享, where the signed revision (or a later one) is known here.

    Signatures and lines arrive in either order: both call this. Returns the ids of those changed.
    """
    rows = await tx.fetch(
        "UPDATE enrolment SET state = $2, rev = rev + 1, updated_at = $3 "
        "FROM slice JOIN signed_set USING (set_id), chunk_rows(slice.slice_id, slice.revision) AS line "
        "WHERE slice.slice_id = ANY($1::text[]) AND slice.revision >= slice.set_revision "
        "AND line->>'state' = $4 AND enrolment.application_id = line->>'application_id' "
        "AND enrolment.state = $5 AND NOT EXISTS (SELECT FROM left_line "
        "WHERE left_line.slice_id = slice.slice_id AND left_line.line_id = line->>'line_id') "
        "RETURNING enrolment_id",
        list(slice_ids),
        EnrolmentState.ACTIVE.value,
        tx.now,
        LineState.NORMAL.value,
        EnrolmentState.PROPOSED.value,
    )
    return [row["enrolment_id"] for row in rows]


async def leave(tx: Tx, excluded: LineExcluded) -> list[str]:
    """A line left its slice; where the person is not entitled, the enrolment ends and frees its place."""
    await tx.execute(
        "INSERT INTO left_line VALUES ($1, $2) ON CONFLICT DO NOTHING", excluded.slice_id, excluded.line_id
    )
    if not excluded.ends_enrolment:
        return []
    await tx.execute("UPDATE application SET live = false WHERE application_id = $1", excluded.application_id)
    rows = await tx.fetch(
        "UPDATE enrolment SET state = $2, reason = $3, rev = rev + 1, updated_at = $4 "
        "WHERE application_id = $1 AND state NOT IN ($5, $2) RETURNING enrolment_id",
        excluded.application_id,
        EnrolmentState.ENDED.value,
        excluded.reason,
        tx.now,
        EnrolmentState.STOPPED.value,
    )
    return [row["enrolment_id"] for row in rows]


async def stop(tx: Tx, application_id: str, reason: str, last_period: str | None) -> list[str]:
    """停发 after a last period; the person may apply again. It outlives an exclusion that came before it."""
    await tx.execute("UPDATE application SET live = false WHERE application_id = $1", application_id)
    rows = await tx.fetch(
        "UPDATE enrolment SET state = $2, reason = $3, valid_to = $4, rev = rev + 1, updated_at = $5 "
        "WHERE application_id = $1 AND state <> $2 RETURNING enrolment_id",
        application_id,
        EnrolmentState.STOPPED.value,
        reason,
        last_period,
        tx.now,
    )
    return [row["enrolment_id"] for row in rows]
