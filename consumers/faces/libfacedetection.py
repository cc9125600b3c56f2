"""libfacedetection as the `yuface` package brings it: compiled weights, no file to fetch."""

import ctypes
import threading
from importlib import metadata, util

import numpy as np

from common.errors import ConfigurationError
from common.model_registry import LIBFACEDETECTION, ModelFile, verified_bytes
from consumers.faces.face import SMALLEST_SIDE, Face, clipped_box
from consumers.faces.scaling import shrunk
from consumers.pipeline.analysis import Picture

LONG_SIDE = 320
SCORE_MIN = 70
"""Percent. A fox scores 63, a shoulder 52; the least sure true face of the labelled stills 77."""


class LibFaceDetection:
    """Thread-safe. Holds the interpreter lock while it works (8 ms): threads gain nothing from it."""

    def __init__(self) -> None:
        verified_bytes(LIBFACEDETECTION)
        if util.find_spec("yuface") is None:  # pragma: no cover - the file above is part of it
            raise ConfigurationError("The package yuface is damaged. Get it with: make setup")
        from yuface import yuface  # noqa: PLC0415 - loads a library; only once its bytes are verified

        self._detect = yuface.detect
        self._own = threading.local()
        self._openmp = _openmp_of_yuface()

    @property
    def source(self) -> ModelFile:
        return LIBFACEDETECTION

    def find(self, picture: Picture) -> list[Face]:
        small, scale = shrunk(picture, LONG_SIDE)
        if min(small.shape[:2]) < SMALLEST_SIDE:
            return []
        self._use_one_thread()
        faces = []
        for row in np.asarray(self._detect(np.ascontiguousarray(small))):
            if row[0] < SCORE_MIN:
                continue
            x, y, width, height = (float(value) / scale for value in row[1:5])
            box = clipped_box(x, y, width, height, picture)
            if box is not None:
                points = tuple((float(px) / scale, float(py) / scale) for px, py in row[5:15].reshape(5, 2))
                faces.append(Face(box, min(1.0, float(row[0]) / 100), points))
        return sorted(faces, key=lambda face: -face.score)

    def _use_one_thread(self) -> None:
        # The library splits every picture over all cores with OpenMP, whose threads then spin between pictures; the
        # number is kept by OpenMP for each calling thread.
        if self._openmp is not None and not getattr(self._own, "is_limited", False):
            self._openmp.omp_set_num_threads(1)
            self._own.is_limited = True


def _openmp_of_yuface() -> ctypes.CDLL | None:
    """The OpenMP runtime that the wheel brings, already loaded; None when it brings none."""
    for file in metadata.files("yuface") or ():
        if file.name.startswith("libgomp"):
            return ctypes.CDLL(str(file.locate()))
    return None
