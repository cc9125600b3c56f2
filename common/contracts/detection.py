"""What an analysis found in one picture, and the message of topic `detections`."""

from pydantic import Field

from common.contracts.base import Contract
from common.contracts.track_event import TrackEvent

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels of the picture; x to the right, y downwards, from its upper left corner."""


class Detection(Contract):
    """One thing in one picture. `text` is read (a plate), `label` is classified (an emotion, a COCO class). `points`:
    landmarks (of a face) in pixels of the picture, where they were asked for."""

    box: Box
    kind: str
    score: float = Field(ge=0, le=1)
    label: str | None = None
    text: str | None = None
    scores: dict[str, float] | None = None
    track: int | None = None
    points: tuple[tuple[int, int], ...] | None = None


class DetectionMessage(Contract):
    """One analysed frame, sent before it is drawn. `captured_us`: the camera's claim. `model_ms`: time in the model."""

    v: int = 1
    analysis: str
    camera: str
    session: str
    seq: int
    partition: int
    offset: int
    captured_us: int
    log_ms: int
    width: int
    height: int
    model_ms: float
    detections: tuple[Detection, ...] = ()
    events: tuple[TrackEvent, ...] = ()


class Sighting(Contract):
    """One tracked thing within one clip: what people search.

    `n` counts from 0 within the clip; times are µs of the camera's claim. `at_once`: the most things of the same label
    that were seen together with it, itself included; None where nobody counts.
    """

    n: int
    kind: str
    label: str | None = None
    text: str | None = None
    confidence: float = Field(ge=0, le=1)
    scores: dict[str, float] | None = None
    first_us: int
    last_us: int
    frames: int
    box: Box
    best_pts_ms: int
    track: int
    at_once: int | None = None


class ModelInfo(Contract):
    """Which weights spoke. `sha256` is of the file; several files are joined by `+`."""

    name: str
    version: str
    sha256: str
