"""The room's one register of handlers and workers, and how long they wait after a failure."""

from kit.handlers import Handlers

on = Handlers()
LONGEST_WAIT_SECONDS = 60.0


def backoff(tries: int) -> float:
    """Seconds until the next try: 1, 2, 4 … 60."""
    return float(min(2 ** min(tries, 10), LONGEST_WAIT_SECONDS))
