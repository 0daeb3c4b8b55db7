"""One Apache Kafka 4 broker (KRaft, broker and controller in one process) on 127.0.0.1.

Started by `java -cp` from pinned jars, with a class archive (AppCDS) built once: ready in a second.
"""

import hashlib
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from stack import artifacts, processes
from stack.artifacts import Say
from stack.java import find_java
from stack.paths import StackError, free_port
from stack.probe import kafka_answers

_CLUSTER = "MkU3OEVBNTcwNTJENDM2Qg"
_LOG4J = Path(__file__).with_name("kafka_log4j2.properties")
_JVM = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
# One broker, so every internal topic has one replica. The short session makes the broker's earlier self
# (killed with SIGKILL) forgotten in 3 s instead of 9 s; heartbeats never leave the process.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={data}
num.partitions=3
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=4194304
num.network.threads=2
num.io.threads=4
background.threads=2
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""
# A second listener, where everybody says who they are and may do nothing that no ACL allows. The rooms' own
# listener (and the controller's) is anonymous here: on one machine it is the loopback interface.
_SECURED = """\
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},AGENCIES://127.0.0.1:{agencies}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},AGENCIES://127.0.0.1:{agencies}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,AGENCIES:{protocol}
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.agencies.scram-sha-512.sasl.jaas.config={login} required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=false
"""
_TLS = """\
listener.name.agencies.ssl.keystore.type=PEM
listener.name.agencies.ssl.keystore.location={certificate}
"""
_SCRAM_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule"


class Kafka:
    """A broker with its own data folder; the same interface as `WheelBroker`."""

    kind = "kafka"

    def __init__(
        self,
        data_dir: Path,
        *,
        log: Path | None = None,
        say: Say = lambda _: None,
        users: Mapping[str, str] | None = None,
        certificate: Path | None = None,
    ) -> None:
        """`users` (name → password) opens a second listener (`agencies`) with SCRAM and an authorizer.

        It speaks TLS with a `certificate`: a PEM file of the key (PKCS 8) and the chain.
        """
        self._users = dict(users or {})
        self._certificate = certificate
        self._agencies_port = 0
        self._data = Path(data_dir).resolve()
        self._log = log or self._data.parent / "kafka.log"
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def bootstrap(self) -> str:
        """host:port for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def agencies(self) -> str:
        """host:port of the listener with users; only with `users`."""
        assert self._users, "no users were given"
        return f"127.0.0.1:{self._agencies_port}"

    @property
    def running(self) -> bool:
        """Whether the broker process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self, limit: float = 60.0) -> str:
        """Format the folder if need be, start, wait until the broker serves; returns its address.

        The port stays the same over `kill` and `start`, so that clients find their broker again.
        """
        if not self.running:
            self.begin()
            self.wait(limit)
        return self.bootstrap

    def begin(self) -> None:
        """Start without waiting (others may be started meanwhile); `wait()` follows."""
        prepare(self._say)
        self.port = self.port or free_port()
        text = _PROPERTIES.format(port=self.port, controller=(controller := free_port()), data=self._data)
        if self._users:
            self._agencies_port = self._agencies_port or free_port()
            text += _SECURED.format(
                port=self.port,
                controller=controller,
                agencies=self._agencies_port,
                login=_SCRAM_LOGIN,
                protocol="SASL_SSL" if self._certificate else "SASL_PLAINTEXT",
            )
            if self._certificate:
                text += _TLS.format(certificate=self._certificate)
        self._format_with(text)
        properties = self._data / "server.properties"
        properties.write_text(text)
        archive = _archive()
        sharing = [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto"] if archive.exists() else []
        self._process = processes.spawn(_java(*sharing, "kafka.Kafka", str(properties)), log=self._log)

    def _format_with(self, properties: str) -> None:
        """The template, or with users (whose credentials stand in the metadata) a format of its own."""
        if not self._users:
            _format(self._data)
        elif not (self._data / "meta.properties").exists():
            self._data.mkdir(parents=True, exist_ok=True)
            file = self._data.with_name("format.properties")
            file.write_text(properties)
            scram = [
                part
                for name, password in self._users.items()
                for part in ("--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]")
            ]
            _run_format("-c", str(file), *scram)

    def wait(self, limit: float = 60.0) -> None:
        """Until the broker answers in its own protocol. Raises StackError with the log's end."""
        assert self._process is not None
        until = time.monotonic() + limit
        while not kafka_answers(self.bootstrap):
            if not self.running or time.monotonic() > until:
                self.kill()
                raise StackError(f"Kafka 未能启动 (did not start):\n{processes.tail(self._log)}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Orderly shutdown."""
        if self._process is not None:
            processes.stop(self._process, grace=15.0)
            self._process = None

    def kill(self) -> None:
        """SIGKILL. What was acknowledged is still there after `start()`."""
        if self._process is not None:
            processes.kill(self._process)
            self._process = None

    def wipe(self) -> None:
        """Kill, and delete every topic: the next `start()` is a new, empty broker."""
        self.kill()
        shutil.rmtree(self._data, ignore_errors=True)


def available(say: Say = lambda _: None) -> str | None:
    """None if Apache Kafka can be started here, else the reason why not."""
    try:
        prepare(say)
    except StackError as problem:
        return str(problem)
    return None


def prepare(say: Say = lambda _: None) -> None:
    """Once per machine: fetch the jars, format a template folder, record the class archive."""
    if find_java() is None:
        raise StackError("没有 Java ≥ 17 (no Java ≥ 17): apt install default-jre-headless, or make setup")
    artifacts.kafka_jars(say)
    if _archive().exists():
        return
    with artifacts.locked("kafka-prepare"):
        if not (_template() / "meta.properties").exists():
            _make_template()
        if not _archive().exists():
            say("准备 Kafka 快速启动 (recording Kafka's class archive, once)")
            _record_archive()


def _java(*arguments: str) -> list[str]:
    classpath = ":".join(str(path) for path in artifacts.kafka_jars())
    return [str(find_java()), *_JVM, f"-Dlog4j2.configurationFile={_LOG4J}", "-cp", classpath, *arguments]


def _archive() -> Path:
    """Named by the runtime it was recorded with: another Java refuses it."""
    key = hashlib.sha256(str(find_java()).encode()).hexdigest()[:8]
    return artifacts.kafka_home() / f"classes-{key}.jsa"


def _template() -> Path:
    return artifacts.kafka_home() / "formatted"


def _format(data: Path) -> None:
    """A copy of the formatted template: running the format tool each time would cost a second."""
    if not (data / "meta.properties").exists():
        shutil.copytree(_template(), data, dirs_exist_ok=True)


def _make_template() -> None:
    fresh = _template().with_name("formatted.new")
    shutil.rmtree(fresh, ignore_errors=True)
    properties = fresh.with_name("format.properties")
    properties.write_text(_PROPERTIES.format(port=1, controller=2, data=fresh))
    _run_format("-c", str(properties))
    fresh.rename(_template())


def _run_format(*options: str) -> None:
    tool = _java("kafka.tools.StorageTool", "format", "-t", _CLUSTER, *options)
    done = subprocess.run(tool, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise StackError(f"Kafka format: {(done.stdout + done.stderr)[-500:]}")


def _record_archive() -> None:
    """Best effort: without the archive the broker starts all the same, only slower."""
    scratch, archive = artifacts.kafka_home() / "recording", _archive()
    shutil.rmtree(scratch, ignore_errors=True)
    _format(scratch)
    port, part = free_port(), archive.with_suffix(".part")
    properties = scratch / "server.properties"
    properties.write_text(_PROPERTIES.format(port=port, controller=free_port(), data=scratch))
    command = _java(f"-XX:ArchiveClassesAtExit={part}", "kafka.Kafka", str(properties))
    process = processes.spawn(command, log=artifacts.kafka_home() / "recording.log")
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until and not kafka_answers(f"127.0.0.1:{port}"):
        time.sleep(0.1)
    processes.stop(process, grace=60.0)
    if part.exists():
        part.rename(archive)
    shutil.rmtree(scratch, ignore_errors=True)
