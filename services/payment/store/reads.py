"""Queries for the doors."""

from typing import Any

import asyncpg

from kit.db import Tx


async def order(tx: Tx, *, order_id: str | None = None, set_id: str | None = None) -> dict[str, Any] | None:
    """An order with slices, files and payments counted by state."""
    row = await tx.fetchrow(
        "SELECT * FROM payment_order WHERE order_id = $1 OR set_id = $2", order_id, set_id
    )
    if row is None:
        return None
    slices = await tx.fetch(
        "SELECT * FROM order_slice WHERE order_id = $1 ORDER BY slice_id", row["order_id"]
    )
    files = await tx.fetch(
        "SELECT file_id, number, state, lines, total_fen, sha256, receipt_no, refusal, tries FROM bank_file "
        "WHERE order_id = $1 ORDER BY number",
        row["order_id"],
    )
    states = await tx.fetch(
        "SELECT state, count(*) AS lines, sum(amount_fen)::bigint AS fen FROM payment WHERE order_id = "
        "$1 GROUP BY 1",
        row["order_id"],
    )
    return dict(row) | {
        "slices": [dict(one) for one in slices],
        "files": [dict(one) for one in files],
        "payments": {one["state"]: one["lines"] for one in states},
        "payments_fen": {one["state"]: one["fen"] for one in states},
    }


async def withheld(tx: Tx, order_id: str) -> list[dict[str, Any]]:
    """Withheld lines of an order."""
    rows = await tx.fetch(
        "SELECT line_id, slice_id, payment_id, amount_fen, reason FROM withheld WHERE order_id = $1 "
        "ORDER BY line_id",
        order_id,
    )
    return [dict(row) for row in rows]


async def file_content(tx: Tx, order_id: str, number: int) -> asyncpg.Record | None:
    """A bank file's id, encoding and sealed content (null before it is built and after its deletion date)."""
    return await tx.fetchrow(
        "SELECT file_id, state, encoding, content FROM bank_file WHERE order_id = $1 AND number = $2",
        order_id,
        number,
    )


async def result_files(tx: Tx, order_id: str) -> list[dict[str, Any]]:
    """All result files of an order, oldest first."""
    rows = await tx.fetch(
        "SELECT file_id, bank_result_id, sha256, source, result_file.state, result_file.refusal, "
        "result_file.lines, "
        "paid, failed, unknown, conflicts, times, at FROM result_file JOIN bank_file USING (file_id) "
        "WHERE order_id = $1 ORDER BY result_file.number",
        order_id,
    )
    return [dict(row) for row in rows]


async def conflicts(tx: Tx, project: str, county: str) -> list[dict[str, Any]]:
    """Contradictions of a county for a project."""
    rows = await tx.fetch(
        "SELECT number, payment_id, attempt, order_id, held, claimed, code, source, "
        "suspended_fen, settled_as, suspense_posting IS NOT NULL AS suspended, at FROM conflict "
        "WHERE project = $1 AND county = $2 "
        "ORDER BY number",
        project,
        county,
    )
    return [dict(row) for row in rows]


async def payments(
    tx: Tx,
    subject_id: str | None,
    line_id: str | None,
    order_id: str | None,
    state: str | None,
    after: str,
    limit: int,
) -> list[dict[str, Any]]:
    """Payments by what is not None, in order of payment id, with the postings that moved their money."""
    rows = await tx.fetch(
        "SELECT payment_id, attempt, line_id, slice_id, order_id, subject_id, project, county, township, "
        "entitlement_period, kind, installment, amount_fen, net_fen, state, code, reason, bank_ref, paid_at, "
        "jsonb_strip_nulls(jsonb_build_object('committed', committed_posting, 'sent', sent_posting, "
        "'settled', settled_posting, 'returned', returned_posting)) AS posted FROM payment "
        "WHERE ($1::text IS NULL OR subject_id = $1) AND ($2::text IS NULL OR line_id = $2) "
        "AND ($3::text IS NULL OR order_id = $3) AND ($4::text IS NULL OR state = $4) AND payment_id > $5 "
        "ORDER BY payment_id, attempt LIMIT $6",
        subject_id,
        line_id,
        order_id,
        state,
        after,
        limit,
    )
    return [dict(row) for row in rows]


async def postings(
    tx: Tx, project: str, county: str, year: int, order_id: str | None, after: int, limit: int
) -> list[dict[str, Any]]:
    """Postings of a book in order, with their entries."""
    rows = await tx.fetch(
        "SELECT posting.*, (SELECT jsonb_agg(jsonb_build_object('kind', account.kind, 'amount_fen', "
        "amount_fen)) "
        "FROM entry JOIN account USING (account_id) WHERE entry.posting_id = posting.posting_id) AS entries "
        "FROM posting WHERE project = $1 AND county = $2 AND year = $3 AND ($4::text IS NULL OR order_id "
        "= $4) "
        "AND number > $5 ORDER BY number LIMIT $6",
        project,
        county,
        year,
        order_id,
        after,
        limit,
    )
    return [{"posting": dict(row), "entries": row["entries"]} for row in rows]


async def trial_balance(tx: Tx, project: str, county: str, year: int) -> list[dict[str, Any]]:
    """Per account: sums of what it gave and got, and the kept balance, in fen."""
    rows = await tx.fetch(
        "SELECT kind, balance_fen, coalesce(sum(-amount_fen) FILTER (WHERE amount_fen < 0), 0)::bigint "
        "AS out_fen, "
        "coalesce(sum(amount_fen) FILTER (WHERE amount_fen > 0), 0)::bigint AS into_fen "
        "FROM account LEFT JOIN entry USING (account_id) WHERE project = $1 AND county = $2 AND year = $3 "
        "GROUP BY account_id, kind, balance_fen",
        project,
        county,
        year,
    )
    return [dict(row) for row in rows]
