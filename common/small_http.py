"""A small HTTP server on a thread of its own, for processes whose work is something else."""

import json
import logging
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from common.metrics import Metrics

JSON = "application/json"
STOP_S = 5.0
_log = logging.getLogger(__name__)


class SmallHandler(BaseHTTPRequestHandler):
    """Answers and refusals. Refusals are JSON with `code` and `message`, also those of the base class."""

    timeout = 10
    """Seconds a peer may keep a thread waiting for its next byte."""
    protocol_version = "HTTP/1.1"

    def send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_metrics(self, metrics: Metrics) -> None:
        self.send(200, CONTENT_TYPE_LATEST, generate_latest(metrics.registry))

    def refuse(self, status: int, code: str, sentence: str) -> None:
        # What was not read of a body would be taken for the next request.
        self.close_connection = True
        self.send(status, JSON, json.dumps({"code": code, "message": sentence}).encode())

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        status = HTTPStatus(code)
        self.refuse(code, status.name.lower(), message or explain or status.description)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name for it
        _log.debug(format, *args)


class SmallServer:
    """`port` 0 takes any free port, read back from `port`. Raises OSError when the port is taken."""

    def __init__(self, host: str, port: int, handler: type[SmallHandler], name: str) -> None:
        self._server = ThreadingHTTPServer((host, port), handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Idempotent, also before `start`."""
        if self._thread.is_alive():  # the base's `shutdown` waits for ever for a server that never ran
            self._server.shutdown()
            self._thread.join(STOP_S)
        self._server.server_close()
