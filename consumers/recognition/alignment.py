"""Brings faces into the place and size in which embedding networks learnt to see them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from consumers.faces.face import Face
from consumers.pipeline.analysis import Picture

POINTS = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)], np.float32
)
"""Both eyes, nose tip, mouth corners in a picture of 112 x 112 (Deng et al., ArcFace, 2019)."""
POINTS_SIDE = 112
GROW = 1.2
"""Of the box, where a detector gives no five points."""


def aligned(picture: Picture, face: Face, side: int) -> Picture:
    """The face as `side` x `side` x 3 uint8, BGR; turned upright where its five points are known."""
    if len(face.landmarks) == len(POINTS):
        seen = np.array(sorted_points(face), np.float32)
        matrix = similarity(seen, POINTS * (side / POINTS_SIDE))
    else:
        x, y, width, height = face.box
        scale = side / (max(width, height) * GROW)
        shift_x, shift_y = side / 2 - scale * (x + width / 2), side / 2 - scale * (y + height / 2)
        matrix = np.array([[scale, 0, shift_x], [0, scale, shift_y]], np.float32)
    return np.asarray(cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR), np.uint8)


def sorted_points(face: Face) -> list[tuple[float, float]]:
    """Eyes, nose, mouth corners; of each pair first the one on the left of the picture."""
    eyes, mouth = sorted(face.landmarks[:2]), sorted(face.landmarks[3:5])
    return [*eyes, face.landmarks[2], *mouth]


def similarity(source: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float32]:
    """The turn, scale and shift that bring n points nearest to n others, 2 x 3 (Umeyama, 1991)."""
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    from_mean, to_mean = source - source_mean, target - target_mean
    left, stretch, right = np.linalg.svd(to_mean.T @ from_mean / len(source))
    signs = np.array([1.0, np.sign(np.linalg.det(left) * np.linalg.det(right)) or 1.0])
    turn = left @ np.diag(signs) @ right
    variance = float((from_mean**2).sum() / len(source))
    scale = float((stretch * signs).sum()) / max(variance, 1e-9)
    shift = target_mean - scale * turn @ source_mean
    return np.concatenate([scale * turn, shift[:, None]], axis=1).astype(np.float32)
