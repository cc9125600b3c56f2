"""`/livez`, `/readyz` and `/metrics` for processes that serve no HTTP of their own."""

import json
import logging
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from common.metrics import Metrics

STOP_S = 5.0
_log = logging.getLogger(__name__)

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
                    problem = _outcome(live if path == "/livez" else ready)
                    body = {"status": "ok"} if problem is None else {"status": "unavailable", "message": problem}
                    self._answer(200 if problem is None else 503, "application/json", json.dumps(body).encode())
                else:
                    self.send_error(404, "No such page.")

            def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
                status = HTTPStatus(code)
                body = {"code": status.name.lower(), "message": message or explain or status.description}
                self._answer(code, "application/json", json.dumps(body).encode())

            def _answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name for it
                _log.debug(format, *args)

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Idempotent, also before `start`."""
        if self._thread.is_alive():  # the base's `shutdown` waits for ever for a server that never ran
            self._server.shutdown()
            self._thread.join(STOP_S)
        self._server.server_close()


def _outcome(check: Check) -> str | None:
    try:
        return check()
    except Exception:  # noqa: BLE001  whatever it is, the answer is that something is wrong
        _log.exception("a health check failed")
        return "The check itself failed; the log says why."
