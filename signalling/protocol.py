"""What goes over the WebSocket `/v1/live`.

1. The viewer sends, within 5 s, one text message: `{"token": LIVE_TOKEN, "cameras": ["cam-...", ...], "max_fps": 5}`.
   The token never stands in an address. It must name every camera asked for. `max_fps`: pictures a second of each
   camera, 5 when left out, at most 15.
2. The server sends, for each new picture, a text message and right after it a binary message with the JPEG:
   `{"type": "frame", "camera", "captured_us", "log_ms", "width", "height", "detections": {ANALYSIS: [Detection]}}`.
   `detections` holds the newest boxes of each analysis, at most 2 s older than the picture, in its pixels. A slow
   viewer gets fewer pictures, never older ones.
3. `{"type": "gone", "camera"}`: the camera was deleted; no more of it comes.
4. The viewer sends nothing more. The server closes with one of `CloseCode`.
"""

import json
from collections.abc import Mapping, Sequence
from enum import IntEnum

from pydantic import Field, ValidationError

from common.contracts.base import Contract
from common.contracts.detection import Detection
from common.contracts.identity import is_camera_id
from common.contracts.live_token import TOKEN_MAX_CHARS

CAMERAS_MAX = 64
MAX_FPS = 15.0
DEFAULT_FPS = 5.0
MESSAGE_MAX_BYTES = 16 * 1024
"""Of what a viewer sends: a token and 64 camera ids fit."""


class CloseCode(IntEnum):
    """Why the server closed, so that the page can react. 4000 to 4999 are for applications (RFC 6455, 7.4.2)."""

    GOING_AWAY = 1001
    """The server stops: connect again."""
    UNEXPECTED_MESSAGE = 1008
    TRY_LATER = 1013
    """The cameras' settings cannot be read: connect again in a few seconds."""
    BAD_HELLO = 4400
    BAD_TOKEN = 4401
    """Malformed, signed by another key, or expired before the first message: get another token."""
    NOT_GRANTED = 4403
    """The token does not name every camera that was asked for."""
    GONE = 4404
    """None of the cameras exists (any more)."""
    HELLO_TIMEOUT = 4408
    EXPIRED = 4410
    """The token's time is over, or somebody may no longer watch one of its cameras: get another and connect again."""
    TOO_MANY = 4429
    """This person has too many live pictures open."""


class BadHello(ValueError):
    """The first message is not what it must be. The text is a sentence."""


class Hello(Contract):
    """The viewer's first message."""

    token: str = Field(max_length=TOKEN_MAX_CHARS)
    cameras: tuple[str, ...] = Field(min_length=1, max_length=CAMERAS_MAX)
    max_fps: float = Field(default=DEFAULT_FPS, gt=0, le=1000, allow_inf_nan=False)


def parse_hello(text: str) -> Hello:
    """Raises BadHello. Cameras come back without repetition, the frame rate within the server's limit."""
    try:
        hello = Hello.model_validate_json(text)
    except ValidationError as error:
        fields = sorted({".".join(map(str, e["loc"])) or "message" for e in error.errors(include_input=False)})
        raise BadHello(f"The first message is wrong in: {', '.join(fields)}.") from error
    if not all(is_camera_id(camera) for camera in hello.cameras):
        raise BadHello("The first message names something that is no camera id.")
    cameras = tuple(dict.fromkeys(hello.cameras))
    return hello.model_copy(update={"cameras": cameras, "max_fps": min(hello.max_fps, MAX_FPS)})


def frame_message(
    camera: str,
    captured_us: int,
    log_ms: int,
    size: tuple[int, int],
    detections: Mapping[str, Sequence[Detection]],
) -> str:
    """The text that goes before a JPEG. `size`: width, height in pixels."""
    return json.dumps(
        {
            "type": "frame",
            "camera": camera,
            "captured_us": captured_us,
            "log_ms": log_ms,
            "width": size[0],
            "height": size[1],
            "detections": {
                analysis: [found.model_dump(mode="json", exclude_none=True) for found in boxes]
                for analysis, boxes in detections.items()
            },
        },
        separators=(",", ":"),
    )


def gone_message(camera: str) -> str:
    """A camera was deleted."""
    return json.dumps({"type": "gone", "camera": camera}, separators=(",", ":"))
