"""The registry entry of `recognition`. Cheap to import: models and OpenCV are loaded when the analyzer is built.

It is not among the analyses that the API offers for a camera: naming people needs a purpose of its own first.
"""

from collections.abc import Mapping
from typing import Any

from consumers.pipeline.analysis import AnalysisDefinition, Analyzer, Scene, Tracker

RECOGNITION = "recognition"
EVERY_MS = 200


def _build_analyzer(options: Mapping[str, Any]) -> Analyzer:
    from consumers.recognition.analyzer import build_analyzer  # noqa: PLC0415

    return build_analyzer(options)


def _build_tracker(scene: Scene) -> Tracker:
    from consumers.recognition.options import RecognitionOptions  # noqa: PLC0415
    from consumers.recognition.tracker import RecognitionTracker  # noqa: PLC0415

    usual = float(RecognitionOptions.model_fields["distance_max"].default)
    asked = scene.camera.options.get("distance_max", usual)
    return RecognitionTracker(asked if isinstance(asked, float) and 0 < asked < 1 else usual)


DEFINITION = AnalysisDefinition(
    name=RECOGNITION,
    title="Known faces",
    kinds=("face",),
    default_every_ms=EVERY_MS,
    build_analyzer=_build_analyzer,
    build_scene_tracker=_build_tracker,
    health_port=8107,
)
