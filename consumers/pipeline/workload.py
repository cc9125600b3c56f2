"""The video half of one consumer, as the runtime calls it."""

import logging
import threading
import time
from collections.abc import Sequence

from common.contracts.detection import ModelInfo
from common.contracts.work import AdmittedFrame, WindowOpening
from common.errors import PoisonRecord, Transient
from common.metrics import Metrics
from consumers.pipeline.analysed import AnalysedFrame, Finding
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer, FindView, Picture, no_view
from consumers.pipeline.camera_analyzers import CameraAnalyzers
from consumers.pipeline.decode import decode_jpeg
from consumers.pipeline.spool import Spool
from consumers.pipeline.stage_time import observe_sampled, sampled
from consumers.pipeline.stream_session import Publish, StreamSession

FAILURES_LOGGED = 20
"""Stack traces of a failing analyzer in the log; after these only the counter of failed frames tells."""
_log = logging.getLogger(__name__)


class VideoWorkload:
    """Implements the runtime's `Workload`. `analyzer` None: frames are recorded as they are.

    `publish` sends a detection message and must neither block nor raise. `find_view`: cameras' own settings.
    """

    def __init__(
        self,
        definition: AnalysisDefinition,
        analyzer: Analyzer | None,
        spool: Spool,
        publish: Publish,
        metrics: Metrics | None = None,
        find_view: FindView = no_view,
    ) -> None:
        if (definition.build_analyzer is None) != (analyzer is None):
            raise ValueError(f"{definition.name} and its analyzer do not belong together")
        self._definition = definition
        self._analyzers = CameraAnalyzers(analyzer) if analyzer is not None else None
        self._model: ModelInfo | None = analyzer.model if analyzer is not None else None
        self._spool = spool
        self._publish = publish
        self._metrics = metrics or Metrics()
        self._find_view = find_view
        self._failures_lock = threading.Lock()  # guards the count below: analyzers fail on any pool thread
        self._failures_logged = 0

    def analyse(self, frame: AdmittedFrame) -> AnalysedFrame:
        """Stage 1, any pool thread: check, decode, and for a searched frame the model. Raises PoisonRecord, or
        the Transient of an analyzer that asks another machine."""
        picture = self._decode(frame)
        if not self._is_searched_here(frame):
            return AnalysedFrame(picture, None, is_deferred=self._is_deferred(frame))
        return AnalysedFrame(picture, self.search(picture, frame))

    def analyse_batch(self, frames: Sequence[AdmittedFrame]) -> list[AnalysedFrame | PoisonRecord]:
        """The same for several frames: those that the same analyzer searches go into one call of it."""
        results: list[AnalysedFrame | PoisonRecord] = []
        together: dict[int, tuple[Analyzer, list[tuple[int, AdmittedFrame, Picture]]]] = {}
        for at, frame in enumerate(frames):
            try:
                picture = self._decode(frame)
            except PoisonRecord as error:
                results.append(error)
                continue
            results.append(AnalysedFrame(picture, None, is_deferred=self._is_deferred(frame)))
            analyzer = self._analyzer_of(frame)
            if analyzer is not None and self._is_searched_here(frame):
                together.setdefault(id(analyzer), (analyzer, []))[1].append((at, frame, picture))
        for analyzer, searched in together.values():
            findings = self._find_together(analyzer, searched)
            for (at, _, picture), finding in zip(searched, findings, strict=True):
                results[at] = AnalysedFrame(picture, finding)
        return results

    def _decode(self, frame: AdmittedFrame) -> Picture:
        with sampled(self._metrics, "decode", frame.offset):
            return decode_jpeg(frame.jpeg)

    def _is_deferred(self, frame: AdmittedFrame) -> bool:
        """Whether the ordered stage decides if the model looks at it."""
        if self._analyzers is None or not frame.searched:
            return False
        return self._find_view(frame.camera, frame.headers.settings_version).gate is not None

    def _is_searched_here(self, frame: AdmittedFrame) -> bool:
        return self._analyzers is not None and frame.searched and not self._is_deferred(frame)

    def _analyzer_of(self, frame: AdmittedFrame) -> Analyzer | None:
        if self._analyzers is None:
            return None
        return self._analyzers.of(self._find_view(frame.camera, frame.headers.settings_version).options)

    def _find_together(
        self, analyzer: Analyzer, searched: Sequence[tuple[int, AdmittedFrame, Picture]]
    ) -> list[Finding]:
        """One call, its time shared among the pictures. One that fails says nothing of any one picture: each alone."""
        begun_s = time.perf_counter()
        if len(searched) > 1:
            try:
                found = analyzer.analyze([picture for _, _, picture in searched])
            except Transient:
                raise
            except Exception as error:  # noqa: BLE001 - no memory for so many, or one picture that the model fails at
                _log.debug("a batch failed; its pictures go alone", exc_info=error, extra={"pictures": len(searched)})
            else:
                each_s = (time.perf_counter() - begun_s) / len(searched)
                for _, frame, _ in searched:
                    observe_sampled(self._metrics, "model", frame.offset, each_s)
                return [Finding(tuple(detections), each_s * 1000) for detections in found]
        return [self.search(picture, frame) for _, frame, picture in searched]

    def open(self, opening: WindowOpening) -> StreamSession:
        """Ordered stage. The encoder starts with the first frame."""
        view = self._find_view(opening.camera, opening.settings_version)
        return StreamSession(
            opening, self._definition, self._model, self._spool, self._publish, self._metrics, view, self.search
        )

    def search(self, picture: Picture, frame: AdmittedFrame) -> Finding:
        """What the model says. Raises Transient, MemoryError."""
        with sampled(self._metrics, "model", frame.offset):
            return self._find(picture, frame)

    def _find(self, picture: Picture, frame: AdmittedFrame) -> Finding:
        begun_s = time.perf_counter()
        analyzer = self._analyzer_of(frame)
        if analyzer is None:
            return Finding()
        try:
            (detections,) = analyzer.analyze([picture])
        except (Transient, MemoryError):
            raise  # a remote model that is out: tried again by the runtime; no memory: the supervisor starts afresh
        except Exception as error:  # noqa: BLE001 - whatever a model raises must not cost the frame its place in the clip
            self._log_failure(frame, error)
            return Finding(failure=type(error).__name__)
        return Finding(tuple(detections), (time.perf_counter() - begun_s) * 1000)

    def _log_failure(self, frame: AdmittedFrame, error: Exception) -> None:
        with self._failures_lock:
            self._failures_logged += 1
            is_logged = self._failures_logged <= FAILURES_LOGGED
        if is_logged:
            fields = {"camera": frame.camera, "partition": frame.partition, "offset": frame.offset}
            _log.error("the analyzer failed; the frame stays in its clip", exc_info=error, extra=fields)
