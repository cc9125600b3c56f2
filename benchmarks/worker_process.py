"""One consumer process as the product runs it, with two stop watches: `python -m benchmarks.worker_process OPTIONS`.

The analysis may be a stand-in. Prints a JSON line when the first frame is analysed, and one line per `report` on
standard input: CPU and wall time since then, peak memory, latencies.
"""

import argparse
import contextlib
import json
import resource
import sys
import threading
import time
from typing import Any

from benchmarks.plain_loop import definition_of
from common.contracts.work import AdmittedFrame, WindowOpening
from common.logs import configure_logging
from consumers import wiring
from consumers.pipeline.analysed import AnalysedFrame
from consumers.pipeline.analysis import AnalysisDefinition
from consumers.pipeline.stream_session import StreamSession
from consumers.pipeline.workload import VideoWorkload

SLOW_CAMERA = "bench-slow"


class StopWatch:
    """When work began, and how long each frame took from analysis to encoder. Any thread (list.append is atomic)."""

    def __init__(self) -> None:
        self.begun: tuple[float, float] | None = None
        self.frame_ms: list[float] = []
        self.ingest_ms: list[float] = []

    def begin(self) -> None:
        if self.begun is None:
            self.begun = (time.perf_counter(), _cpu_s())
            print(json.dumps({"begun": time.time()}), flush=True)

    def report(self) -> dict[str, Any]:
        wall_s, cpu_s = self.begun or (time.perf_counter(), _cpu_s())
        return {
            "wall_s": time.perf_counter() - wall_s,
            "cpu_s": _cpu_s() - cpu_s,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "frame_ms": quantiles(self.frame_ms),
            "ingest_ms": quantiles(self.ingest_ms),
        }


def quantiles(values: list[float]) -> dict[str, float]:
    """p50, p95 and p99 of a list; empty for an empty one."""
    if not values:
        return {}
    ordered = sorted(values)
    return {f"p{p}": round(ordered[min(len(ordered) - 1, len(ordered) * p // 100)], 3) for p in (50, 95, 99)}


def _cpu_s() -> float:
    return time.process_time()


def install(definition: AnalysisDefinition, watch: StopWatch, slow_ms: float) -> None:
    """Put the definition and the watches where `wiring` finds them: nothing else of the product is touched."""

    class WatchedSession(StreamSession):
        def add(self, frame: AdmittedFrame, analysed: AnalysedFrame) -> Any:
            entry = super().add(frame, analysed)
            watch.frame_ms.append((time.perf_counter() - analysed_at.pop((frame.partition, frame.offset))) * 1000)
            watch.ingest_ms.append(time.time() * 1000 - frame.headers.ingested_at_us / 1000)
            return entry

    analysed_at: dict[tuple[int, int], float] = {}

    class WatchedWorkload(VideoWorkload):
        def analyse(self, frame: AdmittedFrame) -> AnalysedFrame:
            watch.begin()
            analysed_at[frame.partition, frame.offset] = time.perf_counter()
            if slow_ms and frame.camera == SLOW_CAMERA:
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
    parser.add_argument("--slow-ms", type=float, default=0.0, help=f"sleep this long for frames of {SLOW_CAMERA}")
    arguments = parser.parse_args()
    configure_logging()
    definition = definition_of(arguments.analysis, arguments.cost_ms)
    watch = StopWatch()
    install(definition, watch, arguments.slow_ms)

    def answer() -> None:
        for line in sys.stdin:
            if line.strip() == "report":
                print(json.dumps(watch.report()), flush=True)

    threading.Thread(target=answer, name="report", daemon=True).start()
    options = wiring.RunOptions(name=definition.name, threads=arguments.threads, health_port=0)
    with contextlib.suppress(KeyboardInterrupt):
        return wiring.run_consumer(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
