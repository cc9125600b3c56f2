"""libfacedetection as the `yuface` package brings it: compiled weights, no file to fetch.

Its library is called by ctypes, which gives the interpreter lock away meanwhile. The package's own module keeps it, so
that two threads found no more faces than one.
"""

import ctypes
import threading
from importlib import metadata

import numpy as np
from numpy.typing import NDArray

from common.errors import ConfigurationError
from common.model_registry import LIBFACEDETECTION, ModelFile, find, verified_bytes
from consumers.faces.face import SMALLEST_SIDE, Face, clipped_box
from consumers.faces.scaling import shrunk
from consumers.pipeline.analysis import Picture

LONG_SIDE = 320
SCORE_MIN = 70
"""Percent. A fox scores 63, a shoulder 52; the least sure true face of the labelled stills 77."""
SYMBOL = "_Z14facedetect_cnnPhS_iii"
"""`int* facedetect_cnn(unsigned char* buffer, unsigned char* bgr, int width, int height, int step)` as C++ names it."""
BUFFER_BYTES = 0x9000
"""What the library demands (facedetectcnn.h): a count and up to 256 faces."""
FACES_MOST = 256
NUMBERS = 16
"""Of a face, each 16 bits: percent, x, y, width, height, five points, and one of no use."""


class LibFaceDetection:
    """Thread-safe, and threads gain from it."""

    def __init__(self) -> None:
        verified_bytes(LIBFACEDETECTION)
        path = find(LIBFACEDETECTION)
        try:
            self._detect = getattr(ctypes.CDLL(str(path)), SYMBOL)
        except (OSError, AttributeError) as error:
            raise ConfigurationError("The package yuface is damaged. Get it with: make setup") from error
        self._detect.restype = ctypes.c_void_p
        self._detect.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int]
        self._own = threading.local()
        self._openmp = _openmp_of_yuface()
        self._rows(np.zeros((64, 64, 3), np.uint8))  # it unpacks its weights at the first call, without a lock

    @property
    def source(self) -> ModelFile:
        return LIBFACEDETECTION

    def find(self, picture: Picture) -> list[Face]:
        small, scale = shrunk(picture, LONG_SIDE)
        if min(small.shape[:2]) < SMALLEST_SIDE:
            return []
        faces = []
        for row in self._rows(np.ascontiguousarray(small)):
            if row[0] < SCORE_MIN:
                continue
            x, y, width, height = (float(value) / scale for value in row[1:5])
            box = clipped_box(x, y, width, height, picture)
            if box is not None:
                points = tuple((float(px) / scale, float(py) / scale) for px, py in row[5:15].reshape(5, 2))
                faces.append(Face(box, min(1.0, float(row[0]) / 100), points))
        return sorted(faces, key=lambda face: -face.score)

    def _rows(self, picture: Picture) -> NDArray[np.int16]:
        """n x 16, one row a face. `picture` is contiguous."""
        self._use_one_thread()
        buffer = np.zeros(BUFFER_BYTES, np.uint8)
        height, width = picture.shape[:2]
        if self._detect(buffer.ctypes.data, picture.ctypes.data, width, height, width * 3) is None:
            return np.empty((0, NUMBERS), np.int16)
        count = min(FACES_MOST, max(0, int(buffer[:4].view(np.int32)[0])))
        return buffer[4 : 4 + count * NUMBERS * 2].view(np.int16).reshape(count, NUMBERS)

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
