"""`python -m stack.parked [ROOM [retry|drop NUMBER]]`: look at parked messages of the running system, and decide.

Everything goes through the rooms' own API with the operator's role, as an operator's program would do it.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from stack.paths import HOME
from stack.rooms import ROOMS

OPERATOR = "operator@5399"


def running_portal() -> str:
    """The address of the newest running system of this checkout. Raises ValueError when there is none."""
    states = sorted((HOME / "run").glob("*/stack.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for state in states:
        known = json.loads(state.read_text(encoding="utf-8"))
        if Path(f"/proc/{known['pid']}").exists():
            return str(known["urls"]["portal"])
    raise ValueError("没有正在运行的系统，请先 make up (nothing is running: `make up` first)")


def main(arguments: list[str]) -> int:
    """0 when it could be done; 1 with the reason otherwise."""
    parser = argparse.ArgumentParser(prog="python -m stack.parked", description=__doc__)
    parser.add_argument("room", nargs="?", choices=[room for room in ROOMS if room != "portal"])
    parser.add_argument("act", nargs="?", choices=["retry", "drop"])
    parser.add_argument("number", nargs="?", type=int)
    wanted = parser.parse_args(arguments)
    try:
        with httpx.Client(base_url=running_portal(), timeout=30, trust_env=False) as http:
            answer = http.post("/auth/dev/token", json={"username": OPERATOR}).raise_for_status().json()
            http.headers["authorization"] = f"Bearer {answer['access_token']}"
            if wanted.act:
                done = http.post(f"/api/{wanted.room}/v1/parked/{wanted.number}:{wanted.act}")
                print(done.text)
                return 0 if done.is_success else 1
            return _look(http, [wanted.room] if wanted.room else [room for room in ROOMS if room != "portal"])
    except (ValueError, httpx.HTTPError) as problem:
        print(f"失败 (failed): {problem}", file=sys.stderr)
        return 1


def _look(http: httpx.Client, rooms: list[str]) -> int:
    found = 0
    for room in rooms:
        for one in http.get(f"/api/{room}/v1/parked").raise_for_status().json()["parked"]:
            found += 1
            print(_line(room, one))
    print(f"{found} 条搁置消息 (parked messages)")
    return 0


def _line(room: str, one: Mapping[str, Any]) -> str:
    return f"{room:14} {one['number']:>6}  {one['at'][:19]}  {one['type'] or one['topic']}  {one['reason']}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
