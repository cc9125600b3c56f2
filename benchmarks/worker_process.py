"""One consumer process as the product runs it, with two stop watches: `python -m benchmarks.worker_process OPTIONS`.

The analysis may be a stand-in. Answers each line on standard input with a JSON line: `report` with CPU and wall time
since the warm-up, peak memory, latencies; `passages` with the latency of every frame.
"""

import argparse
import contextlib
import json
import resource
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.plain_loop import definition_of
from benchmarks.thread_cpu import cpu_by_group, difference
from common.contracts.work import AdmittedFrame, WindowOpening
from common.logs import configure_logging
from common.metrics import Metrics
from consumers import wiring
from consumers.pipeline.analysed import AnalysedFrame
from consumers.pipeline.analysis import AnalysisDefinition
from consumers.pipeline.stream_session import StreamSession
from consumers.pipeline.workload import VideoWorkload

SLOW_CAMERA = "bench-slow"
WARM_UP_FRAMES = 40
"""The clocks start after so many: first pictures fill caches and start threads."""


class StopWatch:
    """From the end of the warm-up: CPU and wall time, and how long each frame took. Any thread."""

    def __init__(self) -> None:
        self.metrics: Metrics | None = None
        self._lock = threading.Lock()  # guards all below
        self._done: list[Passed] = []
        self._last_s = 0.0
        self._begun: tuple[float, float, dict[str, float]] | None = None

    def passed(self, one: "Passed") -> None:
        """A frame is through the ordered stage."""
        with self._lock:
            self._done.append(one)
            self._last_s = time.perf_counter()
            if len(self._done) == WARM_UP_FRAMES:
                self._begun = (self._last_s, time.process_time(), cpu_by_group())

    def report(self) -> dict[str, Any]:
        """Zeros until the warm-up is over. `work_s`: until the last frame was in its clip; `wall_s`: until now."""
        with self._lock:
            done, last_s = self._done[WARM_UP_FRAMES:], self._last_s
        wall_s, cpu_s, by_group = self._begun or (last_s, time.process_time(), {})
        return {
            "frames": len(done),
            "wall_s": time.perf_counter() - wall_s,
            "work_s": last_s - wall_s,
            "cpu_s": time.process_time() - cpu_s,
            "cpu_by_group": difference(cpu_by_group(), by_group),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "frame_ms": quantiles([one.frame_ms for one in done]),
            "ingest_ms": quantiles([one.ingest_ms for one in done]),
            "stage_ms": stage_ms(self.metrics, len(self._done)) if self.metrics is not None else {},
        }

    def passages(self) -> list[tuple[str, float, float]]:
        """Camera, ingest time (s since the epoch) and ms from there into the clip, of every frame."""
        with self._lock:
            return [(one.camera, one.ingested_s, round(one.ingest_ms, 2)) for one in self._done]


@dataclass(frozen=True, slots=True)
class Passed:
    """One frame in its clip: ms since its analysis began, and since its ingest time."""

    camera: str
    ingested_s: float
    frame_ms: float
    ingest_ms: float


def quantiles(values: list[float]) -> dict[str, float]:
    """p50, p95 and p99 of a list; empty for an empty one."""
    if not values:
        return {}
    ordered = sorted(values)
    return {f"p{p}": round(ordered[min(len(ordered) - 1, len(ordered) * p // 100)], 3) for p in (50, 95, 99)}


def stage_ms(metrics: Metrics, frames: int) -> dict[str, float]:
    """Mean wall time a frame of each stage: of one frame in sixteen, but for what is done once a clip."""
    sums: dict[str, float] = {}
    counts: dict[str, float] = {}
    for family in metrics.registry.collect():
        for sample in family.samples:
            if sample.name in {"lookout_stage_seconds_sum", "lookout_stage_seconds_count"}:
                (sums if sample.name.endswith("_sum") else counts)[sample.labels["stage"]] = sample.value
    once_a_clip = {"put", "derive"}
    return {
        stage: round(total * 1000 / max(1.0, frames if stage in once_a_clip else counts[stage]), 3)
        for stage, total in sums.items()
    }


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
            watch.metrics = self._metrics
            analysed_at[frame.partition, frame.offset] = time.perf_counter()
            if slow_ms and frame.camera == SLOW_CAMERA and frame.headers.seq % slow_every == 0:
                time.sleep(slow_ms / 1000)
            return super().analyse(frame)

        def open(self, opening: WindowOpening) -> StreamSession:
            view = self._find_view(opening.camera, opening.settings_version)
            return WatchedSession(
                opening, self._definition, self._model, self._spool, self._publish, self._metrics, view, self.search
            )

    replaced: dict[str, Any] = {"load_definition": lambda _name: definition, "VideoWorkload": WatchedWorkload}
    for name, value in replaced.items():
        setattr(wiring, name, value)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--analysis", required=True)
    parser.add_argument("--cost-ms", type=float, default=None)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--slow-ms", type=float, default=0.0, help=f"sleep this long for a frame of {SLOW_CAMERA}")
    parser.add_argument("--slow-every", type=int, default=1, help="for every so manieth of its frames")
    arguments = parser.parse_args()
    configure_logging()
    definition = definition_of(arguments.analysis, arguments.cost_ms)
    watch = StopWatch()
    install(definition, watch, arguments.slow_ms, arguments.slow_every)

    def answer() -> None:
        questions = {"report": watch.report, "passages": watch.passages}
        for line in sys.stdin:
            print(json.dumps(questions[line.strip()]()), flush=True)

    threading.Thread(target=answer, name="report", daemon=True).start()
    options = wiring.RunOptions(name=definition.name, threads=arguments.threads, health_port=0)
    with contextlib.suppress(KeyboardInterrupt):
        return wiring.run_consumer(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
