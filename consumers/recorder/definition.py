"""The registry entry of `recorder`: without an analyzer every frame is recorded as it is."""

from common.contracts.camera_settings import DEFAULT_EVERY_MS, RECORDER
from consumers.pipeline.analysis import AnalysisDefinition

DEFINITION = AnalysisDefinition(
    name=RECORDER,
    title="Recorder",
    kinds=(),
    default_every_ms=DEFAULT_EVERY_MS[RECORDER],
    health_port=8101,
)
