"""人员导入: a roster comes in; good rows are taken, bad rows come back with all their reasons at once."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Annotated

from fastapi import File, Form, UploadFile

from kit import errors
from kit.auth import Actor, guarded_router
from kit.ids import new_id
from kit.service import CurrentRoom, Room
from kit.sheets import Limits
from services.batch.api.batches import load_batch, refuse_closed
from services.batch.api.models import RosterOut, RowErrorOut
from services.batch.api.operations import (
    PREFIX,
    SEE_ROSTER,
    UPLOAD_ROSTER,
    Limit,
    actor_for,
    permit,
    township_wanted,
)
from services.batch.api.resolving import resolved
from services.batch.api.sheet import read_roster, reader_of
from services.batch.ports import ROSTER_KEEP_DAYS, sealer
from services.batch.store import batches, rosters
from services.batch.store.recording import record
from services.batch.store.rosters import NewRow
from services.batch.store.tables import Batch, Roster

router = guarded_router(prefix=PREFIX, tags=["rosters"])


@router.post("/batches/{batch_id}/rosters", status_code=201)
async def upload_roster(
    batch_id: str,
    room: CurrentRoom,
    file: Annotated[UploadFile, File()],
    township: Annotated[str | None, Form(pattern=r"^[0-9]{9}$")] = None,
    actor: Actor = actor_for(UPLOAD_ROSTER),
) -> RosterOut:
    """Import a roster of one township, or of a county with the column 乡镇. A 4xx or 503 stores nothing."""
    async with room.tx() as tx:
        batch = await load_batch(tx, batch_id)
        place = township_wanted(actor, UPLOAD_ROSTER, batch, township)
        refuse_closed(batch)
        if place is not None and place not in {one.code for one in room.regions.children(batch.county)}:
            raise errors.unprocessable("unknown-township", "乡镇不属于该批次", "not a township of this batch")
        project = await batches.find_project(tx, batch.project)
        if (file.size or 0) > Limits().file_bytes:
            raise errors.too_large("文件过大 (the file is too large)", limit_bytes=Limits().file_bytes)
        data = await file.read()
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        if known := await rosters.known(tx, batch_id, place or batch.county, sha256):
            raise _twice(known)
    assert project is not None, "a batch has a project"
    reader = reader_of(room.regions, batch.county, place, project.categories, project.unit)
    read = await asyncio.to_thread(read_roster, data, reader, room.settings.roster_row_limit)
    rows, problems = await resolved(room, read, households=project.households)
    kept = await _store(room, batch, place or batch.county, sha256, data, actor.sub, rows)
    listed = [
        RowErrorOut(row=one.row, column=one.column, code=one.code, message=one.message) for one in problems
    ]
    return RosterOut(
        roster_id=kept.roster_id,
        batch_id=batch_id,
        township=kept.township,
        accepted=kept.accepted,
        rejected=kept.rejected,
        errors=listed,
    )


async def _store(
    room: Room, batch: Batch, township: str, sha256: str, data: bytes, actor: str, rows: list[NewRow]
) -> Roster:
    roster_id = new_id()
    sealed = await asyncio.to_thread(sealer().seal_under, "file", data, f"roster|{roster_id}")
    accepted = [row for row in rows if row.state == "accepted"]
    async with room.tx() as tx:
        one = Roster(
            roster_id=roster_id,
            batch_id=batch.batch_id,
            project=batch.project,
            county=batch.county,
            township=township,
            sha256=sha256,
            accepted=len(accepted),
            rejected=len(rows) - len(accepted),
            uploaded_by=actor,
            uploaded_at=tx.now,
        )
        if not await rosters.save(tx, one, rows, sealed, tx.today + timedelta(days=ROSTER_KEEP_DAYS)):
            raise _twice(await rosters.known(tx, batch.batch_id, township, sha256))
        record(tx, one, accepted, renew=batch.opens_by == "roster")
        tx.audit(
            "batch.upload_roster",
            f"roster:{roster_id}",
            actor,
            sha256=sha256,
            accepted=one.accepted,
            rejected=one.rejected,
        )
    return one


def _twice(roster_id: str | None) -> errors.Problem:
    """409 that names the roster: whoever lost the first answer reads it there (GET /rosters/{id})."""
    return errors.conflict(
        "roster-known", "该名单已导入", "this very file was imported already", roster_id=roster_id
    )


@router.get("/rosters/{roster_id}")
async def see_roster(
    roster_id: str,
    room: CurrentRoom,
    limit: Limit = 1000,
    after: int = 0,
    actor: Actor = actor_for(SEE_ROSTER),
) -> RosterOut:
    """What became of a roster: rows by state, and the rows that were not taken with their reasons."""
    async with room.tx() as tx:
        one = await rosters.find(tx, roster_id)
        if one is None:
            raise errors.not_found()
        permit(actor, SEE_ROSTER, region=one.township, project=one.project)
        counts = await rosters.counts(tx, roster_id)
        rows = await rosters.problems(tx, roster_id, limit, after)
    listed = [RowErrorOut(row=row["number"], **reason) for row in rows for reason in row["reasons"]]
    return RosterOut(**one.model_dump(include=set(RosterOut.model_fields)), rows=counts, errors=listed)
