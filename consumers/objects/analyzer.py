"""Pictures in, objects out."""

from collections.abc import Mapping, Sequence
from typing import Any

from common.contracts.camera_settings import OBJECTS
from common.contracts.detection import Detection, ModelInfo
from consumers.objects.choice import choose_network
from consumers.objects.detector import ObjectDetector
from consumers.objects.options import SCORE_FLOOR, read_detector_options, read_scene_options
from consumers.pipeline.analysis import Picture


class ObjectAnalyzer:
    """Implements `consumers.pipeline.analysis.Analyzer`: stateless, thread-safe.

    Also gives doubtful detections, down to `SCORE_FLOOR`: the tracker takes them where it expects a thing. `label`:
    this class only; None: all.
    """

    def __init__(self, detector: ObjectDetector, kind: str, most: int, label: str | None = None) -> None:
        self._detector = detector
        self._kind = kind
        self._most = most
        self._label = label

    @property
    def model(self) -> ModelInfo:
        return self._detector.model

    @property
    def waits(self) -> bool:
        return self._detector.waits

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        return [
            [
                Detection(box=one.box, kind=self._kind, label=one.label, score=round(one.score, 4))
                for one in found
                if self._label is None or one.label == self._label
            ][: self._most]
            for found in self._detector.find(pictures, SCORE_FLOOR)
        ]


def build_analyzer(options: Mapping[str, Any]) -> ObjectAnalyzer:
    """Loads the model. Raises ConfigurationError for a bad option and a missing or altered file."""
    checked = read_detector_options(options, OBJECTS)
    network = choose_network(checked)
    read_scene_options(options, OBJECTS).wanted(network.labels)
    return ObjectAnalyzer(network, "object", checked.objects_max)
