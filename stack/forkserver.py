"""Forks Python services from one process that has imported the heavy libraries already.

Ten rooms importing the same second of libraries on two cores would take the stack past ten seconds; forked,
each is its own process all the same, with memory shared until written. Speaks JSON lines on stdin and stdout.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import sys
from typing import Any

# Importing these starts no thread, loop or connection, and reads none of our settings: third-party libraries, and
# the contracts, whose seventy models every room would build again.
_PRELOAD = (
    "asyncio", "uvicorn", "uvicorn.lifespan.on", "uvicorn.protocols.http.httptools_impl", "uvloop",
    "httptools", "sqlite3", "lxml.etree", "fastapi", "fastapi.responses", "starlette.middleware",
    "pydantic", "pydantic_settings", "orjson", "httpx", "python_multipart", "jwt", "aiokafka",
    "faststream.kafka", "asyncpg", "sqlalchemy.ext.asyncio", "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlmodel", "cryptography.hazmat.primitives.ciphers.aead", "prometheus_client",
    "opentelemetry.sdk.trace.export", "opentelemetry.exporter.otlp.proto.http.trace_exporter", "jsonschema",
    "lark", "msgpack", "zstandard", "SpiffWorkflow.bpmn.parser", "SpiffWorkflow.bpmn.specs", "chinese_calendar",
    "xlsxwriter", "python_calamine", "contracts.catalogue",
)  # fmt: skip


def main() -> None:
    """Serve fork requests until stdin closes."""
    for name in _PRELOAD:
        # One that is missing or broken is the service's own affair: it will say so itself.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    gc.freeze()  # keeps the collector of each child from touching, and so copying, the shared pages
    _say({"ready": True})
    children: set[int] = set()
    buffer = b""
    while True:
        if select.select([0], [], [], 0.1 if children else None)[0]:
            piece = os.read(0, 65536)
            if not piece:
                return
            buffer += piece
            *lines, buffer = buffer.split(b"\n")
            for line in lines:
                request = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    _become(request)
                    return
                children.add(pid)
                _say({"pid": pid})
        _report_ended(children)


def _say(message: dict[str, Any]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


def _report_ended(children: set[int]) -> None:
    for child in list(children):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            children.discard(child)
            _say({"ended": child, "code": os.waitstatus_to_exitcode(status)})


def _become(request: dict[str, Any]) -> None:
    """In the child: turn into the service, as if it had been started by `python -m module`."""
    os.setsid()
    os.write(request["reaper"], b"+%d\n" % os.getpid())
    os.close(request["reaper"])
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(log)
    os.close(null)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    with contextlib.suppress(OSError), open("/proc/self/comm", "w") as name:
        name.write(request["name"][:15])
    gc.unfreeze()
    sys.argv = [request["module"]]
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
