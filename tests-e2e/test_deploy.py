"""What is deployed agrees with the code: compose, topics, settings, and each image's files and packages."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from contracts import catalogue
from kit.algorithms import SUITE_VARIABLE
from kit.settings import Settings
from stack.paths import free_port
from stack.rooms import ROOMS

ROOT = Path(__file__).parent.parent
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
# Variables that a room reads beside `Settings`: the issuer's name, the suite, and the development clock.
OTHER_SETTINGS = {
    SUITE_VARIABLE,
    "DAOHU_ISSUER",
    "DAOHU_BUSINESS_NOW",
    "DAOHU_BUSINESS_CLOCK_FILE",
    "DAOHU_CRASH",
}


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
    return found


def built() -> dict[str, dict[str, Any]]:
    """Room → its build section."""
    return {one["build"]["args"]["ROOM"]: one["build"] for one in services().values() if "build" in one}


def image_lines(kind: str) -> list[str]:
    """The instructions of the kind's stage, then of the room's."""
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)
    found = [stage for name in (kind, "room") for stage in stages if re.match(rf"\S+ AS {name}\n", stage)]
    assert len(found) == 2, kind
    return [line for stage in found for line in stage.splitlines()]


def test_the_compose_file_is_valid_and_a_bad_one_is_not() -> None:
    # The validator resolves neither YAML's merge keys nor variables, which compose does.
    merged = yaml.safe_dump(
        {name: part for name, part in yaml.safe_load(COMPOSE).items() if name[:2] != "x-"}
    )
    merged = re.sub(r"\$\{(\w+)(?::[-?]([^}]*))?\}", r"\2", merged)
    PyCompose.from_yaml(merged)
    with pytest.raises(ValueError, match="service_lucky"):
        PyCompose.from_yaml(merged.replace("service_healthy", "service_lucky"))


def test_every_room_is_in_compose_and_no_other() -> None:
    assert set(built()) == set(ROOMS)
    folders = {path.parent.name for path in (ROOT / "services").glob("*/app.py")}
    assert folders == set(ROOMS)


def test_rooms_find_each_other() -> None:
    for name, one in services().items():
        if "build" not in one:
            continue
        urls = json.loads(one["environment"]["DAOHU_ROOM_URLS"])
        assert set(urls) == set(ROOMS)
        assert {url.removeprefix("http://").removesuffix(":8000") for url in urls.values()} <= set(services())
        room = one["build"]["args"]["ROOM"]
        assert urls[room] == f"http://{name}:8000"
        assert one["environment"]["DAOHU_DSN"].startswith(f"postgresql://{room}:")
        assert one["environment"]["DAOHU_DSN"].endswith(f"/{room}")


def test_only_the_portal_is_published() -> None:
    assert [name for name, one in services().items() if "ports" in one] == ["portal"]


def test_settings_in_compose_exist_in_the_code() -> None:
    known = {f"DAOHU_{name.upper()}" for name in Settings.model_fields} | OTHER_SETTINGS
    for one in services().values():
        if "build" in one:
            assert set(one["environment"]) <= known


def test_topics_agree_with_the_contracts() -> None:
    declared = tomllib.loads((ROOT / "deploy" / "topics.toml").read_text(encoding="utf-8"))
    assert declared["topics"] == catalogue.topics()
    assert declared["partitions"] == Settings.model_fields["kafka_partitions"].default


def test_databases_of_compose_are_the_rooms() -> None:
    script = (ROOT / "deploy" / "postgres-init.sh").read_text(encoding="utf-8")
    loop = re.search(r"for room in ([^;]+);", script)
    assert loop is not None
    assert set(loop[1].split()) == set(ROOMS)


LIMIT_IMPORTS = """
import importlib.metadata, re, sys
allowed = {re.sub(r"[-_.]+", "-", name.lower()) for name in open(sys.argv[1]).read().split()}
owners = importlib.metadata.packages_distributions()
class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        known = owners.get(top)
        if known and not any(re.sub(r"[-_.]+", "-", one.lower()) in allowed for one in known):
            raise ImportError(f"{name} is not installed in this image")
        return None
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, ".")
import runpy
runpy.run_module(sys.argv[2], run_name="__main__")
"""


@pytest.mark.parametrize("room", ROOMS)
def test_each_image_starts_from_its_own_files_and_packages(
    room: str, tmp_path: Path, postgres_dsn_factory: Callable[[], str], kafka_bootstrap: str
) -> None:
    """Lay out the COPY set of the room's image in an empty folder, and start the room from it."""
    image = tmp_path / "image"
    packages: set[str] = set()
    for line in image_lines(built()[room]["args"]["KIND"]):
        copied = re.match(r"COPY (\S+) (\S+)", line)
        if copied is None:
            continue
        source, destination = (part.replace("${ROOM}", room) for part in copied.groups())
        if source.startswith("requirements/"):
            text = (ROOT / source).read_text(encoding="utf-8")
            packages = set(re.findall(r"^([A-Za-z0-9_.-]+)==", text, flags=re.MULTILINE))
            continue
        target = image / destination
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__", "tests"))
        else:
            shutil.copy(ROOT / source, target)
    assert packages
    (tmp_path / "packages").write_text("\n".join(packages), encoding="utf-8")
    (tmp_path / "keys").mkdir()
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "DAOHU_PROFILE": "development",
        "DAOHU_PORT": str(port),
        "DAOHU_DSN": postgres_dsn_factory(),
        "DAOHU_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "DAOHU_KAFKA_NAMESPACE": f"{tmp_path.name}.",
        "DAOHU_KAFKA_PARTITIONS": "1",
        "DAOHU_KEY_DIR": str(tmp_path / "keys"),
        "DAOHU_ROOM_URLS": "{}",
    }
    code = [sys.executable, "-c", LIMIT_IMPORTS, str(tmp_path / "packages"), f"services.{room}.app"]
    log = (tmp_path / "log").open("w+")
    process = subprocess.Popen(code, cwd=image, env=environment, stdout=log, stderr=log)
    try:
        ready = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{port}/health/ready', timeout=2)"
        tries = f"for _ in range(300):\n  try: {ready}; break\n  except OSError: time.sleep(0.1)\n"
        wait = f"import time\n{tries}else: raise SystemExit(1)"
        answered = subprocess.run([sys.executable, "-c", wait], check=False, timeout=120).returncode == 0
        log.seek(0)
        assert answered, log.read()[-3000:]
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def test_compose_runs_the_kafka_that_the_tests_run() -> None:
    jars = (ROOT / "stack" / "kafka_jars.txt").read_text(encoding="utf-8")
    tested = re.search(r"org\.apache\.kafka:kafka_2\.13:(\S+)", jars)
    assert tested is not None
    assert services()["kafka"]["image"] == f"apache/kafka:{tested[1]}"
