"""An analysis over the frames of a file: search interval and tracker as in a window, without a log."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from common.contracts.detection import Detection, Sighting
from common.contracts.window import is_searched
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer, CameraView, Scene, Tracker
from consumers.pipeline.media_file import MediaFrame
from consumers.pipeline.tracking.choice import start_tracker


@dataclass(frozen=True, slots=True)
class SearchedFrame:
    """`is_carried`: not searched, the last boxes stand. `model_ms`: time in the model, 0 for a carried frame."""

    frame: MediaFrame
    detections: tuple[Detection, ...]
    is_carried: bool
    model_ms: float


class FileSearch:
    """One file; one thread. `every_ms` None searches every frame. `view`: what a camera's settings would say. Errors of
    the analyzer pass through."""

    def __init__(
        self, definition: AnalysisDefinition, analyzer: Analyzer, every_ms: int | None, view: CameraView | None = None
    ) -> None:
        self._definition = definition
        self._analyzer = analyzer
        self._every_ms = every_ms
        self._view = view or CameraView()
        self._tracker: Tracker | None = None

    def run(self, frames: Iterable[MediaFrame]) -> Iterator[SearchedFrame]:
        """In order. A still picture is not tracked: it has what the model said."""
        previous_ms: int | None = None
        for frame in frames:
            tracker = self._started(frame)
            now_ms = round(frame.time_s * 1000)
            if is_searched(now_ms, previous_ms, self._every_ms):
                begun_s = time.perf_counter()
                (found,) = self._analyzer.analyze([frame.picture])
                model_ms = (time.perf_counter() - begun_s) * 1000
                shown = self._settled(found) if frame.is_still else tracker.update(now_ms, now_ms * 1000, found)
                yield SearchedFrame(frame, tuple(shown), False, model_ms)
            else:
                yield SearchedFrame(frame, tuple(tracker.carry(now_ms, now_ms * 1000)), True, 0.0)
            previous_ms = now_ms

    def sightings(self) -> list[Sighting]:
        return self._tracker.sightings() if self._tracker is not None else []

    def _started(self, first: MediaFrame) -> Tracker:
        if self._tracker is None:
            height, width = first.picture.shape[:2]
            self._tracker = start_tracker(self._definition, Scene(width, height, self._view))
        return self._tracker

    def _settled(self, found: Sequence[Detection]) -> Sequence[Detection]:
        return found if self._definition.settle is None else self._definition.settle(found, self._view)
