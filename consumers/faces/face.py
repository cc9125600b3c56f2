"""A found face, and the seam every face detector fulfils."""

from dataclasses import dataclass
from typing import Protocol

from common.contracts.detection import Box
from common.model_registry import ModelFile
from consumers.pipeline.analysis import Picture

Point = tuple[float, float]
SMALLEST_SIDE = 16
"""Pictures with a shorter side in pixels hold no face that a net could read; detectors answer none without looking."""


@dataclass(frozen=True, slots=True)
class Face:
    """`box` lies within the picture. `landmarks`: right eye, left eye, nose tip, then mouth, as the person sees them;
    pixels; empty when the detector has none."""

    box: Box
    score: float
    landmarks: tuple[Point, ...] = ()


class FaceDetector(Protocol):
    """Thread-safe: one instance serves all pool threads at once. May take tens of milliseconds of CPU."""

    @property
    def source(self) -> ModelFile: ...

    def find(self, picture: Picture) -> list[Face]:
        """Faces of one BGR picture, surest first. Any picture of at least 1 x 1 gives a result."""
        ...


def clipped_box(x: float, y: float, width: float, height: float, picture: Picture) -> Box | None:
    """Whole pixels inside the picture; None when nothing of the box is inside."""
    left, top = max(0, round(x)), max(0, round(y))
    right, bottom = min(picture.shape[1], round(x + width)), min(picture.shape[0], round(y + height))
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None
