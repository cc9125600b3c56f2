"""Latency against load: cameras that send in real time, at shares of what the consumer can do at most."""

import time
from collections.abc import Sequence
from typing import Any

from benchmarks.feeder import make_cameras
from benchmarks.paced import PacedRun
from benchmarks.stop_watch import quantiles
from benchmarks.trial import Setup

FEED_S = 12.0
SETTLE_S = 2.0
"""At the beginning of each load: caches and the encoders of a new rate."""


def measure_loads(
    environment: dict[str, str], setup: Setup, jpegs: Sequence[bytes], capacity_per_s: float, loads: Sequence[float]
) -> list[dict[str, Any]]:
    """One row for each load: p50, p95, p99 in ms from ingest into the clip. Loads are fed one after another."""
    run = PacedRun(environment, setup.analysis, jpegs, setup.size, threads=setup.threads, cost_ms=setup.cost_ms)
    rows = []
    with run:
        run.begin(make_cameras(setup.cameras, 10.0))
        for load in loads:
            per_s = capacity_per_s * load / setup.cameras
            cameras = make_cameras(setup.cameras, per_s)
            begun_s = time.time() + SETTLE_S
            run.feed(cameras, FEED_S)
            run.await_done()
            names = {camera.name for camera in cameras}
            of_load = [ms for camera, at_s, ms in run.worker.passages() if camera in names and at_s >= begun_s]
            row = {"analysis": setup.analysis, "threads": setup.threads, "load": load}
            row |= {"frames_per_s": round(per_s * setup.cameras, 1)}
            rows.append(row | {f"{name}_ms": value for name, value in quantiles(of_load).items()})
    return rows
