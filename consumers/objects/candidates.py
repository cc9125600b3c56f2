"""What a network proposes in one picture, and thinning it out."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

OVERLAP_MAX = 0.5
"""Of two boxes of one class that share more (intersection over union) the surer one stays."""
CANDIDATES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Candidates:
    """`boxes`: n x 4, x, y, width, height in pixels of the network's picture; `scores`: n; `classes`: n, places in the
    list of labels."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]

    def surest(self, score_min: float) -> "Candidates":
        """Those from `score_min`, at most 1,000, surest first; without what is no number."""
        sound = np.isfinite(self.boxes).all(axis=1) & (self.scores >= score_min)
        places = np.flatnonzero(sound)
        places = places[np.argsort(-self.scores[places], kind="stable")][:CANDIDATES_MAX]
        return Candidates(self.boxes[places], self.scores[places], self.classes[places])

    def thinned(self) -> "Candidates":
        """One box for each thing, surest first (greedy non-maximum suppression, each class on its own)."""
        if len(self.scores) == 0:
            return self
        kept = cv2.dnn.NMSBoxesBatched(
            self.boxes.tolist(), self.scores.tolist(), self.classes.astype(np.int32).tolist(), 0.0, OVERLAP_MAX
        )
        places = np.sort(np.asarray(kept, np.int64).flatten())
        return Candidates(self.boxes[places], self.scores[places], self.classes[places])


def from_corners(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """x1, y1, x2, y2 to x, y, width, height; n x 4."""
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)


def from_centres(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centre x, centre y, width, height to x, y, width, height; n x 4."""
    return np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, 2:]], axis=1)
