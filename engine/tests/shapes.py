"""Diagrams the oracle walks through: each kind of element at least once, loops and side branches included."""

from engine.tests.diagrams import (
    boundary,
    catch,
    chain,
    end,
    flow,
    gateway,
    message,
    named_message,
    service,
    start,
    timer,
    user,
)  # fmt: skip

MESSAGES = named_message("m1", "objection") + named_message("m2", "paid")
ERROR = '<bpmn:error id="e1" name="refused" errorCode="refused"/>'

APPROVAL = (
    start() + service("check") + user("claim") + gateway("exclusive", "ok", "ok_claim") + user("review")
    + boundary("late", "review", timer(), interrupting=False) + service("remind") + end("reminded")
    + service("pay") + catch("result", message("m2")) + end()
    + chain("s", "check", "claim", "ok") + flow("ok", "review", "claim = 1") + flow("ok", "claim")
    + chain("review", "pay", "result", "end") + chain("late", "remind", "reminded")
)  # fmt: skip

EVENTS = (
    start() + service("open") + gateway("eventBased", "wait") + catch("closed", timer("P7D"))
    + catch("objected", message("m1")) + user("settle") + gateway("exclusive", "merge") + user("confirm")
    + gateway("exclusive", "again", "again_end") + end()
    + chain("s", "open", "wait") + flow("wait", "closed") + flow("wait", "objected")
    + chain("objected", "settle", "merge")
    + flow("closed", "merge") + chain("merge", "confirm", "again") + flow("again", "open", "confirm = 2")
    + flow("again", "end")
)  # fmt: skip

PARALLEL = (
    start() + gateway("parallel", "fork") + service("a") + user("b") + service("c")
    + gateway("parallel", "join")
    + user("d") + gateway("exclusive", "more", "more_end") + end()
    + flow("s", "fork") + flow("fork", "a") + flow("fork", "b") + flow("fork", "c") + flow("a", "join")
    + flow("b", "join")
    + flow("c", "join") + chain("join", "d", "more") + flow("more", "end")
)  # fmt: skip

INTERRUPT = (
    start() + user("long") + boundary("stop", "long", timer("P1D"))
    + boundary("nag", "long", message("m1"), False)
    + service("nagged") + end("nag_end") + service("escalate") + gateway("exclusive", "merge")
    + user("final") + end()
    + chain("s", "long", "merge", "final", "end") + chain("stop", "escalate", "merge")
    + chain("nag", "nagged", "nag_end")
)  # fmt: skip

SUB = (
    start() + '<bpmn:subProcess id="sub">' + start("s2") + service("inner") + user("desk")
    + gateway("exclusive", "good", "good_fine") + end("fine")
    + end("bad", '<bpmn:errorEventDefinition errorRef="e1"/>')
    + chain("s2", "inner", "desk", "good") + flow("good", "bad", "desk = 2") + flow("good", "fine")
    + "</bpmn:subProcess>"
    + boundary("refused", "sub", '<bpmn:errorEventDefinition errorRef="e1"/>') + user("explain")
    + user("after")
    + gateway("exclusive", "merge") + end()
    + chain("s", "sub", "after", "merge", "end") + chain("refused", "explain", "merge")
)  # fmt: skip

INCLUSIVE = (
    start() + user("ask") + gateway("inclusive", "fork", "fork_c") + user("a") + user("b") + user("c")
    + gateway("inclusive", "join") + user("d") + end()
    + chain("s", "ask", "fork") + flow("fork", "a", "ask > 0") + flow("fork", "b", "ask > 1")
    + flow("fork", "c")
    + flow("a", "join") + flow("b", "join") + flow("c", "join") + chain("join", "d", "end")
)  # fmt: skip

SHAPES = {
    "approval": APPROVAL,
    "events": EVENTS,
    "parallel": PARALLEL,
    "interrupt": INTERRUPT,
    "sub": SUB,
    "inclusive": INCLUSIVE,
}
EXTRA = MESSAGES + ERROR
