"""One kept-alive HTTP connection to the ingest, and what the server answered.

Made with `http.client`: 0.2 ms of CPU a request; this runs ten times a second beside everything else.
"""

import http.client
import json
import math
import ssl
import urllib.parse
from dataclasses import dataclass

from camera_client.frame_buffer import Frame
from common.errors import ConfigurationError, Transient

REQUEST_TIMEOUT_S = 10.0
ANSWER_MAX_BYTES = 64 * 1024
RETRY_AFTER_MAX_S = 30.0


class NotSent(Transient):
    """The connection could not be made: the server has not seen the frame."""


class NoAnswer(Transient):
    """The request went out and no answer came back: the server may have stored the frame."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`retry_after_s`: what the server asks for, None when it does not. `message`: its sentence, for people."""

    status: int
    code: str = ""
    message: str = ""
    retry_after_s: float | None = None


class IngestConnection:
    """Used by the sender thread only."""

    def __init__(
        self, server: str, camera: str, token: str, session: str, timeout_s: float = REQUEST_TIMEOUT_S
    ) -> None:
        parts = urllib.parse.urlsplit(server)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(f"--server {server}: an address like http://192.168.1.10:8080 is needed")
        self._host, self._port = parts.hostname, parts.port
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._timeout_s = timeout_s
        self._path = f"{parts.path.rstrip('/')}/v1/cameras/{urllib.parse.quote(camera, safe='')}/frames"
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "image/jpeg",
            "X-Lookout-Session": session,
        }
        self._open: http.client.HTTPConnection | None = None

    def post(self, frame: Frame, timeout_s: float) -> Answer:
        """Send one frame. Raises NotSent or NoAnswer; one the server closed while idle is opened again once."""
        was_open = self._open is not None
        try:
            return self._exchange(frame, timeout_s)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            self.close()
            if not was_open:
                raise NoAnswer(_told(error)) from error
        except NotSent:
            self.close()
            raise
        except (http.client.HTTPException, OSError) as error:
            self.close()
            raise NoAnswer(_told(error)) from error
        try:
            return self._exchange(frame, timeout_s)
        except NotSent as error:
            self.close()
            # The first request did go out.
            raise NoAnswer(_told(error)) from error
        except (http.client.HTTPException, OSError) as error:
            self.close()
            raise NoAnswer(_told(error)) from error

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _exchange(self, frame: Frame, timeout_s: float) -> Answer:
        connection = self._connect(min(timeout_s, self._timeout_s))
        headers = {
            **self._headers,
            "X-Lookout-Seq": str(frame.seq),
            "X-Lookout-Captured-At": str(frame.captured_us),
        }
        connection.request("POST", self._path, frame.jpeg, headers)
        response = connection.getresponse()
        body = response.read(ANSWER_MAX_BYTES)
        if response.will_close or not response.isclosed():
            self.close()
        return _read_answer(response.status, response.getheader("Retry-After"), body)

    def _connect(self, timeout_s: float) -> http.client.HTTPConnection:
        if self._open is not None:
            if self._open.sock is not None:
                self._open.sock.settimeout(timeout_s)
            return self._open
        if self._tls is not None:
            made: http.client.HTTPConnection = http.client.HTTPSConnection(
                self._host, self._port, timeout=timeout_s, context=self._tls
            )
        else:
            made = http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)
        try:
            made.connect()
        except OSError as error:
            raise NotSent(f"the server cannot be reached ({_told(error)})") from error
        self._open = made
        return made


def _read_answer(status: int, retry_after: str | None, body: bytes) -> Answer:
    try:
        fields = json.loads(body) if body else {}
    except ValueError:
        fields = {}
    if not isinstance(fields, dict):
        fields = {}
    return Answer(status, str(fields.get("code", "")), str(fields.get("message", ""))[:300], _seconds(retry_after))


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds, at most 30; a date, which our server never sends, counts as absent."""
    try:
        seconds = float(text) if text is not None else None
    except ValueError:
        return None
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return None
    return min(seconds, RETRY_AFTER_MAX_S)


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__
