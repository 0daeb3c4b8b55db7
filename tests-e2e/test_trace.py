"""One trace from the citizen's request to the result of the check, through HTTP, outbox, Kafka and engine."""

from typing import Any

from living import PROJECT, Living, person, until
from receiver import Span, SpanReceiver

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CLIENT = "00f067aa0ba902b7"
FINAL = {"listed", "refused", "enrolled"}


async def test_one_trace_from_the_request_to_the_result(living: Living, spans: SpanReceiver) -> None:
    one = person(701)
    who = await living.citizen(one["id_no"], one["name"])
    header = {"traceparent": f"00-{TRACE}-{CLIENT}-01"}
    answer = await living.apply(who, one, headers=header)
    assert answer.status_code == 201, answer.text
    assert answer.headers["x-trace-id"] == TRACE
    application = answer.json()["application_id"]

    async def settled() -> str | None:
        found = await living.ok(who, "GET", f"/api/application/v1/applications/{application}")
        assert found["project"] == PROJECT
        return found["state"] if found["state"] in FINAL else None

    await until("the application is decided", settled)

    async def exported() -> dict[str, Span] | None:
        found = spans.of(TRACE)
        ends = [one for one in found.values() if one.room == "application" and _is_end(one)]
        return found if ends else None

    found = await until("the last span has arrived", exported, 20)
    listed = next(one for one in found.values() if one.room == "application" and _is_end(one))
    chain = _chain(found, listed)
    told = [(one.room, one.name) for one in chain]
    print(*(f"{room:<14}{name}" for room, name in told), sep="\n")

    # From the citizen's request down to the command that lists the application, without a hole.
    assert chain[0].parent == CLIENT
    _in_order(
        told,
        [
            ("portal", "POST daohu portal"),
            ("application", "POST daohu application"),
            ("orchestrator", "subsidy.application.application_submitted.v1"),
            ("orchestrator", "step intake"),
            ("verification", "subsidy.verification.check_eligibility.v1"),
            ("verification", "answer"),
            ("orchestrator", "step intake"),
            ("application", listed.name),
        ],
    )
    assert {one.room for one in found.values()} >= {
        "portal",
        "application",
        "registry",
        "orchestrator",
        "verification",
    }
    assert any(one.name.startswith("publish ") for one in found.values()), "the relay's spans are missing"
    # Every span hangs on another one of the trace, or on the client's.
    loose = [one for one in found.values() if one.parent not in found and one.parent != CLIENT]
    assert not loose

    rows = await living.fetch("verification", "SELECT count(*) AS kept FROM command_trace")
    assert rows[0]["kept"] == 0, "an answered command needs no trace any more"


async def test_traces_are_kept_apart(living: Living, spans: SpanReceiver) -> None:
    """Two people at once: the engine handles their messages together, each in its own trace."""
    applications: dict[str, str] = {}
    for number in (1, 2):
        one = person(710 + number)
        who = await living.citizen(one["id_no"], one["name"])
        trace = f"{number:032x}"
        header = {"traceparent": f"00-{trace}-{CLIENT}-01"}
        answer = await living.apply(who, one, headers=header)
        assert answer.status_code == 201, answer.text
        applications[answer.json()["application_id"]] = trace
    for application, trace in applications.items():

        async def answered(application: str = application) -> list[Any]:
            return await living.fetch(
                "verification",
                "SELECT traceparent FROM outbox WHERE key = $1 AND type LIKE '%.eligibility_%'",
                application,
            )

        (row,) = await until("the check has answered", answered)
        assert row["traceparent"].split("-")[1] == trace


def _is_end(span: Span) -> bool:
    return span.name in (
        "subsidy.application.list_application.v1",
        "subsidy.application.refuse_application.v1",
    )


def _chain(found: dict[str, Span], last: Span) -> list[Span]:
    chain = [last]
    while chain[0].parent in found:
        chain.insert(0, found[chain[0].parent])
    return chain


def _in_order(told: list[tuple[str, str]], wanted: list[tuple[str, str]]) -> None:
    rest = iter(told)
    for one in wanted:
        assert one in rest, f"{one} is missing, or not in its place, in {told}"
