"""468 points of a face by MediaPipe's face mesh, run by LiteRT; 68 and 5 points are chosen from them by index.

Kartynnik et al., Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs, 2019.
"""

import math
from collections.abc import Sequence
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from common.model_registry import MEDIAPIPE_MESH, ModelFile, verified_bytes
from consumers.faces.face import Face
from consumers.inference.litert import BatchInterpreter
from consumers.pipeline.analysis import Picture

SIDE = 192
POINTS = 468
GROW = 1.5
"""The net sees a square around the face, so many times as large as the box's longer side."""
BATCH_MAX = 8


class Detail(IntEnum):
    """How many points of a face are wanted."""

    NONE = 0
    FIVE = 5
    SIXTY_EIGHT = 68
    ALL = 468


SIXTY_EIGHT: tuple[int, ...] = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,  # jaw, from the picture's left
    71, 63, 105, 66, 107, 336, 296, 334, 293, 301,  # brows
    168, 197, 5, 4, 75, 97, 2, 326, 305,  # nose: its ridge, then its wings
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,  # lips, outside
    78, 82, 13, 312, 308, 317, 14, 87,  # lips, inside
)  # fmt: skip
"""In the order of the 68-point scheme (Sagonas et al., 300 Faces in-the-Wild Challenge, 2013)."""
EYE_CORNERS = ((33, 133), (362, 263))
NOSE_TIP, MOUTH_CORNERS = 4, (61, 291)


class FaceMesh:
    """Thread-safe. 3 ms of CPU a face."""

    def __init__(self) -> None:
        self._net = BatchInterpreter(verified_bytes(MEDIAPIPE_MESH))

    @property
    def source(self) -> ModelFile:
        return MEDIAPIPE_MESH

    def find(self, picture: Picture, faces: Sequence[Face]) -> list[NDArray[np.float32]]:
        """468 x 2 points of each face, in pixels of the picture; they may lie outside it."""
        meshes: list[NDArray[np.float32]] = []
        for at in range(0, len(faces), BATCH_MAX):
            matrices = [_into_square(face) for face in faces[at : at + BATCH_MAX]]
            squares = [
                cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                for matrix in matrices
            ]
            values = np.stack(squares)[..., ::-1].astype(np.float32) * np.float32(1 / 255)
            for matrix, row in zip(matrices, self._points(np.asarray(values, np.float32)), strict=True):
                back = cv2.invertAffineTransform(matrix)
                meshes.append(np.asarray(row @ back[:, :2].T + back[:, 2], np.float32))
        return meshes

    def _points(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        answers = self._net.run(values)
        (mesh,) = (one for one in answers if one.size == len(values) * POINTS * 3)
        return mesh.reshape(len(values), POINTS, 3)[..., :2]


def chosen(mesh: NDArray[np.float32], detail: Detail) -> NDArray[np.float32]:
    """As many points of a mesh as are wanted, n x 2. Five: eyes (middle), nose tip, mouth corners; of each pair first
    the one on the picture's left."""
    if detail is Detail.ALL:
        return mesh
    if detail is Detail.SIXTY_EIGHT:
        return np.asarray(mesh[list(SIXTY_EIGHT)])
    if detail is Detail.FIVE:
        eyes = [mesh[list(corners)].mean(axis=0) for corners in EYE_CORNERS]
        return np.stack([*eyes, mesh[NOSE_TIP], *mesh[list(MOUTH_CORNERS)]])
    return np.empty((0, 2), np.float32)


def _into_square(face: Face) -> NDArray[np.float32]:
    """Turns the face upright by its eyes, where they are known, and brings it into the net's square; 2 x 3."""
    x, y, width, height = face.box
    side = max(width, height) * GROW
    angle = 0.0
    if len(face.landmarks) >= 2:
        (ax, ay), (bx, by) = sorted(face.landmarks[:2])
        angle = math.degrees(math.atan2(by - ay, bx - ax))
    middle = (x + width / 2, y + height / 2)
    matrix = np.asarray(cv2.getRotationMatrix2D(middle, angle, SIDE / side), np.float32)
    matrix[:, 2] += SIDE / 2 - np.array(middle, np.float32)
    return matrix
