"""`/livez`, `/readyz` and `/metrics` for processes that serve no HTTP of their own."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from common.metrics import Metrics

Check = Callable[[], str | None]
"""Returns None when all is well, else a sentence that says what is wrong. Must not block."""


class HealthServer:
    """A small HTTP server on a thread of its own. `port` 0 takes any free port, read back from `port`."""

    def __init__(self, host: str, port: int, metrics: Metrics, live: Check, ready: Check) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = 10  # seconds: a client that sends nothing does not hold a thread for ever

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, generate_latest(metrics.registry))
                elif path in ("/livez", "/readyz"):
                    problem = (live if path == "/livez" else ready)()
                    body = {"status": "ok"} if problem is None else {"status": "unavailable", "message": problem}
                    self._answer(200 if problem is None else 503, "application/json", json.dumps(body).encode())
                else:
                    self._answer(404, "application/json", b'{"code":"not_found","message":"No such page."}')

            def _answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
