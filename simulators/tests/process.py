"""Runs a simulator for a test: in a thread, or as its own process when it must be killed or lose a reply."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI


def free_port() -> int:
    """A port nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(module: str, data_dir: Path, port: int) -> Iterator[tuple[httpx.Client, subprocess.Popen[bytes]]]:
    """A started simulator and a client for it; killed at the end."""
    env = os.environ | {"DAOHU_PORT": str(port), "DAOHU_DATA_DIR": str(data_dir), "DAOHU_SEED": "7"}
    env["DAOHU_PROFILE"] = "development"
    process = subprocess.Popen([sys.executable, "-m", module], env=env)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            wait_ready(client)
            yield client, process
    finally:
        process.kill()
        process.wait()


@contextmanager
def in_thread(app: FastAPI) -> Iterator[httpx.Client]:
    """A client of the application, served from a thread of this process."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, loop="asyncio", ws="none", log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            wait_ready(client)
            yield client
    finally:
        server.should_exit = True
        thread.join()


def wait_ready(client: httpx.Client, seconds: float = 15) -> None:
    """Until the simulator answers; raises TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if client.get("/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError("the simulator did not become ready")
