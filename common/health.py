"""`/livez`, `/readyz` and `/metrics` for processes that serve no HTTP of their own."""

import json
import logging
from collections.abc import Callable

from common.metrics import Metrics
from common.small_http import JSON, SmallHandler, SmallServer

_log = logging.getLogger(__name__)

Check = Callable[[], str | None]
"""Returns None when all is well, else a sentence that says what is wrong. Must not block."""


class HealthServer(SmallServer):
    """A small HTTP server on a thread of its own. `port` 0 takes any free port, read back from `port`."""

    def __init__(self, host: str, port: int, metrics: Metrics, live: Check, ready: Check) -> None:
        class Handler(SmallHandler):
            def do_GET(self) -> None:  # noqa: N802  the base's name for it
                path = self.path.partition("?")[0]
                if path == "/metrics":
                    self.send_metrics(metrics)
                elif path in ("/livez", "/readyz"):
                    problem = _outcome(live if path == "/livez" else ready)
                    body = {"status": "ok"} if problem is None else {"status": "unavailable", "message": problem}
                    self.send(200 if problem is None else 503, JSON, json.dumps(body).encode())
                else:
                    self.refuse(404, "not_found", "No such page.")

        super().__init__(host, port, Handler, "health")


def _outcome(check: Check) -> str | None:
    try:
        return check()
    except Exception:  # noqa: BLE001  whatever it is, the answer is that something is wrong
        _log.exception("a health check failed")
        return "The check itself failed; the log says why."
