"""Uploading a large file so that a break costs no more than the piece that was on its way (tus 1.0)."""

import base64
import time
from collections.abc import Callable
from typing import IO

import httpx

from common.client.problem import ApiProblem

VERSION = {"Tus-Resumable": "1.0.0"}
CHUNK_TYPE = "application/offset+octet-stream"
CHUNK_BYTES = 8 * 2**20
"""As many as the server stores in one go."""
TRIES = 6
"""In a row without a byte's progress; with their pauses more than the ten seconds after which the server forgets a
connection that broke in silence."""
PAUSE_S = 0.5
PAUSE_MAX_S = 8.0
_AGAIN = frozenset({400, 409, 423, 502, 503, 504})
"""Broken off, somewhere else by now, still at the piece before, or away: ask how far it is."""

Told = Callable[[int, int], None]
"""Is told (bytes there, bytes in all)."""


def metadata(name: str, recorded_at: str | None) -> str:
    """`Upload-Metadata`. `recorded_at`: RFC 3339 with a zone."""
    said = {"filename": name} | ({"recorded_at": recorded_at} if recorded_at is not None else {})
    return ",".join(f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in said.items())


class ResumableUpload:
    """One file on its way to `location`. One thread."""

    def __init__(self, http: httpx.Client, location: str, size: int, told: Told | None = None) -> None:
        self._http = http
        self._location = location
        self._size = size
        self._told = told or (lambda _there, _size: None)

    def send(self, file: IO[bytes]) -> str:
        """Everything that is not there yet; the recording's path. Raises ApiProblem, and the last httpx.TransportError
        when the server cannot be reached for long."""
        failures, pause_s, best = 0, PAUSE_S, -1
        while True:
            try:
                offset, recording = self._ask()
                if offset > best:
                    failures, pause_s, best = 0, PAUSE_S, offset
                self._told(offset, self._size)
                while recording is None:
                    offset, recording = self._send_chunk(file, offset)
                    failures, pause_s, best = 0, PAUSE_S, offset
                    self._told(offset, self._size)
            except (httpx.TransportError, ApiProblem) as error:
                failures += 1
                is_final = isinstance(error, ApiProblem) and error.status not in _AGAIN
                if is_final or failures >= TRIES:
                    raise
                time.sleep(pause_s)
                pause_s = min(PAUSE_MAX_S, pause_s * 2)
            else:
                return recording

    def _ask(self) -> tuple[int, str | None]:
        return self._read(self._http.head(self._location, headers=VERSION))

    def _send_chunk(self, file: IO[bytes], offset: int) -> tuple[int, str | None]:
        file.seek(offset)
        chunk = file.read(min(CHUNK_BYTES, self._size - offset))
        headers = {**VERSION, "Upload-Offset": str(offset), "Content-Type": CHUNK_TYPE}
        return self._read(self._http.patch(self._location, content=chunk, headers=headers))

    @staticmethod
    def _read(response: httpx.Response) -> tuple[int, str | None]:
        if response.is_error:
            raise ApiProblem.of(response)
        return int(response.headers["Upload-Offset"]), response.headers.get("X-Lookout-Recording")
