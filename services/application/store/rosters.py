"""Rows of rosters, by the thousand: new applications, and on route C the same ones again."""

from typing import Any

from contracts.application import OfflineResult, RecordOffline
from kit.db import Tx
from kit.ids import named_id
from services.application.domain import (
    REFUSED_DUPLICATE,
    REFUSED_SUSPENDED,
    ApplicationState,
    Channel,
    receipt_of,
)
from services.application.store import payees

_ROWS = (
    "ROWS FROM (jsonb_to_recordset($1) AS (application_id text, receipt text, row_id text, subject_id text, "
    "township text, village text, category text, quantity text, payee_id text)) WITH ORDINALITY AS row("
    "application_id, receipt, row_id, subject_id, township, village, category, quantity, payee_id, place)"
)


async def record_rows(tx: Tx, command: RecordOffline) -> tuple[list[OfflineResult], list[str]]:
    """All rows of a part at once; a row whose person has a live application is refused R05.

    With `renew` such a row is that application again, once per roster. Ids follow from roster and row, so that
    the same part again gives the same answer. Also returns the ids of the enrolments that a renewal changed.
    """
    rows = _rows(tx, command)
    await tx.execute(
        "INSERT INTO application (application_id, receipt, project, county, township, village, subject_id, "
        "category, channel, form, state, live, submitted_by, submitted_on, at, roster_id, row_id, quantity, "
        "payee_id) SELECT application_id, receipt, $2, left(township, 6), township, village, subject_id, "
        "category, $3, '{}', $4, true, 'roster:' || $5, $6, $7, $5, row_id, quantity, payee_id "
        f"FROM {_ROWS} ORDER BY place ON CONFLICT DO NOTHING",
        rows,
        command.project,
        Channel.OFFLINE.value,
        ApplicationState.LISTED.value,
        command.roster_id,
        tx.today,
        tx.now,
    )
    changed = await _renew(tx, command, rows) if command.renew else []
    return await _results(tx, command, rows), changed


def _rows(tx: Tx, command: RecordOffline) -> list[dict[str, Any]]:
    day = tx.today.isoformat()
    rows = []
    for row in command.rows:
        application_id = named_id("offline-application", command.roster_id, row.row_id)
        receipt = receipt_of(command.project, day, application_id)
        rows.append(row.model_dump() | {"application_id": application_id, "receipt": receipt})
    return rows


async def _renew(tx: Tx, command: RecordOffline, rows: list[dict[str, Any]]) -> list[str]:
    """The first row per person renews; one whose enrolment is 暂停 stays as it is. A move out of the county doesn't."""
    renewed = await tx.fetch(
        f"WITH row AS (SELECT DISTINCT ON (subject_id) * FROM {_ROWS} ORDER BY subject_id, place) "
        "UPDATE application SET renewed_roster = $3, renewed_row = row.row_id, township = row.township, "
        "village = row.village, category = row.category, quantity = row.quantity, payee_id = row.payee_id, "
        "state = 'listed' FROM row WHERE application.live AND application.project = $2 "
        "AND application.subject_id = row.subject_id AND application.roster_id IS DISTINCT FROM $3 "
        "AND application.renewed_roster IS DISTINCT FROM $3 "
        "AND application.county = left(row.township, 6) "
        "AND NOT EXISTS (SELECT FROM enrolment WHERE enrolment.application_id = application.application_id "
        "AND enrolment.state = 'suspended') RETURNING application.application_id",
        rows,
        command.project,
        command.roster_id,
    )
    changed = await tx.fetch(
        "UPDATE enrolment SET township = application.township, village = application.village, "
        "category = application.category, quantity = application.quantity, "
        "own_payee_id = coalesce(application.payee_id, enrolment.own_payee_id), rev = rev + 1, "
        "updated_at = $2 FROM application WHERE application.application_id = ANY($1::text[]) "
        "AND enrolment.application_id = application.application_id "
        "AND enrolment.state IN ('proposed', 'active') "
        "AND (enrolment.township, enrolment.village, enrolment.category, enrolment.quantity, "
        "enrolment.own_payee_id) IS DISTINCT FROM (application.township, application.village, "
        "application.category, application.quantity, "
        "coalesce(application.payee_id, enrolment.own_payee_id)) RETURNING enrolment_id",
        [row["application_id"] for row in renewed],
        tx.now,
    )
    ids = [row["enrolment_id"] for row in changed]
    await payees.follow(tx, enrolment_ids=ids)
    return ids


async def _results(tx: Tx, command: RecordOffline, rows: list[dict[str, Any]]) -> list[OfflineResult]:
    found = await tx.fetch(
        "SELECT application_id, row_id FROM application WHERE roster_id = $1 AND row_id = ANY($2::text[]) "
        "UNION ALL "
        "SELECT application_id, renewed_row FROM application "
        "WHERE renewed_roster = $1 AND renewed_row = ANY($2::text[])",
        command.roster_id,
        [row["row_id"] for row in rows],
    )
    taken = {row["row_id"]: row["application_id"] for row in found}
    suspended = set()
    if command.renew:
        idle = await tx.fetch(
            "SELECT subject_id FROM enrolment WHERE project = $1 AND state = 'suspended' "
            "AND subject_id = ANY($2::text[])",
            command.project,
            [row["subject_id"] for row in rows],
        )
        suspended = {row["subject_id"] for row in idle}
    return [
        OfflineResult(row_id=row["row_id"], application_id=taken[row["row_id"]])
        if row["row_id"] in taken
        else OfflineResult(
            row_id=row["row_id"],
            refused=REFUSED_SUSPENDED if row["subject_id"] in suspended else REFUSED_DUPLICATE,
        )
        for row in rows
    ]
