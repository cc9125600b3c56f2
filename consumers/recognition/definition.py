"""The registry entry of `recognition`. Cheap to import: models and OpenCV are loaded when the analyzer is built."""

from collections.abc import Mapping
from typing import Any

from common.contracts.camera_settings import DEFAULT_EVERY_MS, RECOGNITION
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer, Scene, Tracker


def _build_analyzer(options: Mapping[str, Any]) -> Analyzer:
    from consumers.recognition.analyzer import build_analyzer  # noqa: PLC0415

    return build_analyzer(options)


def _build_tracker(scene: Scene) -> Tracker:
    from consumers.recognition.options import (  # noqa: PLC0415
        DISTANCE_LEAST,
        DISTANCE_MOST,
        PersonOptions,
    )
    from consumers.recognition.tracker import RecognitionTracker  # noqa: PLC0415

    usual = float(PersonOptions.model_fields["distance_max"].default)
    asked = scene.camera.options.get("distance_max", usual)
    is_sound = isinstance(asked, float) and DISTANCE_LEAST <= asked <= DISTANCE_MOST
    return RecognitionTracker(asked if is_sound else usual)


DEFINITION = AnalysisDefinition(
    name=RECOGNITION,
    title="Known faces",
    kinds=("face",),
    default_every_ms=DEFAULT_EVERY_MS[RECOGNITION],
    build_analyzer=_build_analyzer,
    build_scene_tracker=_build_tracker,
    health_port=8107,
    own_model={},
)
