"""Where the stack keeps its files, and free ports below the range that clients draw from."""

import os
import random
import socket
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
HOME = CHECKOUT / ".daohu"

# Below Linux's default ephemeral range (32768+), so that no outgoing connection can take the port
# between our choosing it and the server binding it.
_FIRST_PORT, _LAST_PORT = 20_000, 32_000
_given: set[int] = set()


class StackError(RuntimeError):
    """A part of the stack could not be brought up; the text says which and where its log is."""


def cache_dir() -> Path:
    """Downloaded artifacts and class archives; several checkouts may share one through DAOHU_CACHE."""
    path = Path(os.environ.get("DAOHU_CACHE") or HOME / "artifacts").resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def free_port() -> int:
    """A TCP port nobody listens on at 127.0.0.1, never handed out twice by this process."""
    chooser = random.SystemRandom()
    for _ in range(1000):
        port = chooser.randrange(_FIRST_PORT, _LAST_PORT)
        if port in _given:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise StackError("没有空闲端口 (no free port on 127.0.0.1)")
