"""The way to the process that looks at pictures."""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from api_server.pictures.header import PictureRefused
from common.clock import Clock
from common.contracts.picture_call import (
    CALL_S,
    JSON,
    OPTIONS_HEADER,
    SIGNATURE_HEADER,
    PictureCall,
    PictureFound,
)

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Each holds a server thread for as long as the analysis takes."""
CONNECT_S = 2.0
ANSWER_S = 60.0
"""The first picture of an analysis waits for its models to be loaded."""
NOT_RUNNING = "The process that looks at pictures is not running. Start it: python -m consumers pictures."


@dataclass(frozen=True, slots=True)
class PictureAnswer:
    """Either what was found, or the drawn picture."""

    found: PictureFound | None = None
    drawn: bytes = field(default=b"", repr=False)


class PictureService:
    """Safe on any thread. Use after fork."""

    def __init__(self, url: str | None, key: bytes | None, clock: Clock) -> None:
        self._url = url
        self._key = key
        self._clock = clock
        self._places = threading.BoundedSemaphore(AT_ONCE)
        # Reading all certificates takes 30 ms, and plain HTTP needs none.
        is_verified = (url or "").lower().startswith("https:")
        # Not through a proxy of the environment: pictures stay on this machine or network.
        self._client = httpx.Client(
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S), trust_env=False, verify=is_verified
        )

    def ask(self, analysis: str, options: Mapping[str, Any], accept: str, body: bytes) -> PictureAnswer:
        """Raises PictureRefused: what is wrong with the picture, or a 503 that says what is missing."""
        if self._url is None or self._key is None:
            raise PictureRefused(503, "no_pictures", f"Single pictures are not set up. {NOT_RUNNING}")
        if not self._places.acquire(blocking=False):
            raise PictureRefused(503, "busy", f"{AT_ONCE} pictures are being looked at. Try again in a moment.")
        try:
            return self._answer(self._url, self._key, PictureCall(analysis, json.dumps(options), accept, body))
        finally:
            self._places.release()

    def _answer(self, url: str, key: bytes, call: PictureCall) -> PictureAnswer:
        headers = {
            "Accept": call.accept,
            "Content-Type": "application/octet-stream",
            OPTIONS_HEADER: call.options,
            SIGNATURE_HEADER: call.signed(key, self._clock.wall_us() // 1_000_000 + CALL_S),
        }
        try:
            response = self._client.post(f"{url}/v1/pictures/{call.analysis}", content=call.body, headers=headers)
        except httpx.TimeoutException as error:
            raise PictureRefused(503, "no_pictures", "The picture was not looked at in time. Try again.") from error
        except httpx.HTTPError as error:
            log.warning("nobody looks at pictures", extra={"error": type(error).__name__})
            raise PictureRefused(503, "no_pictures", NOT_RUNNING) from error
        if response.status_code != 200:
            raise _refused(response)
        if call.accept != JSON:
            return PictureAnswer(drawn=response.content)
        return PictureAnswer(PictureFound.model_validate_json(response.content))


def _refused(response: httpx.Response) -> PictureRefused:
    """What the other side says of the picture is passed on; of itself, that it cannot."""
    try:
        said = response.json()
        code, sentence = str(said["code"]), str(said["message"])
    except (ValueError, KeyError, TypeError):
        code, sentence = "internal", "no answer that is understood"
    log.warning("a picture was refused", extra={"status": response.status_code, "code": code})
    if response.status_code == 422:
        return PictureRefused(422, code, sentence)
    if response.status_code in (409, 503):
        return PictureRefused(503, code, sentence)
    return PictureRefused(503, "no_pictures", "The picture could not be looked at. The log of pictures says why.")
