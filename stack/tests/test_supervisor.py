"""Processes are started, watched, killed, restarted, and never outlive the command that started them."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from stack.paths import CHECKOUT, StackError, free_port
from stack.processes import alive
from stack.supervisor import Exit, Service, Supervisor, answers

MODULE = "stack.tests.tiny_service"


def tiny(name: str, *, forked: bool = True, **env: str) -> Service:
    port = free_port()
    return Service(
        name,
        module=MODULE if forked else "",
        argv=() if forked else (sys.executable, "-m", MODULE),
        env={"TINY_PORT": str(port), **env},
        health=f"http://127.0.0.1:{port}/health/ready",
    )


def said_pid(service: Service) -> int:
    with urllib.request.urlopen(service.health, timeout=5) as answer:  # noqa: S310 - our own http address
        return int(answer.read())


def child_of(log: Path) -> int:
    return int(next(line for line in log.read_text().splitlines() if line.startswith("child")).split()[1])


def gone(pid: int, limit: float = 10.0) -> bool:
    until = time.monotonic() + limit
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not alive(pid)


@pytest.mark.parametrize("forked", [True, False])
def test_services_start_in_groups_of_their_own_and_end_orderly(tmp_path: Path, forked: bool) -> None:
    services = [tiny(f"one-{number}", forked=forked) for number in range(3)]
    with Supervisor(tmp_path) as supervisor:
        for service in services:
            supervisor.start(service)
        supervisor.wait_ready([service.name for service in services])
        pids = [said_pid(service) for service in services]
        assert pids == [supervisor.pid(service.name) for service in services]
        assert [os.getpgid(pid) for pid in pids] == pids
        children = [child_of(supervisor.log(service.name)) for service in services]
    assert all(gone(pid) for pid in pids + children)
    assert all("goodbye" in supervisor.log(service.name).read_text() for service in services)


@pytest.mark.parametrize("forked", [True, False])
def test_a_killed_service_comes_back_at_its_address(tmp_path: Path, forked: bool) -> None:
    service = tiny("payment", forked=forked)
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(service)
        supervisor.wait_ready(["payment"])
        before, child = supervisor.pid("payment"), child_of(supervisor.log("payment"))
        supervisor.kill("payment")
        assert gone(before)
        assert gone(child)
        assert not answers(service.health)
        assert supervisor.check() == []
        supervisor.restart("payment")
        assert said_pid(service) == supervisor.pid("payment") != before


def test_an_unexpected_end_is_told_once(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(tiny("batch"))
        supervisor.wait_ready(["batch"])
        os.kill(supervisor.pid("batch"), signal.SIGKILL)
        ended = wait_for(supervisor.check)
        assert [(one.name, one.code) for one in ended] == [("batch", -signal.SIGKILL)]
        assert supervisor.check() == []


def test_an_ended_service_is_restarted_where_wanted(tmp_path: Path) -> None:
    with Supervisor(tmp_path, restart_ended=True) as supervisor:
        supervisor.start(tiny("batch"))
        supervisor.wait_ready(["batch"])
        before = supervisor.pid("batch")
        os.kill(before, signal.SIGKILL)
        assert wait_for(supervisor.check)
        supervisor.wait_ready(["batch"])
        assert supervisor.pid("batch") != before


def test_a_service_that_cannot_start_is_named_with_its_log(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(tiny("registry", TINY_FAILS="1"))
        with pytest.raises(StackError, match=r"(?s)registry.*no settings, no service"):
            supervisor.wait_ready(["registry"])


def test_a_service_that_never_answers_is_named(tmp_path: Path) -> None:
    service = Service("slow", argv=("sleep", "60"), health=f"http://127.0.0.1:{free_port()}/")
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(service)
        with pytest.raises(StackError, match="slow"):
            supervisor.wait_ready(["slow"], limit=0.3)


COMMAND = """
import sys, time
from pathlib import Path
from stack.supervisor import Service, Supervisor, ends_cleanly
logs, ports = Path(sys.argv[1]), sys.argv[2:]
with ends_cleanly(), Supervisor(logs) as supervisor:
    for kind, port in zip(("forked", "plain"), ports):
        supervisor.start(Service(kind, module="stack.tests.tiny_service" if kind == "forked" else "",
            argv=(sys.executable, "-m", "stack.tests.tiny_service"), env={"TINY_PORT": port},
            health=f"http://127.0.0.1:{port}/"))
    supervisor.wait_ready(["forked", "plain"])
    print(supervisor.pid("forked"), supervisor.pid("plain"), flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_command(tmp_path: Path, sig: signal.Signals) -> None:
    ports = [str(free_port()), str(free_port())]
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(tmp_path), *ports],
        cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        # A shell that put the tests in the background has made them ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    with command:
        assert command.stdout is not None
        pids = [int(pid) for pid in command.stdout.readline().split()]
        assert len(pids) == 2
        pids += [child_of(tmp_path / "forked.log"), child_of(tmp_path / "plain.log")]
        assert all(alive(pid) for pid in pids)
        command.send_signal(sig)
    assert [pid for pid in pids if not gone(pid)] == []
    orderly = "goodbye" in (tmp_path / "forked.log").read_text()
    assert orderly == (sig != signal.SIGKILL)


def wait_for(ask: Callable[[], list[Exit]], limit: float = 10.0) -> list[Exit]:
    until = time.monotonic() + limit
    while not (answer := ask()) and time.monotonic() < until:
        time.sleep(0.02)
    return answer
