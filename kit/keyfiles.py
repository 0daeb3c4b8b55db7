"""Key files: made once, readable by their owner alone, the first writer wins."""

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def create_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """The file's content; when it does not exist, `make` it with mode 0600, whole or not at all.

    Of several processes that start at once, all get the content of the one that came first.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent)  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(make())
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # another process was first; its content counts
                os.link(name, path)
        finally:
            os.unlink(name)
    return path.read_bytes()
