"""Plates over a window: text by votes of every character, one sighting for each passage."""

from collections.abc import Sequence

from common.contracts.detection import Detection, Sighting
from consumers.pipeline.tracking.tracker import BoxTracker, TrackerSettings

SETTINGS = TrackerSettings(lost_after_ms=3_000, carry_ms=1_500)
"""Plates are searched every 500 ms by default, and something hides a passing one for a second or two."""
NEAR_GAP_US = 5_000_000
"""Two tracks whose texts differ by one character are one car when at most this lies between them."""
SURE_ALONE = 0.85
"""A text that was read on one picture only is a sighting from this confidence."""


class PlateTracker:
    """Implements `consumers.pipeline.analysis.Tracker`. One per window; one thread at a time."""

    def __init__(self, settings: TrackerSettings = SETTINGS) -> None:
        self._boxes = BoxTracker(settings)

    def update(self, pts_ms: int, captured_us: int, detections: Sequence[Detection]) -> list[Detection]:
        return self._boxes.update(pts_ms, captured_us, detections)

    def carry(self, pts_ms: int, captured_us: int) -> list[Detection]:
        return self._boxes.carry(pts_ms, captured_us)

    def sightings(self) -> list[Sighting]:
        """In order of first appearance. A car that was lost and found again within the window is one passage."""
        passages: list[Sighting] = []
        # The best read first: a doubtful reading joins a sure one and never the other way round.
        for found in sorted(self._boxes.sightings(), key=lambda one: (-_weight(one), one.n)):
            place = next((n for n, known in enumerate(passages) if _is_same_passage(known, found)), None)
            if place is None:
                passages.append(found)
            else:
                passages[place] = _joined(passages[place], found)
        kept = [one for one in passages if one.frames > 1 or one.confidence >= SURE_ALONE]
        kept.sort(key=lambda one: (one.first_us, one.n))
        return [one.model_copy(update={"n": n}) for n, one in enumerate(kept)]


def _weight(sighting: Sighting) -> float:
    return sighting.frames * sighting.confidence


def _is_same_passage(known: Sighting, found: Sighting) -> bool:
    if known.text is None or found.text is None:
        return False
    if known.text == found.text:
        return True
    gap_us = max(found.first_us - known.last_us, known.first_us - found.last_us)
    return gap_us <= NEAR_GAP_US and differs_by_one(known.text, found.text)


def _joined(known: Sighting, found: Sighting) -> Sighting:
    times = {"first_us": min(known.first_us, found.first_us), "last_us": max(known.last_us, found.last_us)}
    return known.model_copy(update=times | {"frames": known.frames + found.frames})


def differs_by_one(a: str, b: str) -> bool:
    """Whether one character exchanged, added or left out makes one text the other (equal texts do not differ)."""
    if abs(len(a) - len(b)) > 1 or a == b:
        return False
    start = next((place for place, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    if len(a) == len(b):
        return a[start + 1 :] == b[start + 1 :]
    shorter, longer = sorted((a, b), key=len)
    return longer[start + 1 :] == shorter[start:]
