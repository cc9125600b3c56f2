"""Plates over a window: one track for each passage, its text by votes of every character."""

from collections.abc import Sequence

from common.contracts.detection import Detection, Sighting
from consumers.pipeline.tracking.tracker import BoxTracker, TrackerSettings

SETTINGS = TrackerSettings(lost_after_ms=3_000, carry_ms=1_500)
"""Plates are searched every 500 ms by default, and a passing car hides one for a second or two."""


class PlateTracker:
    """Implements `consumers.pipeline.analysis.Tracker`. One per window; one thread at a time."""

    def __init__(self, settings: TrackerSettings = SETTINGS) -> None:
        self._boxes = BoxTracker(settings)

    def update(self, pts_ms: int, captured_us: int, detections: Sequence[Detection]) -> list[Detection]:
        return self._boxes.update(pts_ms, captured_us, detections)

    def carry(self, pts_ms: int, captured_us: int) -> list[Detection]:
        return self._boxes.carry(pts_ms, captured_us)

    def sightings(self) -> list[Sighting]:
        return self._boxes.sightings()
