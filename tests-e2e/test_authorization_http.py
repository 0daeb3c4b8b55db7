"""Authorization at the doors: every route of every room called by every role from everywhere, with real objects.

Refused means 401, 403 or 404 (or an answer that tells nothing of the place), and not one row is different.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import matrix
import pytest
import rulebook
from matrix import OF_ONES_OWN, OPEN_TO_ALL, Call, Seeded, told
from rulebook import Case

from kit.auth import Actor
from stack.rooms import ROOMS

RULES = rulebook.load(tuple(ROOMS))
REFUSED = frozenset({401, 403, 404})
FORM_FIRST = frozenset(
    {
        "POST /api/application/v1/applications",  # there is no object yet: a citizen's is always their own
        "POST /api/batch/v1/batches/{batch_id}/adjustments",  # the county's batch is every township's
        "POST /api/batch/v1/batches/{batch_id}/rosters",
        "POST /api/grievance/v1/complaints",
    }
)
"""Routes that look at the form before they know the object: they tell what is wrong with it, and nothing else."""
UNREACHED = frozenset(
    {
        "DELETE /api/supervision/v1/watches/{watch_id}",
        "GET /api/orchestrator/v1/projects/{version}/files",
        "GET /api/payment/v1/orders/{order_id}/file",
        "GET /api/publicity/v1/public/notices/{notice_id}/rows",
        "GET /api/registry/v1/changes/{change_id}/evidence",
        "GET /api/supervision/v1/timelines/cases/{case_id}",
        "POST /api/application/v1/applications",
        "POST /api/exchange/v1/public/subscriptions/webhooks",
        "POST /api/exchange/v1/public/subscriptions/webhooks/{subscription_id}/dead-letters/{position}:retry",
        "POST /api/grievance/v1/complaints",
        "POST /api/orchestrator/v1/projects",
        "POST /api/payment/v1/payments/{end_to_end_id}:propose",
        "POST /api/payment/v1/statements:upload",
        "POST /api/supervision/v1/orders/{order_id}:answer",
        "POST /api/supervision/v1/watches",
        "POST /api/verification/v1/exclusions",
        "POST /api/verification/v1/reference/{kind}",
        "POST /api/verification/v1/stops",
        "PUT /api/publicity/v1/notices/{notice_id}",
    }
)
"""Routes whose object can't be seeded by a single row: that the right caller is let in is shown by the room's suite."""


@pytest.fixture(params=ROOMS)
async def place(
    request: pytest.FixtureRequest,
    postgres_dsn_factory: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Seeded]:
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    monkeypatch.setenv("DAOHU_KEY_DIR", str(tmp_path))
    async with matrix.seeded(request.param, postgres_dsn_factory(), tmp_path) as found:
        yield found


def cells(call: Call, *verdicts: str) -> Iterator[tuple[Actor, Case, str]]:
    """Callers of a route, with what the table says of them; in states and four eyes the room's suite is stricter."""
    rule = RULES[call.operation]
    for actor, case in matrix.callers(rule, rule.at):
        verdict = rulebook.expected(rule, case)
        if verdict in verdicts and not (verdict == "hidden" and str(call) in OF_ONES_OWN):
            yield actor, case, verdict


async def test_who_is_refused_learns_and_changes_nothing(place: Seeded) -> None:
    asked, wrong = 0, []
    before = await place.fingerprint()
    for call in place.calls:
        for actor, case, verdict in cells(call, "forbidden", "hidden"):
            answer = await place.call(call, actor)
            asked += 1
            silent = answer.status_code < 300 and verdict == "hidden" and not told(call, answer)
            form = answer.status_code in (400, 422) and verdict == "hidden" and str(call) in FORM_FIRST
            if not (answer.status_code in REFUSED or silent or form):
                wrong.append(
                    (str(call), case.role or case.kind, actor.region, answer.status_code, answer.text[:90])
                )
        after = await place.fingerprint()
        if after != before:
            changed = [table for table in after if after[table] != before[table]]
            wrong.append((str(call), "changed", str(changed), 0, ""))
            before = after
    assert wrong == []
    assert asked > 50


async def test_lists_tell_nothing_of_other_places(place: Seeded) -> None:
    wrong = []
    for call in place.calls:
        if call.method != "GET" or RULES[call.operation].region != "none" or str(call) in OPEN_TO_ALL:
            continue
        for actor, case, _ in cells(call, "allowed"):
            foreign = case.relation in ("sibling", "other province") or (
                case.kind == "citizen" and not case.owns
            )
            if foreign and told(call, await place.call(call, actor)):
                wrong.append((str(call), case.role or case.kind, actor.region))
    assert wrong == []


async def test_the_right_caller_is_let_in(place: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise every refusal above could be an object that isn't there; what they do is taken back."""
    monkeypatch.setattr(place.harness.room.database, "tx", matrix.undone(place.harness.room.database))
    shut = set()
    for call in place.calls:
        if "/parked/" in call.path:
            continue  # no message is parked; tests-e2e/test_health.py tries and drops one
        answers = {
            (await place.call(call, actor)).status_code
            for actor, case, _ in cells(call, "allowed")
            if case.relation == "same"
        }
        if not answers - REFUSED - {422}:
            shut.add(str(call))
    assert shut == {str(call) for call in place.calls} & UNREACHED
