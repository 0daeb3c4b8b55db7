"""Authorization at the doors: every route of every room called by every role from everywhere, with real objects.

Refused means 401, 403 or 404 (or an answer that tells nothing of the place), and not one row is different.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import matrix
import pytest
import rulebook
import seeding
from matrix import Call, Seeded
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
OF_ONES_OWN = frozenset(
    {"POST /api/verification/v1/reference/{kind}", "POST /api/verification/v1/exclusions"}
)
"""Routes whose object is always of the caller's own region, which the request doesn't name."""
OPEN_TO_ALL = frozenset({"GET /api/orchestrator/v1/projects"})
"""Reading routes whose answer is the same for every region: projects, terms, what is published."""


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


def told(call: Call, answer: httpx.Response) -> bool:
    """Whether a good answer holds anything of the place that the caller didn't name in the request."""
    sent = set(re.findall(rf"{seeding.MARK}\w+", str(call.request)))
    return answer.status_code < 400 and bool(set(re.findall(rf"{seeding.MARK}\w+", answer.text)) - sent)


def cells(call: Call, *verdicts: str) -> Iterator[tuple[Actor, Case, str]]:
    """Callers of a route, with what the table says of them; in states and four eyes the room's suite is stricter."""
    rule = RULES[call.operation]
    for actor, case in matrix.callers(rule, rule.at):
        verdict = rulebook.expected(rule, case)
        if verdict in verdicts and not (verdict == "hidden" and str(call) in OF_ONES_OWN):
            yield actor, case, verdict


async def test_who_is_refused_learns_and_changes_nothing(
    place: Seeded, record_property: Callable[[str, object], None]
) -> None:
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
    record_property("cells", asked)
    assert wrong == []


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
