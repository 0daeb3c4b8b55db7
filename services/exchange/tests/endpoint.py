"""An agency's webhook endpoint on this machine, for tests of this room and of the whole."""

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson

from kit.testing import RoomHarness


class Endpoint:
    """An agency's endpoint: repeats challenges, keeps what it is sent, and answers what it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.default = 204
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                sent = orjson.loads(body)
                if sent.get("type") == "subsidy.public.challenge":
                    repeated = orjson.dumps({"challenge": sent["challenge"]})
                    status, answer = (200, repeated) if outer.default == 204 else (outer.default, b"{}")
                else:
                    outer.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                    status, answer = outer.statuses.pop(0) if outer.statuses else outer.default, b""
                self.send_response(status)
                self.send_header("location", "http://127.0.0.1:1/elsewhere")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook?of=civil"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


async def passed(room: RoomHarness) -> None:
    """The pause is over."""
    async with room.room.tx() as tx:
        await tx.execute(
            "UPDATE subscription SET next_at = $1 WHERE next_at IS NOT NULL", tx.wall - timedelta(seconds=1)
        )
