"""The registry entry of `emotion`. Cheap to import: models and OpenCV are loaded when the analyzer is built."""

from collections.abc import Mapping, Sequence
from typing import Any

from common.contracts.camera_settings import DEFAULT_EVERY_MS, EMOTION
from common.contracts.detection import Detection
from common.model_registry import FER_EMOTION
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer, Picture, Tracker


def _build_analyzer(options: Mapping[str, Any]) -> Analyzer:
    from consumers.emotion.analyzer import build_analyzer  # noqa: PLC0415

    return build_analyzer(options)


def _build_tracker() -> Tracker:
    from consumers.emotion.tracker import EmotionTracker  # noqa: PLC0415

    return EmotionTracker()


def _draw(picture: Picture, detections: Sequence[Detection]) -> None:
    from consumers.emotion.drawing import draw_faces  # noqa: PLC0415

    draw_faces(picture, detections)


DEFINITION = AnalysisDefinition(
    name=EMOTION,
    title="Faces and emotions",
    kinds=("face",),
    default_every_ms=DEFAULT_EVERY_MS[EMOTION],
    build_analyzer=_build_analyzer,
    build_tracker=_build_tracker,
    draw=_draw,
    health_port=8102,
    options={"detector": "auto"},
    models={FER_EMOTION.name: {"network": None}},
    own_model={},
)
