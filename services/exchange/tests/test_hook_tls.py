"""Over TLS: connected to the address that was judged, believed only for the endpoint's name."""

import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from kit.clock import wall_now
from services.exchange.ports import hooks
from services.exchange.ports.hooks import Target
from services.exchange.ports.vault import new_secret

NAME = "hooks.example"


def certificate(folder: Path) -> Path:
    """A certificate for the name, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(wall_now() - timedelta(days=1))
        .not_valid_after(wall_now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, list[str]]]:
    """A TLS endpoint of that name on this machine, trusted; its port and the hosts it was asked for."""
    hosts: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hosts.append(str(self.headers["host"]))
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that hangs up at the handshake is what the second test wants."""

    file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr(hooks, "trusted", lambda: ssl.create_default_context(cafile=str(file)))
    yield server.server_port, hosts
    server.shutdown()
    server.server_close()
    thread.join()


async def sent_to(name: str, port: int, monkeypatch: pytest.MonkeyPatch) -> hooks.Answer:
    """As if the name server had said: this name lives on this machine."""

    async def resolved(_endpoint: str, *, development: bool) -> Target:
        assert not development
        return Target("https", name, "127.0.0.1", port, "/hook")

    monkeypatch.setattr(hooks, "resolve", resolved)
    return await hooks.post(
        f"https://{name}:{port}/hook", "id", 1700000000, b"{}", [new_secret()], development=False
    )


async def test_the_name_stands_in_tls_and_host_while_the_address_is_fixed(
    served: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, hosts = served
    assert (await sent_to(NAME, port, monkeypatch)).taken
    assert hosts == [f"{NAME}:{port}"]


async def test_a_certificate_for_another_name_is_not_believed(
    served: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, hosts = served
    answer = await sent_to("other.example", port, monkeypatch)
    assert (answer.status, answer.reason) == (0, "ConnectError")
    assert hosts == []
