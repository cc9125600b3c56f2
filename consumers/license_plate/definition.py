"""The registry entry of `license_plate`. Cheap to import: models and OpenCV are loaded when the analyzer is built."""

from collections.abc import Mapping, Sequence
from typing import Any

from common.contracts.camera_settings import DEFAULT_EVERY_MS, LICENSE_PLATE
from common.contracts.detection import Detection
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer, Picture, Tracker


def _build_analyzer(options: Mapping[str, Any]) -> Analyzer:
    from consumers.license_plate.analyzer import build_analyzer  # noqa: PLC0415

    return build_analyzer(options)


def _build_tracker() -> Tracker:
    from consumers.license_plate.tracker import PlateTracker  # noqa: PLC0415

    return PlateTracker()


def _draw(picture: Picture, detections: Sequence[Detection]) -> None:
    from consumers.pipeline.draw import draw_detections  # noqa: PLC0415

    draw_detections(picture, detections)


DEFINITION = AnalysisDefinition(
    name=LICENSE_PLATE,
    title="License plates",
    kinds=("plate",),
    default_every_ms=DEFAULT_EVERY_MS[LICENSE_PLATE],
    build_analyzer=_build_analyzer,
    build_tracker=_build_tracker,
    draw=_draw,
    health_port=8103,
    options={"mode": "standard", "formats": ["generic"]},
    live_options={"mode": "video"},
)
