"""A small, whole and true world for the checker: ten databases by the real migrations, a bank's book, keys.

Built with the real kit and contracts, so that what the checker recomputes is compared with what the rooms write.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, Final

from checker.sources import Sources
from contracts.application import ApplicationSubmitted, OfflineRecorded, OfflineResult
from contracts.manifest import leaf, root, set_root
from contracts.orchestrator import CompleteWorkItem, InstanceStarted
from kit.db import Database, Tx, migrate
from kit.ids import end_to_end_id, payment_id
from kit.service import migration_sources
from kit.signing import Signer
from simulators.bank.book import open_book

ROOMS: Final = (
    "registry", "application", "batch", "verification", "card_matching", "publicity", "grievance", "payment",
    "orchestrator", "portal",
)  # fmt: skip
PROJECT, PERIOD, COUNTY, TOWN, SILENT = "11810", "202305", "539901", "539901101", "539901102"
VILLAGE, NAME, NUMBER = "539901101201", "欧阳试纸", "539901194501010021"
PAYMENT = payment_id("s-a1", PROJECT, PERIOD, "normal", 1)
AMOUNT = 8000

HANDLER, REVIEWER = f"township_handler@{TOWN}", f"township_reviewer@{TOWN}"
COUNTY_HANDLER, COUNTY_REVIEWER = f"county_handler@{COUNTY}", f"county_reviewer@{COUNTY}"
FINANCE, PAYER = f"finance_reviewer@{COUNTY}", f"finance_payer@{COUNTY}"


async def build(dsns: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """Fill everything; returns what `stack.json` would say."""
    databases = {room: Database(dsn, pool_size=1) for room, dsn in dsns.items()}
    for room, database in databases.items():
        await database.open()
        await migrate(database, migration_sources(f"services.{room}"))
    try:
        for room, fill in FILLS.items():
            async with databases[room].tx() as tx:
                await fill(tx, folder)
        await _delivered(databases)
    finally:
        for database in databases.values():
            await database.close()
    open_book(folder / "bank").close()
    with closing(sqlite3.connect(folder / "bank" / "bank.sqlite")) as book, book:
        credit = (
            end_to_end_id(PAYMENT, 1),
            PAYMENT.replace("-", ""),
            "6217001234567890123",
            NAME,
            AMOUNT,
            "",
            "f1",
        )
        book.execute("INSERT INTO credits VALUES (?, ?, ?, ?, ?, ?, ?)", credit)
    return {
        "dsns": dict(dsns), "data_dir": str(folder), "key_dir": str(folder / "keys"),
        "bank_book": str(folder / "bank" / "bank.sqlite"),
    }  # fmt: skip


async def _delivered(databases: Mapping[str, Database]) -> None:
    """Everything was published, and the orchestrator, who listens to all, has applied it."""
    for sender, database in databases.items():
        async with database.tx() as tx:
            await tx.execute("DELETE FROM pending")
            sent = await tx.fetch("SELECT topic, key, last FROM outbox_key")
        async with databases["orchestrator"].tx() as tx:
            for row in sent:
                await tx.execute("INSERT INTO inbox VALUES ($1, $2, $3, $4)", sender, *row.values())


async def _insert(tx: Tx, table: str, **values: Any) -> None:
    names, marks = ", ".join(values), ", ".join(f"${number}" for number in range(1, len(values) + 1))
    await tx.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", *values.values())


async def _application(tx: Tx, _: Path) -> None:
    """a1 paid, a2 held, a3 refused, a4 imported by a silent township, a5 with a slice for a later set."""
    for number in (1, 2, 3, 4, 5):
        name, imported = f"a{number}", number == 4
        await _insert(
            tx, "application", application_id=name, receipt=f"R{number}", project=PROJECT, county=COUNTY,
            township=SILENT if imported else TOWN, subject_id=f"s-{name}", category="destitute",
            channel="offline" if imported else "helper", form={}, state="refused" if number == 3 else "listed",
            live=number != 3, reasons=["R03"] if number == 3 else [], submitted_by="helper",
            submitted_on=date(2023, 5, 1), at=tx.wall,
            roster_id="r1" if imported else None, row_id="row-1" if imported else None,
        )  # fmt: skip
        if imported:
            result = OfflineResult(row_id="row-1", application_id=name)
            tx.emit(OfflineRecorded(roster_id="r1", index=0, count=1, results=[result]))
        else:
            submitted = ApplicationSubmitted(
                application_id=name, subject_id=f"s-{name}", project=PROJECT, township=TOWN, category="destitute",
                channel="helper", submitted_on="2023-05-01",
            )  # fmt: skip
            tx.emit(submitted)
            tx.audit("application.submit", f"application:{name}", "helper")


async def _line(tx: Tx, number: int, slice_id: str, state: str, fen: int | None = None) -> dict[str, Any]:
    values = {
        "line_id": f"l{number}", "slice_id": slice_id, "batch_id": "b1", "project": PROJECT, "period": PERIOD,
        "county": COUNTY, "township": TOWN, "category": "destitute", "application_id": f"a{number}",
        "subject_id": f"s-a{number}", "payee_id": f"s-a{number}", "village": VILLAGE, "state": state,
        "reason": "R04" if state == "held" else None, "rev": 1, "kind": "normal", "installment": 1,
        "entitlement_period": PERIOD, "quantity": "1", "amount_fen": fen,
    }  # fmt: skip
    await _insert(tx, "line", **values)
    return values


async def _batch(tx: Tx, folder: Path) -> None:
    await _insert(tx, "batch", batch_id="b1", project=PROJECT, period=PERIOD, county=COUNTY,
                  opened_by=COUNTY_HANDLER, opened_at=tx.now)  # fmt: skip
    tx.audit("batch.open_batch", "batch:b1", COUNTY_HANDLER)
    await _insert(tx, "roster", roster_id="r1", batch_id="b1", project=PROJECT, county=COUNTY, township=SILENT,
                  sha256="", accepted=1, rejected=0, uploaded_by="x", uploaded_at=tx.now)  # fmt: skip
    await _insert(tx, "roster_row", roster_id="r1", number=3, row_id="row-1", subject_id="s-a4", state="listed",
                  reasons=[], application_id="a4")  # fmt: skip
    tx.audit("batch.upload_roster", "roster:r1", "x")
    await _insert(tx, "settlement_set", set_id="c1", batch_id="b1", project=PROJECT, period=PERIOD, county=COUNTY,
                  state="closed", order_id="o1", opened_by=COUNTY_HANDLER, opened_at=tx.now)  # fmt: skip
    tx.audit("batch.open_set", "set:c1", COUNTY_HANDLER)
    slices = (("S1", "first", "settled", "c1", None), ("S2", "supplement", "township", None, None),
              ("S3", "first", "arrived", None, "cmd-hand"))  # fmt: skip
    for number, (slice_id, kind, state, set_id, hand) in enumerate(slices, 1):
        await _insert(
            tx, "slice", slice_id=slice_id, batch_id="b1", project=PROJECT, period=PERIOD, county=COUNTY, township=TOWN,
            category="destitute", number=number, kind=kind, state=state, revision=4, exclusions=int(slice_id == "S1"),
            set_id=set_id, hand_command=hand, submitted_by=HANDLER, submitted_at=tx.now,
        )  # fmt: skip
        if kind == "first":
            tx.audit("batch.submit_slice", f"slice:{slice_id}", HANDLER)
    for number, slice_id in ((1, "S1"), (2, "S2"), (5, "S3"), (4, "")):
        await _insert(tx, "candidate", application_id=f"a{number}", project=PROJECT, county=COUNTY,
                      township=TOWN if slice_id else SILENT, subject_id=f"s-a{number}", category="destitute",
                      channel="helper", state="submitted" if slice_id else "open",
                      line_id=f"l{number}" if slice_id else None, listed_at=tx.now)  # fmt: skip
    paid = await _line(tx, 1, "S1", "paid", AMOUNT)
    await _line(tx, 2, "S2", "held")
    await _line(tx, 5, "S3", "normal")
    await _insert(tx, "exclusion", slice_id="S1", seq=1, line_id="l2", reason="R04", actor="room:batch",
                  ends_enrolment=False, moved_to="S2", at=tx.now)  # fmt: skip
    signer = Signer(folder / "keys")
    await _sign(tx, signer, "S1", "township_review", REVIEWER, paid | {"amount_fen": None})
    for node, actor in (("department_review", COUNTY_REVIEWER), ("finance_review", FINANCE)):
        await _sign(tx, signer, "S1", node, actor, paid, set_id="c1")


async def _sign(
    tx: Tx,
    signer: Signer,
    subject: str,
    node: str,
    actor: str,
    line: dict[str, Any],
    set_id: str | None = None,
) -> None:
    one = root([leaf(line)])
    for name, top in ((subject, one), *([(set_id, set_root({subject: one}))] if set_id else [])):
        whole = name == (set_id or subject)
        facts = {
            "subject": name, "node": node, "revision": None if name == set_id else 4, "root": top,
            "count": 1, "total_fen": line["amount_fen"], "actor": actor, "work_item_id": f"w-{node}",
        }  # fmt: skip
        signature = signer.sign(facts | {"at": tx.wall.isoformat()}) if whole else None
        await _insert(
            tx, "manifest", manifest_id=f"m-{name}-{node}", lines=facts.pop("count"), set_id=set_id, exclusions=1,
            signed_at=tx.wall, signature=signature, key_id=signer.key_id if whole else None, **facts,
        )  # fmt: skip
        if name == subject:
            await _insert(tx, "manifest_leaf", manifest_id=f"m-{name}-{node}", line_id=line["line_id"],
                          leaf=leaf(line), amount_fen=line["amount_fen"])  # fmt: skip
        if whole:
            tx.audit("batch.sign", f"manifest:{name}", actor, node=node)


async def _publicity(tx: Tx, _: Path) -> None:
    await _insert(tx, "slice", slice_id="S1", project=PROJECT, period=PERIOD, county=COUNTY, township=TOWN,
                  category="destitute")  # fmt: skip
    await _insert(
        tx, "notice", notice_id="n1", command_id="cmd-publish", slice_id="S1", revision=3, project=PROJECT,
        period=PERIOD, county=COUNTY, township=TOWN, round=1, with_amounts=False, state="confirmed", title="公示",
        starts_on=date(2023, 5, 2), ends_on=date(2023, 5, 9), created_at=tx.now, published_at=tx.now,
        confirmed_at=tx.now, confirmed_by=HANDLER, published_lines=1,
    )  # fmt: skip
    await _insert(tx, "notice_row", notice_id="n1", seq=1, line_id="l1", subject_id="s-a1", rev=1, village=VILLAGE,
                  quantity="1", masked="欧**", posted=NAME)  # fmt: skip
    tx.audit("publicity.publish", "notice:n1", HANDLER)
    tx.audit("publicity.confirm", "notice:n1", HANDLER)


async def _payment(tx: Tx, _: Path) -> None:
    await _insert(tx, "quota", quota_id="q1", project=PROJECT, county=COUNTY, year=2023)
    await _insert(tx, "quota_grant", quota_id="q1", document_no="1", amount_fen=100_000, granted_by=FINANCE,
                  granted_at=tx.now)  # fmt: skip
    tx.audit("payment.grant_quota", "quota:q1", FINANCE)
    for kind in ("appropriation", "budget", "committed", "in_transit", "paid"):
        await _insert(tx, "account", account_id=kind, project=PROJECT, county=COUNTY, year=2023, kind=kind)
    way = (("grant", "appropriation", "budget", 100_000), ("order", "budget", "committed", AMOUNT),
           ("send", "committed", "in_transit", AMOUNT), ("result", "in_transit", "paid", AMOUNT))  # fmt: skip
    for kind, source, target, fen in way:
        await _insert(tx, "posting", posting_id=f"p-{kind}", kind=kind, project=PROJECT, county=COUNTY, year=2023,
                      memo=kind, actor=PAYER, business_day=date(2023, 5, 20), at=tx.now)  # fmt: skip
        await tx.execute(
            "INSERT INTO entry VALUES ($1, $2, $3), ($1, $4, -$3)", f"p-{kind}", target, fen, source
        )
    await _insert(
        tx, "payment_order", order_id="o1", set_id="c1", project=PROJECT, county=COUNTY, period=PERIOD, year=2023,
        state="settled", lines=1, total_fen=AMOUNT, withheld=0, command_id="cmd-issue", work_item_id="w-pay",
        actor=PAYER, issued_at=tx.now, settled_at=tx.now,
    )  # fmt: skip
    tx.audit("payment.issue_order", "order:o1", PAYER)
    await _insert(tx, "order_slice", order_id="o1", slice_id="S1", revision=4, root="", exclusions=1, township=TOWN,
                  category="destitute", lines=1, total_fen=AMOUNT)  # fmt: skip
    await _insert(
        tx, "payment", payment_id=PAYMENT, attempt=1, line_id="l1", slice_id="S1", set_id="c1", order_id="o1",
        file_id="f1", seq=1, project=PROJECT, county=COUNTY, township=TOWN, village=VILLAGE, subject_id="s-a1",
        payee_id="s-a1", entitlement_period=PERIOD, kind="normal", installment=1, amount_fen=AMOUNT,
        state="COMMITTED", committed_posting="p-order",
    )  # fmt: skip
    for state in ("SUBMITTED", "ACCEPTED", "PAID"):
        await tx.execute("UPDATE payment SET state = $1", state)


async def _orchestrator(tx: Tx, _: Path) -> None:
    await _insert(tx, "project_version", version="v1", project=PROJECT, number=1, files={}, manifest={},
                  deployed_at=tx.now, deployed_by="operator@5399")  # fmt: skip
    tx.audit("project.deploy", f"project/{PROJECT}", "operator@5399")
    instances = [*(("intake", f"a{number}", "ended") for number in (1, 2, 3, 5)), ("township", "S1", "ended"),
                 ("township", "S2", "running"), ("township", "S3", "running"), ("county", "c1", "ended")]  # fmt: skip
    for process, key, status in instances:
        await _insert(tx, "instance", id=f"i-{key}", business_key=key, project=PROJECT, version="v1", process=process,
                      status=status, county=COUNTY, township=TOWN, rev=1, state=b"", started_at=tx.now)  # fmt: skip
    started = InstanceStarted(
        business_key="S3", instance_id="i-S3", project=PROJECT, process="township", version="v1"
    )
    tx.emit(started, id="cmd-hand")
    await _insert(tx, "command_wait", command_id="cmd-hand", instance_id="i-S3", task_id=9, element="hand_to_county",
                  operator="batch.hand_to_county", since=tx.now)  # fmt: skip
    for key, node, role, region, kind, actor in (
        ("S1", "township_confirm", "township_handler", TOWN, "act", HANDLER),
        ("S1", "township_review", "township_reviewer", TOWN, "act", REVIEWER),
        ("c1", "county_submit", "county_handler", COUNTY, "act", COUNTY_HANDLER),
        ("c1", "department_review", "county_reviewer", COUNTY, "act", COUNTY_REVIEWER),
        ("c1", "finance_review", "finance_reviewer", COUNTY, "act", FINANCE),
        ("c1", "payment_request", "finance_payer", COUNTY, "act", PAYER),
        ("S2", "correct_lines", "township_handler", TOWN, "act", None),
        ("S3", "hand_to_county", "county_handler", COUNTY, "await", None),
    ):
        await _insert(
            tx, "work_item", id=f"w-{node}", instance_id=f"i-{key}", task_id=1, business_key=key, project=PROJECT,
            process="x", node=node, name=node, kind=kind, role=role, region=region, decisions=["approve"], others=[],
            state="done" if actor else "open", opened_at=tx.now, due_at=tx.now, completed_by=actor,
        )  # fmt: skip
        if actor:
            tx.emit(CompleteWorkItem(business_key=key, instance_id=f"i-{key}", work_item_id=f"w-{node}", actor=actor,
                                     decision="approve"))  # fmt: skip
            tx.audit("work_item.complete", f"work_item/w-{node}", actor)


FILLS: Final = {
    "application": _application,
    "batch": _batch,
    "publicity": _publicity,
    "payment": _payment,
    "orchestrator": _orchestrator,
}


def planted(sources: Sources) -> None:
    """What the demo hands over beside the databases."""
    sources.canaries = [NAME, NUMBER]
    sources.journal = [{"kind": "application", "id": "a1"}, {"kind": "roster", "id": "r1"}]
