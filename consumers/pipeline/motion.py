"""Whether anything moved in a camera's picture since it was last searched: then a search would say nothing new.

A small grey copy of each picture is compared with a running average of the copies since the last search, which is also
the first of them. State is one window's, in the ordered stage, so a replay decides alike.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from consumers.pipeline.analysis import GateSettings, Picture

SIDE = 160
"""Longer side of the compared copy. 0.3 ms of CPU for a picture of 640 x 480."""
LEARNING = 0.05
"""Share of a new copy in the average: noise goes, slow changes of light are followed."""


class MotionGate:
    """One per window; one thread at a time. The first picture of a window always passes."""

    def __init__(self, settings: GateSettings) -> None:
        self._settings = settings
        self._average: NDArray[np.float32] | None = None
        self._searched_pts_ms = 0

    def lets_pass(self, picture: Picture, pts_ms: int) -> bool:
        """Whether the picture is to be searched. Pictures come in order; one that passes counts as searched."""
        copy = _small(picture)
        is_due = pts_ms - self._searched_pts_ms >= self._settings.most_ms
        average = self._average
        if average is None or average.shape != copy.shape or is_due or self._moved(copy, average):
            self._average, self._searched_pts_ms = copy, pts_ms
            return True
        cv2.accumulateWeighted(copy, average, LEARNING)
        return False

    def _moved(self, copy: NDArray[np.float32], average: NDArray[np.float32]) -> bool:
        changed = np.abs(copy - average) > self._settings.difference
        return int(np.count_nonzero(changed)) >= max(1.0, self._settings.share * copy.size)


def _small(picture: Picture) -> NDArray[np.float32]:
    height, width = picture.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    grey = cv2.blur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (3, 3))
    return np.asarray(grey, np.float32)
