"""What payment says about lines: bank results and recoveries."""

from datetime import datetime

from contracts.payment import PaymentsStated, RecoveryChanged
from kit.db import Tx


async def keep_results(tx: Tx, message: PaymentsStated, at: datetime) -> None:
    """The results of one slice in one order, in one statement."""
    await tx.execute(
        "INSERT INTO payment_result SELECT one.line_id, $3, one.state, one.code, $4 "
        "FROM chunk_rows($1, $2) AS part, jsonb_to_record(part) AS one(line_id text, state text, code text) "
        "ON CONFLICT DO NOTHING",
        message.stream_id,
        message.revision,
        message.order_id,
        at,
    )


async def keep_recovery(tx: Tx, message: RecoveryChanged) -> None:
    """The newest word on a case; its messages come in order."""
    await tx.execute(
        "INSERT INTO recovery VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (case_id) DO UPDATE "
        "SET state = excluded.state, claimed_fen = excluded.claimed_fen, "
        "recovered_fen = excluded.recovered_fen, written_off_fen = excluded.written_off_fen",
        message.case_id, message.line_id, message.project, message.county, message.township, message.state,
        message.claimed_fen, message.recovered_fen, message.written_off_fen,
    )  # fmt: skip
