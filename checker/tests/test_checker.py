"""The true world is green; each planted wrong turns its invariant red, and only those that it touches."""

import hashlib
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from checker.__main__ import check
from checker.sources import Sources
from checker.tests.world import NAME, NUMBER, PAYMENT
from kit.ids import end_to_end_id


def red(report: dict[str, Any]) -> set[str]:
    """Names of the invariants that do not hold."""
    return {name for name, one in report["invariants"].items() if one is not None and not one["ok"]}


async def test_the_true_world_is_green_and_everything_was_looked_at(sources: Sources) -> None:
    report = await check(sources)
    assert red(report) == set(), {name: report["invariants"][name] for name in red(report)}
    assert report["ok"]
    assert all(one["checked"] > 0 for one in report["invariants"].values() if one is not None)
    assert report["invariants"]["I11"] is None
    assert (report["lost"], report["paid_twice"], report["open"]) == (0, 0, 3)
    assert report["counts"] == report["counts"] | {
        "applications": 5,
        "rejected": 1,
        "paid": 1,
        "paid_fen": 8000,
    }
    where = report["invariants"]["I1"]["detail"]
    assert where == where | {
        "paid": 1,
        "held": 1,
        "refused": 1,
        "later_set": 1,
        "listed_with_silent_township": 1,
    }


PLANTED = [
    ("deleted application", "I1", "I6 I7", "application", "DELETE FROM application WHERE application_id = 'a1'"),
    ("refused without reason", "I1", "", "application",
     "UPDATE application SET reasons = '[]' WHERE state = 'refused'"),
    ("line lost its desk", "I1", "I7", "orchestrator", "DELETE FROM work_item WHERE id = 'w-correct_lines'"),
    ("no due time", "I1", "", "orchestrator",
     "ALTER TABLE work_item ALTER due_at DROP NOT NULL; UPDATE work_item SET due_at = NULL "
     "WHERE node = 'correct_lines'"),
    ("line without a candidate", "I1", "", "batch", "DELETE FROM candidate WHERE application_id = 'a5'"),
    ("roster row forgotten", "I1", "", "batch", "UPDATE roster_row SET state = 'accepted'"),
    ("order above its approval", "I2", "I3 I5 I8", "payment",
     "UPDATE payment SET amount_fen = 9000; UPDATE payment_order SET total_fen = 9000; "
     "UPDATE order_slice SET total_fen = 9000"),
    ("payment left out of its order", "I2", "I8", "payment", "UPDATE payment_order SET total_fen = 16000"),
    ("spent above the budget", "I2", "", "payment", "UPDATE quota_grant SET amount_fen = 7999"),
    ("another identity", "I3", "", "payment", "UPDATE payment SET payment_id = gen_random_uuid()::text"),
    ("kind swapped", "I3", "", "payment", "UPDATE payment SET kind = 'back_pay'"),
    ("rejected yet credited", "I3", "I5", "payment", "UPDATE payment SET state = 'REJECTED'"),
    ("sequence gap", "I4", "", "application", "DELETE FROM outbox WHERE key = 'a1'"),
    ("applied twice", "I4", "", "orchestrator", "UPDATE inbox SET last = last + 1 WHERE key = 'a1'"),
    ("never applied", "I4", "", "orchestrator", "DELETE FROM inbox WHERE key = 'a2'"),
    ("slice asks for fewer signatures", "I8", "", "batch", "UPDATE slice SET signatures = '[]' WHERE slice_id = 'S3'"),
    ("slice without its instance", "I7", "", "orchestrator",
     "UPDATE instance SET process = 'review' WHERE id = 'i-S1'"),
    ("unbalanced posting", "I5", "", "payment", "UPDATE entry SET amount_fen = amount_fen + 1 "
     "WHERE posting_id = 'p-result' AND amount_fen > 0"),
    ("negative account", "I5", "", "payment",
     "ALTER TABLE account DROP CONSTRAINT no_negative_balance; DELETE FROM entry WHERE posting_id = 'p-grant'; "
     "DELETE FROM posting WHERE posting_id = 'p-grant'; UPDATE account SET balance_fen = -8000 WHERE kind = 'budget'; "
     "UPDATE account SET balance_fen = 0 WHERE kind = 'appropriation'"),
    ("balance edited", "I5", "", "payment", "UPDATE account SET balance_fen = balance_fen + 5 WHERE kind = 'budget'"),
    ("audit row edited", "I6", "", "batch", "UPDATE audit SET actor = 'somebody' WHERE seq = 2"),
    ("audit row deleted", "I6", "", "batch", "DELETE FROM audit WHERE seq = 3"),
    ("audit tail cut", "I6", "", "batch", "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)"),
    ("audit tail cut at payment", "I6", "", "payment", "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)"),
    ("audit emptied", "I6", "", "orchestrator", "DELETE FROM audit"),
    ("slice without instance", "I7", "", "orchestrator",
     "UPDATE instance SET business_key = 'other' WHERE business_key = 'S1'"),
    ("application without instance", "I7", "", "orchestrator", "DELETE FROM instance WHERE business_key = 'a2'"),
    ("ended too early", "I7", "", "orchestrator", "UPDATE instance SET status = 'ended' WHERE business_key = 'S3'"),
    ("wait without a producer", "I7", "", "batch", "UPDATE slice SET hand_command = NULL"),
    ("command never sent", "I7", "I4", "orchestrator", "DELETE FROM outbox WHERE id = 'cmd-hand'"),
    ("incident", "I7", "", "orchestrator", "UPDATE instance SET status = 'incident' WHERE business_key = 'S2'"),
    ("maker is checker", "I8", "", "orchestrator", "UPDATE work_item SET completed_by = 'county_reviewer@539901', "
     "role = 'county_reviewer' WHERE node = 'county_submit'"),
    ("reviewer of another town", "I8", "", "orchestrator",
     "UPDATE work_item SET completed_by = 'township_reviewer@539901102' WHERE node = 'township_review'"),
    ("wrong role", "I8", "", "orchestrator",
     "UPDATE work_item SET completed_by = 'county_handler@539901' WHERE node = 'finance_review'"),
    ("signed by the submitter", "I8", "", "batch", "UPDATE slice SET submitted_by = 'township_reviewer@539901101'"),
    ("signature of another", "I8", "", "batch", "UPDATE manifest SET actor = 'finance_reviewer@5399' "
     "WHERE subject = 'c1' AND node = 'finance_review'"),
    ("signature removed", "I8", "I6", "batch", "UPDATE manifest SET signature = NULL WHERE node = 'township_review'"),
    ("leaf exchanged", "I8", "", "batch", "UPDATE manifest_leaf SET leaf = md5('x') || md5('y') "
     "WHERE manifest_id = 'm-S1-finance_review'"),
    ("tampered line", "I8", "", "batch", "UPDATE line SET payee_id = 's-thief' WHERE line_id = 'l1'"),
    ("tampered amount", "I8", "", "batch", "UPDATE line SET amount_fen = 9999 WHERE line_id = 'l1'"),
    ("paid though excluded", "I8", "", "batch", "UPDATE exclusion SET line_id = 'l1'"),
    ("paid but not signed", "I8", "", "batch",
     "UPDATE manifest SET superseded_at = now() WHERE node = 'department_review' AND subject = 'S1'"),
    ("canary in jsonb", "I9", "", "application",
     f"UPDATE application SET form = '{{\"remark\": \"见{NAME}的户口本\"}}'"),
    ("canary in bytes", "I9", "I1 I4", "application", f"UPDATE outbox SET body = '{{\"x\": \"id{NUMBER}\"}}'::bytea "
     "WHERE key = 'a1'"),
    ("number in an allowed column", "I9", "", "publicity", f"UPDATE notice_row SET posted = '{NUMBER}'"),
    ("pending", "I10", "", "batch", "INSERT INTO pending VALUES (1)"),
    ("waiting for ever", "I10", "", "batch", "INSERT INTO waiting VALUES ('x', '{}', '', now())"),
    ("parked", "I10", "", "payment", "INSERT INTO parked (topic, partition, record_offset, reason, at) "
     "VALUES ('subsidy.batch.events', 0, 7, 'unreadable', now())"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "also", "room", "sql"), [one[1:] for one in PLANTED], ids=[one[0] for one in PLANTED]
)
async def test_a_planted_wrong_turns_its_invariant_red(
    sources: Sources, name: str, also: str, room: str, sql: str
) -> None:
    await sources.databases[room].execute(sql)
    report = await check(sources)
    assert name in red(report)
    assert red(report) <= {name, *also.split()}, report
    assert not report["ok"]
    assert (report["lost"] > 0) == (name == "I1" and "roster" not in sql), report["invariants"]["I1"]


async def test_a_county_import_needs_no_township(sources: Sources) -> None:
    """Route C: the slice's process is called `slice`, and nobody of the township signs."""
    await sources.databases["orchestrator"].execute(
        "UPDATE instance SET process = 'slice' WHERE process = 'township'; UPDATE work_item SET "
        "process = 'slice' WHERE process = 'township'; UPDATE project_version SET manifest = '{\"route\": \"C\"}'"
    )
    await sources.databases["batch"].execute(
        "UPDATE slice SET signatures = '[]'; UPDATE manifest SET superseded_at = now() WHERE node = 'township_review'"
    )
    report = await check(sources)
    assert red(report) == set(), {name: report["invariants"][name] for name in red(report)}


async def test_the_banks_own_book_tells_a_double_payment(sources: Sources, tmp_path: Path) -> None:
    book = tmp_path / "bank.sqlite"
    with closing(sqlite3.connect(sources.bank_book)) as real, closing(sqlite3.connect(book)) as copy, copy:
        real.backup(copy)
        again = (
            end_to_end_id(PAYMENT, 2),
            PAYMENT.replace("-", ""),
            "6217001234567890123",
            NAME,
            8000,
            "",
            "f2",
        )
        copy.execute("INSERT INTO credits VALUES (?, ?, ?, ?, ?, ?, ?)", again)
    kept, sources.bank_book = sources.bank_book, book
    report = await check(sources)
    sources.bank_book = kept
    assert red(report) == {"I3"}
    assert report["paid_twice"] == 1


async def test_a_credit_that_the_bank_lacks_is_noticed(sources: Sources, tmp_path: Path) -> None:
    kept, sources.bank_book = sources.bank_book, tmp_path / "none.sqlite"
    missing = await check(sources)
    with closing(sqlite3.connect(sources.bank_book)) as empty, empty:
        empty.execute("CREATE TABLE credits (end_to_end_id TEXT, payment_id TEXT, amount_fen INTEGER)")
    unpaid = await check(sources)
    sources.bank_book = kept
    assert red(missing) == red(unpaid) == {"I3"}


async def test_a_receipt_without_its_application_is_a_loss(sources: Sources) -> None:
    sources.journal.append({"kind": "application", "id": "a9"})
    report = await check(sources)
    assert red(report) == {"I1"}
    assert report["lost"] == 1


async def test_heads_kept_elsewhere_tell_a_cut_that_left_no_other_trace(sources: Sources) -> None:
    connection = sources.databases["registry"]
    await connection.execute("SET LOCAL session_replication_role = origin")
    from kit.audit import Entry, append

    await append(
        connection, Entry("county_handler@539901", "registry.reveal", "subject:s-a1", {"purpose": "review"})
    )
    sources.heads = (await check(sources))["heads"]
    assert sources.heads["registry"]["seq"] == 1
    assert not red(await check(sources))
    await connection.execute("SET LOCAL session_replication_role = replica; DELETE FROM audit")
    assert red(await check(sources)) == {"I6"}


async def test_parked_is_exactly_what_was_injected(sources: Sources) -> None:
    body = b"\xff poison"
    await sources.databases["batch"].execute(
        "INSERT INTO parked (topic, partition, record_offset, body, reason, at) "
        "VALUES ('subsidy.batch.commands', 0, 7, $1, 'unreadable', now())",
        body,
    )
    sources.injected = [{"topic": "subsidy.batch.commands", "sha256": hashlib.sha256(body).hexdigest()}]
    assert not red(await check(sources))
    sources.injected.append({"topic": "subsidy.batch.commands", "id": "another"})
    assert red(await check(sources)) == {"I10"}
    sources.injected = [{"room": "batch"}]
    assert not red(await check(sources))
    sources.injected = [{"room": "payment"}]
    assert red(await check(sources)) == {"I10"}


async def test_logs_topics_and_answers_are_read_too(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "answer.json").write_text(f'{{"payee": "{NAME}"}}', encoding="utf-8")
    sources.responses = tmp_path
    assert red(await check(sources)) == {"I9"}


async def test_without_canaries_nothing_is_vouched_for(sources: Sources) -> None:
    sources.canaries = []
    assert red(await check(sources)) == {"I9"}


def test_the_command_reports_and_its_status_tells(stack: dict[str, Any], tmp_path: Path) -> None:
    out, state = tmp_path / "report.json", tmp_path / "stack.json"
    state.write_text(json.dumps(stack))
    (tmp_path / "canaries.txt").write_text(f"{NAME}\n{NUMBER}\n", encoding="utf-8")
    (tmp_path / "journal.ndjson").write_text('{"kind": "application", "id": "a1"}\n{"kind": "appl')
    command = [sys.executable, "-m", "checker", "--stack", str(state), "--out", str(out)]
    command += ["--canaries", str(tmp_path / "canaries.txt"), "--heads", str(tmp_path / "heads.json")]
    good = subprocess.run(
        [*command, "--journal", str(tmp_path / "journal.ndjson")], capture_output=True, text=True
    )
    assert (good.returncode, good.stderr) == (0, "")
    assert json.loads(out.read_text())["ok"] is True
    assert json.loads((tmp_path / "heads.json").read_text())["batch"]["seq"] > 1
    (tmp_path / "journal.ndjson").write_text('{"kind": "application", "id": "a0"}\n')
    bad = subprocess.run(
        [*command, "--journal", str(tmp_path / "journal.ndjson")], capture_output=True, text=True
    )
    assert bad.returncode == 1
    assert json.loads(out.read_text())["invariants"]["I1"]["ok"] is False
    assert "a0" in bad.stderr
