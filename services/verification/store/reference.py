"""Reference data: files and their rows by keyed index."""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from kit.db import Tx
from kit.ids import new_id

_KEPT = (
    "file_id",
    "kind",
    "source",
    "region",
    "accepted",
    "rejected",
    "valid_to",
    "loaded_by",
    "loaded_at",
    "as_of",
)


class Upload(NamedTuple):
    """What an upload is; `sha256` recognises the same file sent again."""

    kind: str
    source: str
    region: str
    sha256: str
    rejected: int
    valid_to: date | None
    as_of: date | None
    loaded_by: str


async def current(tx: Tx, upload: Upload) -> Any:
    """The file that stands for this kind, source and region, when it is this very file; else None."""
    return await tx.fetchrow(
        f"SELECT {', '.join(_KEPT)} FROM reference_file WHERE kind = $1 AND source = $2 AND region = $3 "
        "AND sha256 = $4 AND valid_to IS NOT DISTINCT FROM $5 AND as_of IS NOT DISTINCT FROM $6 "
        "AND replaced_at IS NULL",
        upload.kind,
        upload.source,
        upload.region,
        upload.sha256,
        upload.valid_to,
        upload.as_of,
    )


async def replace(tx: Tx, upload: Upload, rows: Iterable[tuple[str, date | None, str | None]]) -> Any:
    """Store the file in place of the former one; the former rows go, its record stays."""
    # Two uploads of the same list at once: the second one waits and replaces the first.
    lock = f"{upload.kind}|{upload.source}|{upload.region}"
    await tx.execute("SELECT pg_advisory_xact_lock(7204101, hashtext($1))", lock)
    former = await tx.fetchval(
        "UPDATE reference_file SET replaced_at = $4 WHERE kind = $1 AND source = $2 AND region = $3 "
        "AND replaced_at IS NULL RETURNING file_id",
        upload.kind,
        upload.source,
        upload.region,
        tx.now,
    )
    if former is not None:
        await tx.execute("DELETE FROM reference_row WHERE file_id = $1", former)
    file_id = new_id()
    records = [(file_id, upload.kind, *row) for row in rows]
    await tx.execute(
        "INSERT INTO reference_file (file_id, kind, source, region, sha256, accepted, rejected, valid_to, "
        "loaded_by, loaded_at, as_of) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        file_id,
        upload.kind,
        upload.source,
        upload.region,
        upload.sha256,
        len(records),
        upload.rejected,
        upload.valid_to,
        upload.loaded_by,
        tx.now,
        upload.as_of,
    )
    await tx.copy("reference_row", ("file_id", "kind", "blind_index", "day", "detail"), records)
    return await current(tx, upload)


async def files(tx: Tx, region: str) -> list[Any]:
    """Current files of the region, those above and those inside it."""
    return await tx.fetch(
        f"SELECT {', '.join(_KEPT)} FROM reference_file WHERE replaced_at IS NULL "
        "AND (starts_with(region, $1) OR starts_with($1, region)) ORDER BY kind, source, region",
        region,
    )
