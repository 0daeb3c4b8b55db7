"""The import rules hold, and each of them sees a violation planted in a copy of the tree."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from stack.paths import CHECKOUT

PLANTED = [
    ("layers", "kit/money.py", "import services.batch.domain"),
    ("layers", "contracts/base.py", "from kit import clock"),
    ("independence", "services/batch/store/lines.py", "from services.payment import domain"),
    ("room", "services/batch/store/lines.py", "from services.batch import handlers"),
    ("room", "services/registry/domain.py", "from services.registry.store import persons"),
    ("room", "services/application/helpers.py", "A_MODULE_WITH_NO_PLACE = 1"),
    ("domain", "services/payment/domain/orders.py", "from kit.db import Tx"),
    ("domain", "services/application/domain.py", "import sqlmodel"),
    ("bus", "services/publicity/handlers/messages.py", "import aiokafka"),
    ("bus", "demo/people.py", "from faststream.kafka import KafkaBroker"),
    ("engine", "services/orchestrator/steps.py", "from SpiffWorkflow.bpmn.workflow import BpmnWorkflow"),
    ("engine-pure", "engine/case.py", "from kit import clock"),
    ("checker", "checker/ledger.py", "from services.payment.domain import ledger as theirs"),
    ("checker", "checker/merkle.py", "from contracts.manifest import root as theirs"),
    ("simulators", "simulators/bank/files.py", "from kit.ids import new_id"),
]


def lint(folder: Path, *rules: str) -> subprocess.CompletedProcess[str]:
    """import-linter on the tree in `folder`."""
    chosen = [word for rule in rules for word in ("--contract", rule)]
    program = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [str(program), "--no-cache", *chosen],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages that the rules speak of, to be spoilt."""
    folder = tmp_path_factory.mktemp("tree")
    rules = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    for package in rules["root_packages"]:
        ignored = shutil.ignore_patterns("__pycache__", "tests")
        shutil.copytree(CHECKOUT / package, folder / package, ignore=ignored)
    shutil.copy(CHECKOUT / "pyproject.toml", folder)
    return folder


def test_the_rules_hold() -> None:
    found = lint(CHECKOUT)
    assert found.returncode == 0, found.stdout
    assert "0 broken" in found.stdout


def test_every_rule_has_a_planted_violation() -> None:
    rules = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert {one["id"] for one in rules["contracts"]} == {rule for rule, _, _ in PLANTED}


@pytest.mark.parametrize(
    ("rule", "file", "line"), PLANTED, ids=[f"{rule}:{file}" for rule, file, _ in PLANTED]
)
def test_a_planted_violation_is_seen(copy: Path, rule: str, file: str, line: str) -> None:
    path = copy / file
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        found = lint(copy, rule)
        assert found.returncode == 1, found.stdout
        # Broken by this very file, or (for a module without a place) named as the one too many.
        module = file.removesuffix(".py").replace("/", ".")
        assert module in found.stdout or path.stem in found.stdout, found.stdout
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, encoding="utf-8")
