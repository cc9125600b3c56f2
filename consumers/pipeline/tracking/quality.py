"""Which moment of a track shows it best: what the sighting's box, time and crop are taken from."""

import math

from common.contracts.detection import Detection

BETTER_BY = 1.05
"""A later moment must be better by this factor: steady tracks would otherwise cut a new crop from every frame."""


def quality_of(detection: Detection) -> float:
    """Confidence times the side of the box: a large sure face beats a small sure one and a large doubtful one."""
    return detection.score * math.sqrt(max(0, detection.box[2]) * max(0, detection.box[3]))


def is_better(candidate: float, best: float | None) -> bool:
    """Whether a moment of quality `candidate` replaces the best one so far."""
    return best is None or candidate > best * BETTER_BY
