"""What no committed file may hold: hosts of package registries, and paths of one machine."""

import re
import subprocess

import pytest

from stack.paths import CHECKOUT

# Written in halves, so that this file does not break its own rule.
HOSTS = [
    f"{left}.{right}"
    for left, right in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"),
        ("crates", "io"), ("proxy.golang", "org"), ("repo1.maven", "org"), ("repo.maven.apache", "org"),
        ("central.sonatype", "com"), ("search.maven", "org"), ("deb.debian", "org"),
        ("security.debian", "org"),
        ("docker", "io"), ("ghcr", "io"), ("quay", "io"), ("gcr", "io"), ("mirrors.aliyun", "com"),
        ("tuna.tsinghua", "edu.cn"), ("mirrors.ustc", "edu.cn"), ("npmmirror", "com"),
    )
]  # fmt: skip
HOST = re.compile("|".join(re.escape(host) for host in HOSTS), re.IGNORECASE)
MACHINE_PATH = re.compile(
    r"(?<![\w.~}])/(?:ro" + r"ot|wo" + r"rk|ho" + r"me/[a-z]+|Us" + r"ers/[A-Za-z]+)/[\w.-]"
)


def tracked_texts() -> dict[str, str]:
    """Every committed (or staged) text file by its path."""
    if not (CHECKOUT / ".git").exists():
        pytest.skip("not a git checkout: not run")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True).stdout
    texts = {}
    for name in filter(None, listed.decode().split("\0")):
        path = CHECKOUT / name
        if path.is_file() and b"\0" not in (content := path.read_bytes())[:8192]:
            texts[name] = content.decode(errors="replace")
    return texts


def findings(texts: dict[str, str], pattern: re.Pattern[str]) -> list[str]:
    """file:line: what was found."""
    return [
        f"{name}:{number}: {found[0]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if (found := pattern.search(line))
    ]


def test_no_file_names_a_package_registry() -> None:
    assert findings(tracked_texts(), HOST) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert findings(tracked_texts(), MACHINE_PATH) == []


def test_a_planted_host_and_path_are_found() -> None:
    planted = {"a.txt": "x\nindex = https://" + HOSTS[0] + "/simple\n", "b.py": 'open("/ro' + 'ot/x")\n'}
    assert findings(planted, HOST) == [f"a.txt:2: {HOSTS[0]}"]
    assert [found.split(":")[0] for found in findings(planted, MACHINE_PATH)] == ["b.py"]


def test_no_lock_file_with_registry_addresses_is_committed() -> None:
    assert not [name for name in tracked_texts() if name.rpartition("/")[2] in ("uv.lock", "poetry.lock")]
