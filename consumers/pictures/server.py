"""The HTTP around the desk: health for supervisors, and one route for the API server alone."""

import json
import logging
import threading
import time
from collections.abc import Callable

from common.contracts.picture_call import (
    JPEG,
    JSON,
    OPTIONS_HEADER,
    OPTIONS_MAX_CHARS,
    PICTURE_MAX_BYTES,
    PNG,
    SIGNATURE_HEADER,
    PictureCall,
)
from common.errors import ConfigurationError
from common.metrics import Metrics
from common.small_http import SmallHandler, SmallServer
from consumers.pictures.desk import Looked, PictureDesk
from consumers.pipeline.still import NotAPicture

PATH = "/v1/pictures/"
AT_ONCE = 2
"""Pictures in work: each may cost 100 MB and a core. The rest wait."""
WAIT_S = 20.0
_log = logging.getLogger(__name__)


class _Refused(Exception):
    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.sentence = sentence


class PictureServer(SmallServer):
    """`port` 0 takes any free port, read back from `port`. `key`: what calls are signed with."""

    def __init__(
        self,
        host: str,
        port: int,
        desk: PictureDesk,
        key: bytes,
        metrics: Metrics,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        places = threading.BoundedSemaphore(AT_ONCE)

        class Handler(SmallHandler):
            def do_GET(self) -> None:  # noqa: N802  the base's name for it
                if self.path in ("/livez", "/readyz"):
                    self.send(200, JSON, b'{"status":"ok"}')
                elif self.path == "/metrics":
                    self.send_metrics(metrics)
                else:
                    self.refuse(404, "not_found", "No such page.")

            def do_POST(self) -> None:  # noqa: N802  the same
                began_s = time.perf_counter()
                try:
                    looked, accept = self._looked()
                except _Refused as refused:
                    metrics.count("lookout_pictures_total", outcome=refused.code)
                    self.refuse(refused.status, refused.code, refused.sentence)
                    return
                metrics.count("lookout_pictures_total", outcome="ok")
                metrics.observe("lookout_picture_seconds", time.perf_counter() - began_s)
                if looked.drawn is not None:
                    self.send(200, accept, looked.drawn)
                else:
                    self.send(200, JSON, looked.found.to_json())

            def _looked(self) -> tuple[Looked, str]:
                call = self._call()
                if not call.is_signed(self.headers.get(SIGNATURE_HEADER, ""), key, now_s()):
                    raise _Refused(403, "not_signed", "The call is not signed by this installation's API server.")
                if not places.acquire(timeout=WAIT_S):
                    raise _Refused(503, "busy", "Too many pictures are being looked at. Try again in a moment.")
                try:
                    drawn_as = call.accept if call.accept in (JPEG, PNG) else None
                    return desk.look(call.analysis, json.loads(call.options), call.body, drawn_as), call.accept
                except NotAPicture as error:
                    raise _Refused(422, error.reason, str(error)) from error
                except ConfigurationError as error:
                    raise _Refused(409, "not_available", str(error)) from error
                except Exception as error:
                    _log.exception("a picture could not be looked at")
                    raise _Refused(500, "internal", "The analysis failed; its log says why.") from error
                finally:
                    places.release()

            def _call(self) -> PictureCall:
                size = self.headers.get("Content-Length", "")
                options = self.headers.get(OPTIONS_HEADER, "{}")
                if not (size.isascii() and size.isdigit()):
                    raise _Refused(411, "length_required", "Send the picture with a Content-Length.")
                if int(size) > PICTURE_MAX_BYTES or len(options) > OPTIONS_MAX_CHARS:
                    raise _Refused(413, "too_large", "The picture or its options are too long.")
                if not self.path.startswith(PATH):
                    raise _Refused(404, "not_found", "No such page.")
                body = self.rfile.read(int(size))
                return PictureCall(self.path.removeprefix(PATH), options, self.headers.get("Accept", JSON), body)

        super().__init__(host, port, Handler, "pictures")
