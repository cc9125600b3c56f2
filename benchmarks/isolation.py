"""What one camera's slow frame costs the others: `python -m benchmarks.isolation`.

Four cameras in real time, four threads. Every second stretch of 10 s one frame of the first camera takes 2 s more
(sleeping); the stretch after it is calm. Latency of the other cameras, from ingest into the clip: p99 with the slow
frame over p99 without, for each pair; the median of the pairs counts.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.feeder import make_cameras
from benchmarks.paced import PacedRun
from benchmarks.pictures import make_jpegs
from benchmarks.plain_loop import scene_of
from benchmarks.servers import running_servers
from benchmarks.stop_watch import percentile
from benchmarks.worker_process import SLOW_CAMERA

STRETCH_S = 10.0
"""As long as a clip, so that each stretch holds the end of one clip of each camera."""
SLOW_MS = 2000.0
CAMERAS, PER_S = 4, 10.0
PICTURES = 50


@dataclass(frozen=True, slots=True)
class Isolation:
    """p99 in ms of the other cameras, of each stretch."""

    slow_ms: tuple[float, ...]
    calm_ms: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Median over the pairs."""
        return statistics.median(slow / calm for slow, calm in zip(self.slow_ms, self.calm_ms, strict=True))


def measure(
    environment: dict[str, str], analysis: str, *, pairs: int, threads: int = 4, cost_ms: float | None = None
) -> Isolation:
    """20 s a pair."""
    every = round(2 * STRETCH_S * PER_S)
    jpegs = make_jpegs(scene_of(analysis), 640, 480, PICTURES)
    cameras = make_cameras(CAMERAS, PER_S, first=SLOW_CAMERA)
    options = ["--slow-ms", str(SLOW_MS), "--slow-every", str(every)]
    run = PacedRun(environment, analysis, jpegs, (640, 480), threads=threads, cost_ms=cost_ms, options=options)
    with run:
        # One full turn before the first pair counts: the very first frame of a camera is a slow one too.
        run.begin(cameras)
        run.feed(cameras, 2 * STRETCH_S - 2 / PER_S)
        begun_s = time.time()
        run.feed(cameras, pairs * 2 * STRETCH_S)
        run.await_done()
        passages = run.worker.passages()
    stretches: dict[int, list[float]] = {}
    for camera, ingested_s, ms in passages:
        if not camera.startswith(SLOW_CAMERA) and ingested_s >= begun_s:
            stretches.setdefault(int((ingested_s - begun_s) // STRETCH_S), []).append(ms)
    p99 = [percentile(sorted(stretches[number]), 99) for number in range(2 * pairs)]
    return Isolation(tuple(p99[::2]), tuple(p99[1::2]))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.isolation", description=__doc__)
    parser.add_argument("--analysis", default="sleep", help="sleep, cpu, noop, emotion ...")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=4)
    given = parser.parse_args(arguments)
    with running_servers() as environment:
        found = measure(environment, given.analysis, pairs=given.pairs, threads=given.threads)
    for slow, calm in zip(found.slow_ms, found.calm_ms, strict=True):
        print(f"p99 of the others: {slow:.1f} ms with a slow frame, {calm:.1f} ms without: {slow / calm:.3f}")
    print(f"median of the pairs: {found.ratio:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
