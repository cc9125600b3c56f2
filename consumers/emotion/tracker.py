"""Faces over a window: scores are smoothed over each track, and the label follows the smoothed scores."""

from collections.abc import Sequence

from common.contracts.detection import Detection, Sighting
from consumers.emotion.labels import best_label, decided
from consumers.pipeline.tracking.tracker import BoxTracker, TrackerSettings

SETTINGS = TrackerSettings(smoothing_ms=400.0)


class EmotionTracker:
    """Implements `consumers.pipeline.analysis.Tracker`. One per window; one thread at a time."""

    def __init__(self, settings: TrackerSettings = SETTINGS) -> None:
        self._boxes = BoxTracker(settings)

    def update(self, pts_ms: int, captured_us: int, detections: Sequence[Detection]) -> list[Detection]:
        # A single picture may be `unsure`; the vote is over the seven scores.
        plain = [_with_best_label(seen) for seen in detections]
        return [_with_decision(seen) for seen in self._boxes.update(pts_ms, captured_us, plain)]

    def carry(self, pts_ms: int, captured_us: int) -> list[Detection]:
        return [_with_decision(seen) for seen in self._boxes.carry(pts_ms, captured_us)]

    def sightings(self) -> list[Sighting]:
        return [_decided_sighting(sighting) for sighting in self._boxes.sightings()]


def _with_best_label(seen: Detection) -> Detection:
    if not seen.scores:
        return seen
    label, score = best_label(seen.scores)
    return seen.model_copy(update={"label": label, "score": score})


def _with_decision(seen: Detection) -> Detection:
    if not seen.scores:
        return seen
    label, score = decided(seen.scores)
    return seen.model_copy(update={"label": label, "score": score})


def _decided_sighting(sighting: Sighting) -> Sighting:
    if not sighting.scores:
        return sighting
    label, score = decided(sighting.scores)
    return sighting.model_copy(update={"label": label, "confidence": score})
