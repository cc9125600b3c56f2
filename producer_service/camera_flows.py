"""What comes from each camera: when last, how many frames a second, how far its clock is off."""

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from statistics import median

from common.contracts.consumer_status import CameraFlow
from common.contracts.frame import CapturedFlag, FrameHeaders

FRAMES_KEPT = 64
"""Of one camera: what a rate and a skew are made of."""
RATE_OVER_US = 10_000_000
"""A rate is that of so long before the newest frame, or of the newest two where a camera is slower."""
CAMERAS_MAX = 1_000
"""Beyond, the camera that has been silent for longest is forgotten."""


@dataclass(slots=True)
class _Recent:
    taken_us: deque[int] = field(default_factory=lambda: deque(maxlen=FRAMES_KEPT))
    skews_us: deque[int] = field(default_factory=lambda: deque(maxlen=FRAMES_KEPT))


class CameraFlows:
    """Written by request threads at each frame, read by the status thread. Safe on any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the table
        self._recent: OrderedDict[str, _Recent] = OrderedDict()

    def note(self, camera: str, frame: FrameHeaders) -> None:
        """A frame was taken."""
        with self._lock:
            recent = self._recent.setdefault(camera, _Recent())
            self._recent.move_to_end(camera)
            recent.taken_us.append(frame.ingested_at_us)
            if frame.captured_flag is None:
                recent.skews_us.append(frame.captured_at_us - frame.ingested_at_us)
            elif frame.captured_flag is CapturedFlag.ABSENT:
                recent.skews_us.clear()
            if len(self._recent) > CAMERAS_MAX:
                self._recent.popitem(last=False)

    def all(self) -> tuple[CameraFlow, ...]:
        """The longest silent first."""
        with self._lock:
            copies = [(camera, list(r.taken_us), list(r.skews_us)) for camera, r in self._recent.items()]
        return tuple(
            CameraFlow(
                camera=camera,
                last_us=max(taken_us),
                frames_per_s=frames_per_s(taken_us),
                skew_us=round(median(skews_us)) if skews_us else None,
            )
            for camera, taken_us, skews_us in copies
        )


def frames_per_s(taken_us: list[int]) -> float | None:
    """Of frames taken at these times; None when that says nothing."""
    times = sorted(taken_us)
    if len(times) < 2:
        return None
    recent = [one for one in times if one >= times[-1] - RATE_OVER_US]
    if len(recent) < 2:
        recent = times[-2:]
    span_us = recent[-1] - recent[0]
    return round((len(recent) - 1) * 1_000_000 / span_us, 2) if span_us > 0 else None
