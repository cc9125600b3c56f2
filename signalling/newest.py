"""The newest picture of each camera and the newest boxes of each analysis: all that signalling remembers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from common.contracts.detection import Detection, DetectionMessage

BOXES_MAX_AGE_MS = 2_000
"""Boxes older than this against the picture would be drawn where nothing is any more."""
_NONE: Mapping[str, DetectionMessage] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Picture:
    """One frame as it came from the log. `arrived_s`: monotonic seconds here. `log_ms`: the broker's time."""

    camera: str
    partition: int
    offset: int
    captured_us: int
    log_ms: int
    width: int
    height: int
    arrived_s: float
    jpeg: bytes = field(repr=False)


class Newest:
    """Written by the feed's thread, read by any: every write replaces one dictionary entry, so nobody needs a lock.

    Bounded by the number of cameras: the feed puts nothing of a camera that does not exist and forgets deleted ones.
    """

    def __init__(self) -> None:
        self._pictures: dict[str, Picture] = {}
        self._boxes: dict[str, Mapping[str, DetectionMessage]] = {}

    def put_picture(self, picture: Picture) -> None:
        self._pictures[picture.camera] = picture

    def put_boxes(self, message: DetectionMessage) -> None:
        """Keep what an analysis found, unless something newer of it is known: a replay sends old ones again."""
        known = self._boxes.get(message.camera, _NONE)
        before = known.get(message.analysis)
        if before is None or before.log_ms <= message.log_ms:
            self._boxes[message.camera] = {**known, message.analysis: message}

    def forget(self, camera: str) -> None:
        self._pictures.pop(camera, None)
        self._boxes.pop(camera, None)

    def picture(self, camera: str) -> Picture | None:
        return self._pictures.get(camera)

    def boxes_for(self, picture: Picture) -> dict[str, tuple[Detection, ...]]:
        """What each analysis found at most 2 s before `picture` (by the log's time), or in a newer one."""
        known = self._boxes.get(picture.camera, _NONE)
        since_ms = picture.log_ms - BOXES_MAX_AGE_MS
        return {analysis: message.detections for analysis, message in known.items() if message.log_ms >= since_ms}
