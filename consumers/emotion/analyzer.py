"""Pictures in, faces with emotions out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.contracts.detection import Box, Detection, ModelInfo
from common.model_registry import joined
from consumers.emotion.labels import decided
from consumers.emotion.network import FerNetwork
from consumers.emotion.onnx_network import OnnxNetwork
from consumers.emotion.options import EmotionOptions, read_options
from consumers.emotion.scorer import EmotionScorer, cut_face
from consumers.faces.choice import choose_detector
from consumers.faces.face import Face, FaceDetector
from consumers.faces.landmarks import Detail, FaceMesh, chosen
from consumers.pipeline.analysis import Picture

KIND = "face"
Points = tuple[tuple[int, int], ...]


class EmotionAnalyzer:
    """Implements `consumers.pipeline.analysis.Analyzer`: stateless, thread-safe."""

    def __init__(
        self, detector: FaceDetector, network: EmotionScorer, options: EmotionOptions, mesh: FaceMesh | None = None
    ) -> None:
        self._detector = detector
        self._network = network
        self._options = options
        self._mesh = mesh

    @property
    def model(self) -> ModelInfo:
        mesh = () if self._mesh is None else (self._mesh.source,)
        return joined(self._detector.source, self._network.source, *mesh)

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """All faces of all pictures go through the network together."""
        found = [self._detector.find(picture)[: self._options.faces_max] for picture in pictures]
        crops = [
            cut_face(picture, face.box, self._network.side)
            for picture, faces in zip(pictures, found, strict=True)
            for face in faces
        ]
        scores = iter(self._network.score(crops))
        return [
            [
                self._detection(face.box, next(scores), points)
                for face, points in zip(faces, self._points(picture, faces), strict=True)
            ]
            for picture, faces in zip(pictures, found, strict=True)
        ]

    def _points(self, picture: Picture, faces: Sequence[Face]) -> list[Points | None]:
        if self._mesh is None:
            return [None] * len(faces)
        meshes = [chosen(mesh, Detail(self._options.landmarks)) for mesh in self._mesh.find(picture, faces)]
        return [tuple((round(x), round(y)) for x, y in mesh.tolist()) for mesh in meshes]

    def _detection(self, box: Box, row: NDArray[np.float32], points: Points | None) -> Detection:
        scores = {
            label: round(float(score), 4) for label, score in zip(self._network.labels, row.tolist(), strict=True)
        }
        label, score = decided(scores)
        return Detection(box=box, kind=KIND, score=score, label=label, scores=scores, points=points)


def build_analyzer(options: Mapping[str, Any]) -> EmotionAnalyzer:
    """Loads the models. Raises ConfigurationError for a bad option and a missing or altered file."""
    checked = read_options(options)
    mesh = FaceMesh() if checked.landmarks else None
    return EmotionAnalyzer(choose_detector(checked.detector), open_network(checked), checked, mesh)


def open_network(options: EmotionOptions) -> EmotionScorer:
    """The shipped network or one's own. Raises ConfigurationError for a missing or altered file."""
    return FerNetwork() if options.network is None else OnnxNetwork(options.network)
