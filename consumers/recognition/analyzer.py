"""Pictures in, faces with names out."""

import os
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from common.contracts.detection import Detection, ModelInfo
from common.model_registry import REPOSITORY, VAR_DIR_VARIABLE, joined
from consumers.faces.choice import choose_detector
from consumers.faces.face import Face, FaceDetector
from consumers.pipeline.analysis import Picture
from consumers.recognition.alignment import aligned
from consumers.recognition.embedder import Embedder, Embedding
from consumers.recognition.gallery import Gallery, KnownFaces
from consumers.recognition.options import RecognitionOptions, read_options

KIND = "face"
UNKNOWN = "unknown"
NEAREST_MAX = 5
RELOAD_S = 5.0
"""Who was deleted is named for at most this long."""


class FaceReader:
    """Faces of a picture as vectors. Thread-safe."""

    def __init__(self, detector: FaceDetector, embedder: Embedder, faces_max: int) -> None:
        self._detector = detector
        self.embedder = embedder
        self._faces_max = faces_max

    @property
    def model(self) -> ModelInfo:
        return joined(self._detector.source, self.embedder.source)

    def read(self, picture: Picture) -> list[tuple[Face, Embedding]]:
        faces = self._detector.find(picture)[: self._faces_max]
        crops = [aligned(picture, face, self.embedder.side) for face in faces]
        return list(zip(faces, self.embedder.embed(crops), strict=True))


class RecognitionAnalyzer:
    """Implements `consumers.pipeline.analysis.Analyzer`. `scores`: how near the nearest people are, 1 less the cosine
    distance. Thread-safe; the gallery is read anew every few seconds."""

    def __init__(self, reader: FaceReader, gallery: Gallery, distance_max: float) -> None:
        self._reader = reader
        self._gallery = gallery
        self._distance_max = distance_max
        self._lock = threading.Lock()  # guards the two below: one thread reads the gallery, the others go on
        self._known = self._load()
        self._loaded_s = time.monotonic()

    @property
    def model(self) -> ModelInfo:
        return self._reader.model

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        known = self._current()
        return [[self._named(known, *one) for one in self._reader.read(picture)] for picture in pictures]

    def _named(self, known: KnownFaces, face: Face, embedding: Embedding) -> Detection:
        nearest = known.nearest(embedding, NEAREST_MAX)
        scores = {match.name: round(min(1.0, max(0.0, 1 - match.distance)), 4) for match in nearest}
        label, score = decided(scores, self._distance_max)
        return Detection(
            box=face.box, kind=KIND, label=label, score=face.score if score is None else score, scores=scores or None
        )

    def _current(self) -> KnownFaces:
        with self._lock:
            if time.monotonic() - self._loaded_s >= RELOAD_S:
                self._known, self._loaded_s = self._load(), time.monotonic()
            return self._known

    def _load(self) -> KnownFaces:
        return KnownFaces(self._gallery.people(), self._reader.embedder.source.sha256)


def decided(scores: Mapping[str, float], distance_max: float) -> tuple[str, float | None]:
    """The name, or `unknown`, and how near the nearest person is; None where nobody is enrolled."""
    if not scores:
        return UNKNOWN, None
    best = max(scores, key=lambda name: scores[name])
    return (best if 1 - scores[best] <= distance_max else UNKNOWN), scores[best]


def gallery_folder(environment: Mapping[str, str] | None = None) -> Path:
    """`gallery` in the var folder."""
    named = (os.environ if environment is None else environment).get(VAR_DIR_VARIABLE)
    return (Path(named) if named else REPOSITORY / "var") / "gallery"


def build_reader(options: RecognitionOptions) -> FaceReader:
    """Loads the models. Raises ConfigurationError for a missing or altered file."""
    return FaceReader(choose_detector(options.detector), Embedder(options.network), options.faces_max)


def build_analyzer(options: Mapping[str, Any]) -> RecognitionAnalyzer:
    """Raises ConfigurationError for a bad option and a missing or altered file."""
    checked = read_options(options)
    return RecognitionAnalyzer(build_reader(checked), Gallery(gallery_folder()), checked.distance_max)
