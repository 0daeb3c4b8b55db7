"""Stating enrolments: whatever one act changed goes out as chunks, one stream per project and county."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from contracts.application import Enrolment, EnrolmentsStated, EnrolmentState
from kit import chunks
from kit.db import Tx

_FIELDS = tuple(Enrolment.model_fields)


async def state(tx: Tx, act: str, enrolment_ids: Collection[str]) -> None:
    """State these enrolments as they stand now. `act` is the id of the message or decision that changed them.

    Nothing is stated when nothing changed. `rev` tells receivers which of two statements is the newer one.
    """
    if not enrolment_ids:
        return
    rows = await tx.fetch(
        "SELECT * FROM enrolment WHERE enrolment_id = ANY($1::text[]) ORDER BY enrolment_id",
        list(set(enrolment_ids)),
    )
    places: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in rows:
        # Read from our own checked table: a signature may change fifty thousand at once.
        fields = {name: row[name] for name in _FIELDS} | {"state": EnrolmentState(row["state"])}
        one = Enrolment.model_construct(**fields)
        places[row["project"], row["county"]].append(one)
    for (project, county), enrolments in sorted(places.items()):
        await chunks.state(
            tx,
            EnrolmentsStated,
            enrolments,
            stream_id=f"enrolments:{act}" if len(places) == 1 else f"enrolments:{act}:{project}:{county}",
            revision=1,
            project=project,
            county=county,
        )


def act_of(tx: Tx) -> str:
    """The id of the message being handled: what a changed enrolment goes back to."""
    assert tx.cause is not None
    return tx.cause.id
