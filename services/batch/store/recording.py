"""Accepted roster rows go to `application` in parts, to be recorded as applications (channel 线下)."""

from collections.abc import Sequence

from contracts.application import OfflineRow, RecordOffline
from contracts.base import CHUNK_ROWS
from kit.db import Tx
from services.batch.store.rosters import NewRow
from services.batch.store.tables import Roster


def record(tx: Tx, roster: Roster, rows: Sequence[NewRow], *, renew: bool) -> None:
    """Emit `RecordOffline` in parts of at most 1,000 rows; no rows, no message. `renew`: the batch opens by roster."""
    parts = [rows[at : at + CHUNK_ROWS] for at in range(0, len(rows), CHUNK_ROWS)]
    for index, part in enumerate(parts):
        tx.emit(
            RecordOffline(
                roster_id=roster.roster_id,
                project=roster.project,
                batch_id=roster.batch_id,
                renew=renew,
                index=index,
                count=len(parts),
                rows=[
                    OfflineRow(
                        row_id=row.row_id,
                        subject_id=row.subject_id or "",
                        township=row.township or "",
                        village=row.village or "",
                        category=row.category or "",
                        quantity=row.quantity,
                        payee_id=row.payee_id,
                    )
                    for row in part
                ],
            )
        )
