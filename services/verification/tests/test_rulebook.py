"""The project's own table, fact by fact, and what happens when it can't be used."""

import pytest

from services.verification.domain.periods import days_of, span_of
from services.verification.domain.references import read_day
from services.verification.domain.rulebook import FACTS, Rulebook, verdict
from services.verification.tests.world import deployed

GOOD = {
    "category": "destitute", "person_known": True, "period_known": True, "age": 70, "gender": "male",
    "death": "none", "duplicate": False, "exclusive_subsidy": False, "membership": "claimed",
    "household": "inside", "fiscal_payroll": False, "prisoner": False, "payee_death": "none",
    "member_death": "none", "members": 0,
    "higher_subsidy": False, "company": False, "vehicle": False, "property": False, "village_cadre": False,
    "shared_payee": 1, "survey": "none", "quantity": 1, "amount_fen": 0, "unit_fen": 0, "stop_list": False,
}  # fmt: skip


def judged(
    stage: str = "alert_verification", parameter: str = "pay", **facts: object
) -> list[tuple[str, str]]:
    message = deployed(death_within_period=parameter)
    book = Rulebook.read(message.manifest, message.rules)
    values = GOOD | facts
    return [(one.rule, one.effect) for one in book.judge(stage, tuple(values[name] for name in FACTS[1:]))]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"age": 60}, []),
        ({"age": 59}, [("R03", "block")]),
        ({"death": "after"}, []),
        ({"death": "within", "parameter": "stop"}, [("R04", "block")]),
        ({"death": "within"}, [("R04", "warn")]),
        ({"membership": "other"}, [("R07", "block")]),
        ({"membership": "unknown"}, [("R07", "hold")]),
        ({"household": "unknown"}, []),
        ({"fiscal_payroll": True, "prisoner": True}, [("R09", "warn"), ("R10", "block")]),
        ({"person_known": False, "age": None}, [("R01", "block")]),
        ({"period_known": False, "age": None}, [("R00", "hold")]),
        ({"death": "nobody knows"}, [("R00", "hold")]),
        ({"death": "within", "parameter": "perhaps"}, [("R00", "hold")]),
        ({"stage": "before_file", "age": 20, "duplicate": True}, [("R05", "block")]),
        ({"stage": "before_file", "person_known": False}, [("R01", "block")]),
        ({"stage": "before_file", "stop_list": True}, [("S01", "block")]),
        ({"quantity": 7, "amount_fen": 5000, "shared_payee": 9}, []),
    ],
)
def test_table(facts: dict[str, object], expected: list[tuple[str, str]]) -> None:
    assert judged(**facts) == expected  # type: ignore[arg-type]  # facts of mixed types by name


def test_equal_facts_are_evaluated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    message = deployed()
    book = Rulebook.read(message.manifest, message.rules)
    calls: list[str] = []
    evaluate = Rulebook._evaluate

    def counted(self: Rulebook, stage: str, facts: dict[str, object]) -> object:
        calls.append(stage)
        return evaluate(self, stage, facts)

    monkeypatch.setattr(Rulebook, "_evaluate", counted)
    for number in range(1000):
        for age in (59, 60):
            book.judge(
                "application", tuple((GOOD | {"age": age, "amount_fen": number})[name] for name in FACTS[1:])
            )
    assert len(calls) == 2


def test_a_parameter_the_table_asks_for_must_be_there() -> None:
    message = deployed()
    del message.manifest["rules"]["parameters"]["death_within_period"]
    book = Rulebook.read(message.manifest, message.rules)
    rulings = book.judge("application", tuple(GOOD[name] for name in FACTS[1:]))
    assert verdict(rulings) == "hold"


def test_periods_and_days() -> None:
    assert [str(day) for day in days_of("2023Q2") or ()] == ["2023-04-01", "2023-06-30"]
    assert [str(day) for day in days_of("2024") or ()] == ["2024-01-01", "2024-12-31"]
    assert [str(day) for day in span_of("202402", "month_end") or ()] == [
        "2024-02-01",
        "2024-02-29",
        "2024-02-29",
    ]
    assert [days_of("202313"), days_of("2023-05"), span_of("", "period_start")] == [None, None, None]
    assert {str(read_day(text)) for text in ("2023-05-01", "2023/5/1", "20230501", "2023年5月1日")} == {
        "2023-05-01"
    }
    assert read_day("2023-02-30") is read_day("") is None
