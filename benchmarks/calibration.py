"""What one analysis costs on this machine, measured by two small real runs and kept in a JSON file."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.feeder import make_cameras
from benchmarks.paced import PacedRun
from benchmarks.plan_model import Costs, Point, costs_of
from benchmarks.yardstick import Yardstick

FEED_S = 25.0
"""Two clips of each camera at least."""
IDLE_S = 5.0
Size = tuple[int, int]


def calibrate(environment: dict[str, str], analysis: str, jpegs: Sequence[bytes], size: Size) -> Costs:
    """Two cameras with 5 frames/s, each searched; six with 10, one in ten searched. About 90 s."""
    few = measure_point(environment, analysis, jpegs, size, cameras=2, per_s=5, every_ms=1)
    many = measure_point(environment, analysis, jpegs, size, cameras=6, per_s=10, every_ms=1000)
    return costs_of(few, many)


def measure_point(
    environment: dict[str, str],
    analysis: str,
    jpegs: Sequence[bytes],
    size: Size,
    *,
    cameras: int,
    per_s: float,
    every_ms: int | None,
) -> Point:
    """One real run in real time. Raises RuntimeError when it does not keep up."""
    return measure_run(environment, analysis, jpegs, size, cameras=cameras, per_s=per_s, every_ms=every_ms)[0]


def measure_run(
    environment: dict[str, str],
    analysis: str,
    jpegs: Sequence[bytes],
    size: Size,
    *,
    cameras: int,
    per_s: float,
    every_ms: int | None,
) -> tuple[Point, float]:
    """The same, and the bytes of a record in the broker's log (0 where its disk is not at hand)."""
    run = PacedRun(environment, analysis, jpegs, size, threads=os.cpu_count() or 1, search_every_ms=every_ms or 1)
    sending = make_cameras(cameras, per_s)
    with run:
        run.begin(sending)
        idle = run.report()
        time.sleep(IDLE_S)
        rested = run.report()
        begun_frames = run.feeder.frames
        with Yardstick(analysis, size) as yardstick:
            before = run.report()
            took_s = run.feed(sending, FEED_S)
            run.await_done()
            after = run.report()
        run.await_stored()
        stored = run.stored_bytes(sending)
        log_bytes = run.log_bytes()
        peak_mb = run.report()["peak_mb"]
    fed_s = took_s * run.feeder.frames / (run.feeder.frames - begun_frames)
    point = Point(
        cameras=cameras,
        per_s=per_s,
        share=min(1.0, 1000 / (every_ms or 1) / per_s) if every_ms is not None else 0.0,
        cores=(after["process_cpu_s"] - before["process_cpu_s"]) / took_s,
        idle_cores=(rested["process_cpu_s"] - idle["process_cpu_s"]) / IDLE_S,
        memory_mb=peak_mb,
        stored_per_s=stored / fed_s,
        loop_ms=yardstick.loop_ms,
    )
    return point, (log_bytes or 0) / run.feeder.frames


class CalibrationFile:
    """Costs by analysis and picture size. Costs of another machine are of no use: the file stays where it was made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._all: dict[str, dict[str, float]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def find(self, analysis: str, size: Size) -> Costs | None:
        """None too for what an older version kept, which was another set of costs."""
        kept = self._all.get(_key(analysis, size))
        return Costs(**kept) if kept is not None and kept.keys() == Costs.__dataclass_fields__.keys() else None

    def keep(self, analysis: str, size: Size, costs: Costs) -> None:
        self._all[_key(analysis, size)] = asdict(costs)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self._all, indent=1) + "\n", encoding="utf-8")


def _key(analysis: str, size: Size) -> str:
    return f"{analysis} {size[0]}x{size[1]}"
