"""Apache Kafka's jars: fetched once from pinned coordinates, trusted only by their committed SHA-256.

The resolver `jgo` needs no Maven on the machine; where it fails, `mvn` is asked (it may know a mirror).
"""

import concurrent.futures
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from stack.paths import StackError, cache_dir

_LIST = Path(__file__).with_name("kafka_jars.txt")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Jar:
    """One pinned artifact."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        """The file's name, as Maven would name it."""
        return f"{self.artifact}-{self.version}.jar"


@cache
def pinned() -> tuple[Jar, ...]:
    """Kafka's whole run-time class path, in the order in which it is passed to Java."""
    rows = (line.split() for line in _LIST.read_text().splitlines() if line and not line.startswith("#"))
    jars = [_jar(coordinate, digest) for coordinate, digest in rows]
    return tuple(sorted(jars, key=lambda jar: jar.file))


def _jar(coordinate: str, digest: str) -> Jar:
    group, artifact, version = coordinate.split(":")
    return Jar(group, artifact, version, digest)


def kafka_version() -> str:
    """The pinned version of Apache Kafka."""
    return next(jar.version for jar in pinned() if jar.artifact.startswith("kafka_"))


def kafka_home() -> Path:
    """The folder of jars, class archive and formatted template, named by the list's content."""
    key = hashlib.sha256(_LIST.read_bytes()).hexdigest()[:12]
    return cache_dir() / f"kafka-{kafka_version()}-{key}"


@contextmanager
def locked(name: str) -> Iterator[None]:
    """One process at a time prepares artifacts, also when several checkouts share the cache."""
    with (cache_dir() / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def kafka_jars(say: Say = lambda _: None) -> list[Path]:
    """The jars on disk, checked; missing ones are fetched. Raises StackError where they cannot be had."""
    home = kafka_home() / "jars"
    if (home / ".complete").exists():
        return [home / jar.file for jar in pinned()]
    with locked("kafka-jars"):
        home.mkdir(parents=True, exist_ok=True)
        missing = [jar for jar in pinned() if not _good(home / jar.file, jar)]
        if missing:
            say(f"下载 Apache Kafka {kafka_version()}：{len(missing)} 个文件 (fetching {len(missing)} jars)")
            _fetch(missing, home, say)
        (home / ".complete").touch()
    return [home / jar.file for jar in pinned()]


def _good(path: Path, jar: Jar) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256


def _fetch(jars: list[Jar], home: Path, say: Say) -> None:
    problems = []
    for way in (_by_jgo, _by_mvn):
        with tempfile.TemporaryDirectory(dir=home.parent) as folder:
            try:
                for done, (jar, path) in enumerate(way(jars, Path(folder)), start=1):
                    if not _good(path, jar):
                        raise StackError(f"{jar.file} 校验和不符 (not the pinned file)")
                    os.replace(path, home / jar.file)
                    if done % 15 == 0 or done == len(jars):
                        say(f"  {done}/{len(jars)}")
                return
            except Exception as problem:  # a resolver may fail in any way; the other one is tried
                problems.append(f"{way.__name__.removeprefix('_by_')}: {problem!r:.300}")
    raise StackError("Kafka 下载失败 (jars not to be had): " + "; ".join(problems))


def _by_jgo(jars: list[Jar], folder: Path) -> Iterator[tuple[Jar, Path]]:
    from jgo.maven import MavenContext, PythonResolver

    context = MavenContext(repo_cache=folder, resolver=PythonResolver())

    def one(jar: Jar) -> tuple[Jar, Path]:
        component = context.project(jar.group, jar.artifact).at_version(jar.version)
        return jar, Path(component.artifact().resolve())

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        yield from pool.map(one, jars)


def _by_mvn(jars: list[Jar], folder: Path) -> Iterator[tuple[Jar, Path]]:
    mvn = shutil.which("mvn")
    if mvn is None:
        raise StackError("mvn 不在 (no mvn)")
    # Every file is named by itself; the wildcard keeps Maven from adding what the list does not pin.
    name = "<groupId>{}</groupId><artifactId>{}</artifactId>"
    alone = f"<exclusions><exclusion>{name.format('*', '*')}</exclusion></exclusions>"
    body = "".join(
        f"<dependency>{name.format(jar.group, jar.artifact)}"
        f"<version>{jar.version}</version>{alone}</dependency>"
        for jar in jars
    )
    head = f"<modelVersion>4.0.0</modelVersion>{name.format('daohu', 'kafka')}<version>1</version>"
    (folder / "pom.xml").write_text(f"<project>{head}<dependencies>{body}</dependencies></project>")
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder / 'out'}"]
    done = subprocess.run(
        [mvn, "-q", "-B", *goal], cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        raise StackError(f"mvn: {done.stdout[-300:]}")
    yield from ((jar, folder / "out" / jar.file) for jar in jars)
