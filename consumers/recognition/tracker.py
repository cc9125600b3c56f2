"""Faces over a window: how near people are is smoothed over each track, and the name follows what was smoothed."""

from collections.abc import Sequence

from common.contracts.detection import Detection, Sighting
from consumers.pipeline.tracking.tracker import BoxTracker, TrackerSettings
from consumers.recognition.analyzer import UNKNOWN, decided

SETTINGS = TrackerSettings(smoothing_ms=800.0)


class RecognitionTracker:
    """Implements `consumers.pipeline.analysis.Tracker`. One per window; one thread at a time."""

    def __init__(self, distance_max: float) -> None:
        self._boxes = BoxTracker(SETTINGS)
        self._distance_max = distance_max

    def update(self, pts_ms: int, captured_us: int, detections: Sequence[Detection]) -> list[Detection]:
        return [self._named(seen) for seen in self._boxes.update(pts_ms, captured_us, detections)]

    def carry(self, pts_ms: int, captured_us: int) -> list[Detection]:
        return [self._named(seen) for seen in self._boxes.carry(pts_ms, captured_us)]

    def sightings(self) -> list[Sighting]:
        settled = []
        for sighting in self._boxes.sightings():
            label, score = decided(_scores_of(sighting), self._distance_max)
            changed = {"label": label} | ({"confidence": score} if score is not None else {})
            settled.append(sighting.model_copy(update=changed))
        return settled

    def _named(self, seen: Detection) -> Detection:
        label, score = decided(seen.scores or {}, self._distance_max)
        changed = {"label": label} | ({"score": score} if score is not None else {})
        return seen.model_copy(update=changed)


def _scores_of(sighting: Sighting) -> dict[str, float]:
    """A sighting with a single label has no scores of its own: its confidence is that label's."""
    if sighting.scores:
        return sighting.scores
    return {} if sighting.label in (None, UNKNOWN) else {str(sighting.label): sighting.confidence}
