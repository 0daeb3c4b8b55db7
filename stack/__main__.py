"""`python -m stack up` runs the system until it is told to stop; `prepare` fetches what that needs."""

import argparse
import fcntl
import sys
import threading
from pathlib import Path

import httpx

from stack import kafka
from stack.paths import HOME, StackError
from stack.rooms import Stack
from stack.supervisor import ends_cleanly


def say(text: str) -> None:
    """Progress goes to stderr: stdout belongs to results."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Exit 0 when ended by Ctrl-C after a good start, 1 with the reason otherwise."""
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    parser.add_argument("command", choices=["up", "prepare"])
    parser.add_argument("--data", type=Path, default=HOME / "data", help="lasting data (default .daohu/data)")
    parser.add_argument("--port", type=int, default=0, help="the portal's port (default: a free one)")
    arguments = parser.parse_args()
    try:
        return prepare() if arguments.command == "prepare" else up(arguments.data, arguments.port)
    except StackError as problem:
        say(f"失败 (failed): {problem}")
        return 1


def prepare() -> int:
    """Fetch Kafka's jars and record its class archive; where that fails the wheel broker will do."""
    lacking = kafka.available(say)
    if lacking is not None:
        say(f"注意：Apache Kafka 不可用，将用轮子消息服务 (the wheel broker will be used): {lacking}")
    return 0


def up(data: Path, port: int) -> int:
    """Start everything, print addresses, stay until Ctrl-C or SIGTERM."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "in-use.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"{data} 正在使用 (already in use by another `make up`)") from None
        try:
            with ends_cleanly(), Stack(data_dir=data, portal_port=port, say=say, restart_ended=True) as stack:
                print_addresses(stack)
                while True:
                    threading.Event().wait(0.5)
                    for ended in stack.check():
                        say(f"{ended.name} 意外退出，已重启 (ended with {ended.code}, restarted)")
                        say(ended.log_tail)
        except KeyboardInterrupt:
            say("已停止 (stopped); 数据保留 (data kept): " + str(data))
            return 0


def print_addresses(stack: Stack) -> None:
    """Where everything is, and how to sign in."""
    for name, url in stack.urls.items():
        print(f"  {name:14} {url}", flush=True)
    print(f"  {'PostgreSQL':14} {stack.postgres.dsn}\n  {'Kafka':14} {stack.broker.bootstrap}", flush=True)
    print(f"  {'logs':14} {stack.log_dir}", flush=True)
    logins = httpx.get(stack.urls["portal"] + "/auth/dev/logins", timeout=10, trust_env=False).json()
    print('演示账号 (demo logins): POST /auth/dev/token {"username": …}', flush=True)
    shown: set[str] = set()
    for one in logins:
        if one["role"] not in shown:
            shown.add(one["role"])
            print(f"  {one['username']:32} {one['role']} · {one['region']}", flush=True)
    print(f"  … 共 {len(logins)} 个，见门户首页 (all of them: the portal's page)", flush=True)
    print(
        "部署项目 (deploy a project): make deploy-project DIR=bpmn/projects/elderly-service-subsidy",
        flush=True,
    )
    print("Ctrl-C 停止 (stops everything)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
