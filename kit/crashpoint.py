"""Named places where a process may be made to die at once, so that a sweep can try each of them.

`DAOHU_CRASH=name:k` kills this process with SIGKILL on the k-th visit of `name`; otherwise a visit costs one
dictionary look-up. Nothing here runs in production unless that variable is set.
"""

import os
import signal

_name, _, _hit = os.environ.get("DAOHU_CRASH", "").partition(":")
_left = {_name: int(_hit or "1")} if _name else {}


def crashpoint(name: str) -> None:
    """Die here when the sweep asks for it."""
    if not _left or name not in _left:
        return
    _left[name] -= 1
    if _left[name] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
