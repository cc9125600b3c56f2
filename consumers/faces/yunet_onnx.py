"""YuNet by ONNX Runtime (Wu, Peng, Yu: YuNet, a tiny millisecond-level face detector, 2023).

Half the CPU of OpenCV's own way of running it. The file has to be the one made for 320 x 320; the network takes any
size, so a picture costs no more than what it fills: four fifths of the square at 4:3, three fifths at 16:9.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from common.model_registry import YUNET_320, ModelFile, verified_bytes
from consumers.faces.face import SMALLEST_SIDE, Face, clipped_box
from consumers.faces.scaling import shrunk
from consumers.inference.onnx_file import with_free_sides
from consumers.inference.onnx_session import input_name, make_session
from consumers.pipeline.analysis import Picture

SIDE = 320
STRIDES = (8, 16, 32)
UNIT = 32
"""Sides that go into the network are a multiple of this."""
SCORE_MIN = 0.6
OVERLAP_MAX = 0.3
CANDIDATES_MAX = 500
LANDMARKS = 5


class YuNetOnnx:
    """Thread-safe; releases the interpreter lock while it works. 3 to 4 ms of CPU a picture."""

    def __init__(self) -> None:
        self._session = make_session(with_free_sides(verified_bytes(YUNET_320)))
        self._input = input_name(self._session)
        names = [str(one.name) for one in self._session.get_outputs()]
        self._wanted = [f"{part}_{stride}" for stride in STRIDES for part in ("cls", "obj", "bbox", "kps")]
        missing = [name for name in self._wanted if name not in names]
        if missing:  # pragma: no cover - its digest says that they are there
            raise ValueError(f"{YUNET_320.name} lacks {missing[0]}")

    @property
    def source(self) -> ModelFile:
        return YUNET_320

    def find(self, picture: Picture) -> list[Face]:
        small, scale = shrunk(picture, SIDE)
        if min(small.shape[:2]) < SMALLEST_SIDE:
            return []
        boxes, points, scores = self._candidates(small)
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), SCORE_MIN, OVERLAP_MAX, top_k=CANDIDATES_MAX)
        faces = []
        for place in np.asarray(kept, int).flatten():
            x, y, width, height = (float(value) / scale for value in boxes[place])
            box = clipped_box(x, y, width, height, picture)
            if box is not None:
                landmarks = tuple((float(px) / scale, float(py) / scale) for px, py in points[place])
                faces.append(Face(box, min(1.0, float(scores[place])), landmarks))
        return sorted(faces, key=lambda face: -face.score)

    def _candidates(self, small: Picture) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Boxes (x, y, w, h), n x 4, landmarks, n x 5 x 2, and scores, n, in pixels of the small picture."""
        below, beside = -small.shape[0] % UNIT, -small.shape[1] % UNIT
        if below or beside:
            small = np.asarray(cv2.copyMakeBorder(small, 0, below, 0, beside, cv2.BORDER_CONSTANT), np.uint8)
        answers = self._session.run(self._wanted, {self._input: cv2.dnn.blobFromImage(small)})
        boxes, points, scores = [], [], []
        for place, stride in enumerate(STRIDES):
            classes, objects, offsets, marks = (np.asarray(one)[0] for one in answers[4 * place : 4 * place + 4])
            # Both are sigmoids; the root, their mean, is taken of the few that count.
            product = classes[:, 0] * objects[:, 0]
            sure = np.flatnonzero(product >= SCORE_MIN * SCORE_MIN)
            columns = small.shape[1] // stride
            corners = np.stack([sure % columns, sure // columns], axis=1).astype(np.float32)
            middles = (corners + offsets[sure, :2]) * stride
            sizes = np.exp(np.minimum(offsets[sure, 2:], 10.0)) * stride
            boxes.append(np.concatenate([middles - sizes / 2, sizes], axis=1))
            points.append((marks[sure].reshape(-1, LANDMARKS, 2) + corners[:, None]) * stride)
            scores.append(np.sqrt(product[sure]))
        return (
            np.concatenate(boxes).astype(np.float32),
            np.concatenate(points).astype(np.float32),
            np.concatenate(scores).astype(np.float32),
        )
