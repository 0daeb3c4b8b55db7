"""Everything the room can show of one payment: attempts, orders, vouchers, files, bank results, postings."""

from typing import Any

from kit.db import Tx


async def attempts(tx: Tx, payment_id: str) -> list[dict[str, Any]]:
    """Every attempt, and the file it went out with."""
    rows = await tx.fetch(
        "SELECT payment.payment_id, attempt, line_id, slice_id, set_id, payment.order_id, payment.file_id, seq, "
        "payment.project, payment.county, township, village, subject_id, payee_id, entitlement_period, kind, "
        "installment, amount_fen, net_fen, payment.state, code, reason, bank_ref, paid_at, committed_posting, "
        "payment.sent_posting, settled_posting, returned_posting, file.number AS file_number, file.sha256 AS "
        "file_sha256, file.receipt_no, file.sent_at FROM payment LEFT JOIN bank_file AS file USING (file_id) "
        "WHERE payment_id = $1 ORDER BY attempt",
        payment_id,
    )
    return [dict(row) for row in rows]


async def deductions(tx: Tx, payment_id: str) -> list[dict[str, Any]]:
    """What was kept back from the payment's attempts (扣回); amounts are negative."""
    rows = await tx.fetch(
        "SELECT paid_with_attempt AS attempt, line_id, amount_fen, entitlement_period, installment, state "
        "FROM payment WHERE paid_with = $1 ORDER BY paid_with_attempt, line_id",
        payment_id,
    )
    return [dict(row) for row in rows]


async def orders(tx: Tx, order_ids: list[str]) -> list[dict[str, Any]]:
    """Orders with their slices, request, vouchers and the bank's answers, as digests and sums."""
    found = []
    for order_id in order_ids:
        row = await tx.fetchrow(
            "SELECT order_id, set_id, project, county, period, state, lines, total_fen, withheld, actor, issued_at, "
            "settled_at FROM payment_order WHERE order_id = $1",
            order_id,
        )
        parts = {
            "slices": "SELECT slice_id, revision, root, exclusions, lines, total_fen FROM order_slice "
            "WHERE order_id = $1 ORDER BY slice_id",
            "request": "SELECT list_hash, lines, total_fen, state, drawn_at FROM payment_request WHERE order_id = $1",
            "vouchers": "SELECT voucher_no, list_hash, amount_fen, refusal, actor, at FROM voucher "
            "WHERE order_id = $1 ORDER BY number",
            "results": "SELECT r.file_id, r.bank_result_id, r.sha256, r.source, r.state, r.lines, r.paid, r.failed, "
            "r.unknown, r.actor, r.at FROM result_file r JOIN bank_file USING (file_id) "
            "WHERE order_id = $1 ORDER BY r.number",
        }
        several = {name: [dict(one) for one in await tx.fetch(sql, order_id)] for name, sql in parts.items()}
        found.append(dict(row or {}) | several | {"request": next(iter(several["request"]), None)})
    return found


async def postings(tx: Tx, posting_ids: list[str]) -> list[dict[str, Any]]:
    """The ledger's postings that moved this payment's money, with their entries."""
    rows = await tx.fetch(
        "SELECT posting_id, number, kind, memo, actor, business_day, at, (SELECT jsonb_agg(jsonb_build_object("
        "'account', account.kind, 'amount_fen', amount_fen) ORDER BY account.kind) FROM entry JOIN account "
        "USING (account_id) WHERE entry.posting_id = posting.posting_id) AS entries "
        "FROM posting WHERE posting_id = ANY($1) ORDER BY number",
        posting_ids,
    )
    return [dict(row) for row in rows]
