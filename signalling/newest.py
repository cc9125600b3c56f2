"""The newest picture of each camera and the newest boxes of each analysis: all that signalling remembers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from common.clock import Clock, SystemClock
from common.contracts.detection import Detection, DetectionMessage

PICTURE_MAX_AGE_S = 60.0
"""A picture that came longer ago is no live picture: nobody is shown it, and it is forgotten."""
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

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
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

    def forget_old(self) -> None:
        """Drop what cameras sent that have fallen silent."""
        for camera, picture in list(self._pictures.items()):
            if self._is_old(picture):
                self.forget(camera)

    def picture(self, camera: str) -> Picture | None:
        """The newest picture of `camera`; None when none has come for a minute."""
        picture = self._pictures.get(camera)
        return None if picture is None or self._is_old(picture) else picture

    def boxes_for(self, picture: Picture) -> dict[str, tuple[Detection, ...]]:
        """What each analysis found at most 2 s before `picture` (by the log's time), or in a newer one."""
        known = self._boxes.get(picture.camera, _NONE)
        since_ms = picture.log_ms - BOXES_MAX_AGE_MS
        return {analysis: message.detections for analysis, message in known.items() if message.log_ms >= since_ms}

    def _is_old(self, picture: Picture) -> bool:
        return self._clock.monotonic_s() - picture.arrived_s > PICTURE_MAX_AGE_S
