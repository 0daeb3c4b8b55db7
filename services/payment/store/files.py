"""Bank files on their way out: planned → built → sending → accepted, each step its own transaction."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import asyncpg

from kit.db import Tx
from services.payment.domain.codes import REASONS
from services.payment.domain.ledger import Kind, Move
from services.payment.store import ledger
from services.payment.store.ledger import About, Book

KEEP_DAYS = 180
"""A bank file holds names and accounts: encrypted, and deleted this many days after it was built."""


async def due(tx: Tx, *states: str) -> asyncpg.Record | None:
    """The next file in one of these states whose time has come and whose order has its voucher, with its book."""
    return await tx.fetchrow(
        "SELECT bank_file.*, payment_order.year, payment_order.set_id, payment_order.period FROM bank_file "
        "JOIN payment_order USING (order_id) WHERE bank_file.state = ANY($1::text[]) AND next_try_at <= $2 "
        "AND NOT EXISTS (SELECT FROM payment_request AS asked "
        "WHERE asked.order_id = bank_file.order_id AND asked.state = 'waiting') "
        "ORDER BY next_try_at, number LIMIT 1",
        list(states),
        tx.wall,
    )


async def payments(tx: Tx, file_id: str) -> list[asyncpg.Record]:
    """The payments of a file that still wait to be sent, in the file's order; `net_fen` is what the bank pays."""
    return await tx.fetch(
        "SELECT payment_id, attempt, seq, payee_id, net_fen, entitlement_period FROM payment "
        "WHERE file_id = $1 AND state = 'COMMITTED' AND net_fen > 0 ORDER BY seq",
        file_id,
    )


async def contested(tx: Tx, file_id: str) -> list[str]:
    """Payments not yet sent of which the bank meanwhile claims to have paid a former attempt."""
    rows = await tx.fetch(
        "SELECT DISTINCT payment_id FROM payment JOIN conflict USING (payment_id) "
        "WHERE file_id = $1 AND state = 'COMMITTED' AND net_fen > 0 AND settled_as IS NULL",
        file_id,
    )
    return [row["payment_id"] for row in rows]


async def unbuild(tx: Tx, file_id: str) -> None:
    """A file that was never sent is built once more, without what may not go out any more."""
    await tx.execute(
        "UPDATE bank_file SET state = 'planned', content = NULL, sha256 = NULL, lines = NULL, total_fen = NULL "
        "WHERE file_id = $1 AND state = 'built'",
        file_id,
    )


class Built(NamedTuple):
    """A file as it will be sent, in clear and sealed; total in fen."""

    content: bytes
    sealed: bytes
    lines: int
    total_fen: int
    format: str
    encoding: str


async def save_built(tx: Tx, file: Mapping[str, Any], kept_out: Mapping[str, str], built: Built) -> bool:
    """Store the file as it will be sent; `kept_out` maps payment ids to the code that rejects them now.

    False when another process was first: the bytes that were stored first are the ones that are sent.
    """
    won = await tx.execute(
        "UPDATE bank_file SET state = $2, content = $3, sha256 = $4, lines = $5, total_fen = $6, format "
        "= $7, "
        "encoding = $8, delete_after = $9, built_at = $10, next_try_at = $11 WHERE file_id = $1 AND "
        "state = 'planned'",
        file["file_id"],
        "built" if built.lines else "empty",
        built.sealed,
        hashlib.sha256(built.content).hexdigest(),
        built.lines,
        built.total_fen,
        built.format,
        built.encoding,
        tx.today + timedelta(days=KEEP_DAYS),
        tx.now,
        tx.wall,
    )
    if not won:
        return False
    await tx.execute("UPDATE payment_order SET state = 'sending' WHERE order_id = $1", file["order_id"])
    if kept_out:
        await _keep_out(tx, file, kept_out)
    return True


async def _keep_out(tx: Tx, file: Mapping[str, Any], kept_out: Mapping[str, str]) -> None:
    codes = list(kept_out.values())
    fen = await tx.fetchval(
        "SELECT sum(net_fen)::bigint FROM payment WHERE file_id = $1 AND payment_id = ANY($2::text[])",
        file["file_id"],
        list(kept_out),
    )
    posting = await ledger.post(
        tx,
        book_of(file),
        [Move(Kind.COMMITTED, Kind.BUDGET, fen)],
        _about(file, "result", "未发出的明细退回指标 (lines kept out of the file)"),
    )
    await tx.execute(
        "UPDATE payment SET state = 'REJECTED', code = out.code, reason = out.reason, settled_posting = $4 "
        "FROM unnest($2::text[], $3::text[], $5::text[]) AS out(id, code, reason) "
        "WHERE file_id = $1 AND coalesce(paid_with, payment_id) = out.id AND state = 'COMMITTED'",
        file["file_id"],
        list(kept_out),
        codes,
        posting,
        [REASONS[code] for code in codes],
    )


async def save_intent(tx: Tx, file: Mapping[str, Any]) -> None:
    """Before the first call: the payments are SUBMITTED and their money in transit, whatever happens next."""
    if not await tx.execute(
        "UPDATE bank_file SET state = 'sending' WHERE file_id = $1 AND state = 'built'", file["file_id"]
    ):
        return
    moves = [Move(Kind.COMMITTED, Kind.IN_TRANSIT, file["total_fen"])]
    posting = await ledger.post(tx, book_of(file), moves, _about(file, "send", "付款文件送银行 (file sent)"))
    await tx.execute(
        "UPDATE payment SET state = 'SUBMITTED', sent_posting = $2 WHERE file_id = $1 AND state = "
        "'COMMITTED'",
        file["file_id"],
        posting,
    )
    await tx.execute("UPDATE bank_file SET sent_posting = $2 WHERE file_id = $1", file["file_id"], posting)


async def save_receipt(tx: Tx, file_id: str, receipt_no: str) -> None:
    """The bank has the file; its results are asked for from now on."""
    if await tx.execute(
        "UPDATE bank_file SET state = 'accepted', receipt_no = $2, tries = 0, sent_at = $3, next_try_at = $4 "
        "WHERE file_id = $1 AND state = 'sending'",
        file_id,
        receipt_no,
        tx.now,
        tx.wall,
    ):
        await tx.execute(
            "UPDATE payment SET state = 'ACCEPTED' WHERE file_id = $1 AND state = 'SUBMITTED'", file_id
        )


async def save_refusal(tx: Tx, file_id: str, code: str) -> None:
    """The bank refused the whole file, nothing is booked there: a person looks at it, money stays held."""
    await tx.execute(
        "UPDATE bank_file SET state = 'refused', refusal = $2 WHERE file_id = $1 AND state = 'sending'",
        file_id,
        code,
    )


async def retry_later(tx: Tx, file_id: str, seconds: float, *, counts: bool = True) -> None:
    """Try this file again after so many seconds of wall time; `counts` it as a failed try."""
    await tx.execute(
        "UPDATE bank_file SET tries = tries + $3::int, next_try_at = $2 WHERE file_id = $1",
        file_id,
        tx.wall + timedelta(seconds=seconds),
        int(counts),
    )


async def forget_contents(tx: Tx) -> int:
    """Delete the contents whose deletion date has passed; digests and counts stay."""
    return await tx.execute(
        "UPDATE bank_file SET content = NULL WHERE content IS NOT NULL AND delete_after < $1", tx.today
    )


def book_of(file: Mapping[str, Any]) -> Book:
    """The ledger book that a file's order belongs to."""
    return Book(file["project"], file["county"], file["year"])


def _about(file: Mapping[str, Any], kind: str, memo: str) -> About:
    return About(kind, memo, "payment", file["set_id"], file["order_id"], file["file_id"])
