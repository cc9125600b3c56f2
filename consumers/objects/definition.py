"""The registry entry of `objects`. Cheap to import: models and OpenCV are loaded when the analyzer is built."""

from collections.abc import Mapping, Sequence
from typing import Any

from common.contracts.camera_settings import DEFAULT_EVERY_MS, OBJECTS
from common.contracts.detection import Detection
from common.model_registry import FASTESTDET, YOLOX_NANO
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer, CameraView, Picture, Scene, Tracker


def _build_analyzer(options: Mapping[str, Any]) -> Analyzer:
    from consumers.objects.analyzer import build_analyzer  # noqa: PLC0415

    return build_analyzer(options)


def _build_tracker(scene: Scene) -> Tracker:
    from consumers.objects.scene import build_tracker  # noqa: PLC0415

    return build_tracker(scene, OBJECTS, has_classes=True)


def _settle(detections: Sequence[Detection], view: CameraView) -> list[Detection]:
    from consumers.objects.scene import settle  # noqa: PLC0415

    return settle(detections, view, OBJECTS, has_classes=True)


def _draw(picture: Picture, detections: Sequence[Detection]) -> None:
    from consumers.objects.drawing import draw_objects  # noqa: PLC0415

    draw_objects(picture, detections)


DEFINITION = AnalysisDefinition(
    name=OBJECTS,
    title="Objects",
    kinds=("object",),
    default_every_ms=DEFAULT_EVERY_MS[OBJECTS],
    build_analyzer=_build_analyzer,
    build_scene_tracker=_build_tracker,
    settle=_settle,
    draw=_draw,
    health_port=8105,
    models={model.name: {"model": model.name, "network": None} for model in (YOLOX_NANO, FASTESTDET)},
    own_model={"model": "auto"},
    threshold="score_min",
)
