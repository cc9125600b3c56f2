"""The seam behind which a detector of objects or people stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from common.contracts.detection import Box, ModelInfo
from consumers.pipeline.analysis import Picture


@dataclass(frozen=True, slots=True)
class Found:
    """`box` lies within the picture, in its pixels."""

    box: Box
    label: str
    score: float


class ObjectDetector(Protocol):
    """Thread-safe: one instance serves all pool threads at once. Takes 10 to 40 ms of CPU a picture."""

    @property
    def model(self) -> ModelInfo: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def waits(self) -> bool:
        """Whether another device does the work (`consumers.pipeline.analysis.WaitsElsewhere`)."""
        ...

    def find(self, pictures: Sequence[Picture], score_min: float) -> list[list[Found]]:
        """Things of each picture from `score_min`, surest first. Any picture of at least 1 x 1 gives a result."""
        ...


def clipped(x: float, y: float, width: float, height: float, picture: Picture) -> Box | None:
    """Whole pixels inside the picture; None when less than one is inside."""
    left, top = max(0, round(x)), max(0, round(y))
    right, bottom = min(picture.shape[1], round(x + width)), min(picture.shape[0], round(y + height))
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None
