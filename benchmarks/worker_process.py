"""One consumer process as the product runs it, with two stop watches: `python -m benchmarks.worker_process OPTIONS`.

The analysis may be a stand-in. Answers each line on standard input with a JSON line: `report` with CPU and wall time
since the first frame, peak memory, latencies; `passages` with the latency of every frame.
"""

import argparse
import contextlib
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from benchmarks.pictures import make_jpegs
from benchmarks.plain_loop import definition_of, scene_of
from benchmarks.stop_watch import Passed, StopWatch, answer_questions
from common.contracts.work import AdmittedFrame, WindowOpening
from common.errors import PoisonRecord
from common.logs import configure_logging
from common.settings import StorageSettings
from common.storage.memory import MemoryObjectStore
from consumers import wiring
from consumers.pipeline.analysed import AnalysedFrame
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer
from consumers.pipeline.decode import decode_jpeg
from consumers.pipeline.stream_session import StreamSession
from consumers.pipeline.workload import VideoWorkload

WARM_UP_PICTURES = 5
SLOW_CAMERA = "bench-slow"
"""How the name of the camera begins whose frames may be made slow."""


def install(definition: AnalysisDefinition, watch: StopWatch, slow_ms: float, slow_every: int) -> None:
    """Put the definition and the watches where `wiring` finds them: nothing else of the product is touched."""

    class WatchedSession(StreamSession):
        def add(self, frame: AdmittedFrame, analysed: AnalysedFrame) -> Any:
            entry = super().add(frame, analysed)
            frame_ms = (time.perf_counter() - analysed_at.pop((frame.partition, frame.offset))) * 1000
            ingested_s = frame.headers.ingested_at_us / 1e6
            watch.passed(Passed(frame.camera, ingested_s, frame_ms, (time.time() - ingested_s) * 1000))
            return entry

    analysed_at: dict[tuple[int, int], float] = {}

    class WatchedWorkload(VideoWorkload):
        def analyse(self, frame: AdmittedFrame) -> AnalysedFrame:
            watch.begin()
            watch.metrics = self._metrics
            analysed_at[frame.partition, frame.offset] = time.perf_counter()
            if slow_ms and frame.camera.startswith(SLOW_CAMERA) and frame.headers.seq % slow_every == 0:
                time.sleep(slow_ms / 1000)
            return super().analyse(frame)

        def analyse_batch(self, frames: Sequence[AdmittedFrame]) -> list[AnalysedFrame | PoisonRecord]:
            watch.begin()
            watch.metrics = self._metrics
            begun_s = time.perf_counter()
            for frame in frames:
                analysed_at[frame.partition, frame.offset] = begun_s
            return super().analyse_batch(frames)

        def open(self, opening: WindowOpening) -> StreamSession:
            view = self._find_view(opening.camera, opening.settings_version)
            return WatchedSession(
                opening, self._definition, self._model, self._spool, self._publish, self._metrics, view, self.search
            )

    replaced: dict[str, Any] = {"load_definition": lambda _name: definition, "VideoWorkload": WatchedWorkload}
    for name, value in replaced.items():
        setattr(wiring, name, value)


def warmed(definition: AnalysisDefinition, scene: str) -> AnalysisDefinition:
    """The same, its model run a few times when it is built: first runs are slower, and the clock starts with the first
    frame."""
    build = definition.build_analyzer
    if build is None:
        return definition

    def build_warm(options: Mapping[str, Any]) -> Analyzer:
        analyzer = build(options)
        for jpeg in make_jpegs(scene, 640, 480, WARM_UP_PICTURES):
            analyzer.analyze([decode_jpeg(jpeg)])
        return analyzer

    return replace(definition, build_analyzer=build_warm)


class MemoryStore(MemoryObjectStore):
    """Instead of S3, where only the runtime's own work is to be compared."""

    def __init__(self, _settings: StorageSettings) -> None:
        super().__init__()

    def ensure_bucket(self) -> None:
        """It is there."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--analysis", required=True)
    parser.add_argument("--cost-ms", type=float, default=None)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--batch", type=int, default=1, help="pictures that a thread gives the model at once")
    parser.add_argument("--ordered-threads", type=int, default=None, help="beside these, for drawing and encoding")
    parser.add_argument("--slow-ms", type=float, default=0.0, help=f"sleep this long for a frame of {SLOW_CAMERA}")
    parser.add_argument("--slow-every", type=int, default=1, help="for every so manieth of its frames")
    parser.add_argument("--memory-store", action="store_true", help="clips go nowhere: no S3 server is asked")
    arguments = parser.parse_args()
    configure_logging()
    definition = definition_of(arguments.analysis, arguments.cost_ms)
    watch = StopWatch()
    definition = warmed(definition, scene_of(arguments.analysis))
    install(definition, watch, arguments.slow_ms, arguments.slow_every)

    if arguments.memory_store:
        setattr(wiring, "S3ObjectStore", MemoryStore)  # noqa: B010  mypy: a module's name is no variable
    answer_questions(watch)
    options = wiring.RunOptions(
        name=definition.name,
        threads=arguments.threads,
        health_port=0,
        batch=arguments.batch,
        ordered_threads=arguments.ordered_threads,
    )
    with contextlib.suppress(KeyboardInterrupt):
        return wiring.run_consumer(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
