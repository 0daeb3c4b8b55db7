"""The engines without a database: what loading, stepping and storing one event costs each."""

import time

from bench import approval
from engine.program import Program
from engine.tests.stock import Stored, complete, deliver, waits

STEPS = 6
"""Engine events of one case: start, two answers, two completions, a message (a claim never reaches the
engine)."""


def ours(program: Program, cases: int) -> float:
    """Microseconds of CPU for each event: load, step, drain, dump."""
    begun = time.process_time()
    for number in range(cases):
        case = program.start("c", approval.data(number))
        state = case.dump()
        while True:
            case = program.load("c", state)
            live = next((one for one in case.where() if one.kind != "timer"), None)
            if live is None:
                break
            if live.kind == "command":
                case.complete_command(live.task_id, "done", approval.answer(number))
            elif live.kind == "work_item":
                case.complete_user_task(live.task_id, approval.FORM)
            else:
                case.deliver_message(live.task_id, approval.MESSAGE)
            case.drain()
            state = case.dump()
        assert case.done
    return (time.process_time() - begun) / cases / STEPS * 1e6


def stock(cases: int) -> float:
    """The same for stock Spiff and its JSON."""
    stored = Stored(approval.BPMN)
    begun = time.process_time()
    for number in range(cases):
        workflow = stored.start(approval.data(number))
        state = stored.dump(workflow)
        while not workflow.completed:
            workflow = stored.load(state)
            kind, task, element = next(wait for wait in waits(workflow) if wait[2] != "late")
            if kind == "event":
                deliver(workflow, element, approval.MESSAGE)
            else:
                complete(workflow, task, approval.answer(number) if kind == "command" else approval.FORM)
            state = stored.dump(workflow)
    return (time.process_time() - begun) / cases / STEPS * 1e6
