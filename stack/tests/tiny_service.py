"""A service for the supervisor tests: answers its health, has a child, says goodbye when asked to end."""

import http.server
import os
import signal
import subprocess
import sys


class Health(http.server.BaseHTTPRequestHandler):
    """200 on everything."""

    def do_GET(self) -> None:
        """Answer with the process id."""
        body = str(os.getpid()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Stay quiet."""


def main() -> None:
    """Run until told to stop."""
    if os.environ.get("TINY_FAILS"):
        raise RuntimeError("no settings, no service")
    child = subprocess.Popen(["sleep", "600"])
    print("child", child.pid, flush=True)
    server = http.server.HTTPServer(("127.0.0.1", int(os.environ["TINY_PORT"])), Health)

    def goodbye(*_: object) -> None:
        child.kill()
        child.wait()
        print("goodbye", flush=True)
        sys.exit(0)

    signal.signal(signal.SIGTERM, goodbye)
    server.serve_forever()


if __name__ == "__main__":
    main()
