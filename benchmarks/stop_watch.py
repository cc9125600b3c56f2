"""Two stop watches for a process that works on frames: its CPU and wall time, and how long each frame took."""

import json
import resource
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.thread_cpu import cpu_by_group, difference
from common.metrics import Metrics

UNSETTLED_FRAMES = 40
"""Latencies of the first ones are left out: caches fill and threads start."""


class StopWatch:
    """From the first frame's analysis on: CPU and wall time, and how long each frame took. Any thread.

    Not from a later frame: with several threads others would be half done by then, and their work seem to cost nothing.
    """

    def __init__(self) -> None:
        self.metrics: Metrics | None = None
        self._lock = threading.Lock()  # guards the begin; what is appended to a list needs none
        self._done: list[Passed] = []
        self._last_s = 0.0
        self._begun: tuple[float, float, dict[str, float]] | None = None

    def begin(self) -> None:
        """A frame's analysis begins; the first call counts."""
        if self._begun is None:
            with self._lock:
                if self._begun is None:
                    self._begun = (time.perf_counter(), time.process_time(), cpu_by_group())

    def passed(self, one: "Passed") -> None:
        """A frame is through the ordered stage."""
        self._done.append(one)
        self._last_s = time.perf_counter()

    def report(self) -> dict[str, Any]:
        """`begun_s`: `time.perf_counter` at the first frame, or None; `work_s`: from there until the last frame was in
        its clip; `wall_s`: until now. Zeros before the first frame."""
        now_s, now_cpu_s = time.perf_counter(), time.process_time()
        done, last_s = list(self._done), self._last_s
        wall_s, cpu_s, by_group = self._begun or (now_s, now_cpu_s, cpu_by_group())
        settled = done[UNSETTLED_FRAMES:]
        return {
            "begun_s": self._begun[0] if self._begun is not None else None,
            "frames": len(done),
            "done": len(done),
            "wall_s": now_s - wall_s,
            "work_s": max(0.0, last_s - wall_s),
            "middle_per_s": middle_per_s([one.ingested_s + one.ingest_ms / 1000 for one in done]),
            "cpu_s": now_cpu_s - cpu_s,
            "cpu_by_group": difference(cpu_by_group(), by_group),
            "process_cpu_s": now_cpu_s,
            "rss_mb": resident_mb(),
            "peak_mb": peak_mb(),
            "frame_ms": quantiles([one.frame_ms for one in settled]),
            "ingest_ms": quantiles([one.ingest_ms for one in settled]),
            "stage_ms": stage_ms(self.metrics, len(done)) if self.metrics is not None else {},
        }

    def passages(self) -> list[tuple[str, float, float]]:
        """Camera, ingest time (s since the epoch) and ms from there into the clip, of every frame."""
        return [(one.camera, one.ingested_s, round(one.ingest_ms, 2)) for one in list(self._done)]


def middle_per_s(done_s: Sequence[float]) -> float:
    """Frames/s of the middle eight tenths, from the times when frames were through, in any order: without the first
    frames, that nothing is ahead of, and the last, that leave threads without work. 0 for too few."""
    ordered = sorted(done_s)
    first, last = len(ordered) // 10, len(ordered) * 9 // 10 - 1
    if last <= first or ordered[last] <= ordered[first]:
        return 0.0
    return (last - first) / (ordered[last] - ordered[first])


class Passed(NamedTuple):
    """One frame in its clip: ms since its analysis began, and since its ingest time."""

    camera: str
    ingested_s: float
    frame_ms: float
    ingest_ms: float


def resident_mb() -> float:
    """Linux: second field of /proc/self/statm, in pages (proc(5)); 0 elsewhere."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20 if statm.exists() else 0.0


def peak_mb() -> float:
    """Linux: `VmHWM` of /proc/self/status (proc(5)); 0 elsewhere. Not `getrusage`: its `ru_maxrss` begins with what the
    process had that started this one (getrusage(2): it is kept over exec), here the benchmark and its pictures."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def quantiles(values: list[float]) -> dict[str, float]:
    """p50, p95 and p99 of a list; empty for an empty one."""
    ordered = sorted(values)
    return {f"p{p}": round(percentile(ordered, p), 3) for p in (50, 95, 99)} if ordered else {}


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Of values in rising order, at least one: the smallest that so many percent are not above."""
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


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


def answer_questions(watch: StopWatch) -> None:
    """A thread that answers each line on standard input with a JSON line: `report` or `passages`."""
    questions = {"report": watch.report, "passages": watch.passages}

    def answer() -> None:
        for line in sys.stdin:
            print(json.dumps(questions[line.strip()]()), flush=True)

    threading.Thread(target=answer, name="report", daemon=True).start()
