"""Which tracker follows an analysis."""

from consumers.pipeline.analysis import AnalysisDefinition, Scene, Tracker
from consumers.pipeline.tracking.tracker import BoxTracker


def start_tracker(definition: AnalysisDefinition, scene: Scene) -> Tracker:
    """A fresh one, for one window, file or part."""
    if definition.build_scene_tracker is not None:
        return definition.build_scene_tracker(scene)
    return (definition.build_tracker or BoxTracker)()
