"""One run of a consumer on a pre-loaded topic, and the plain loop it is compared with."""

import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.in_turns import InTurns, Turns
from benchmarks.interference import Interference
from benchmarks.joining import joined_and_stopped
from benchmarks.load import Finish, Load, delete_topics, fill, make_topics
from benchmarks.plain_loop import FRAME_MS, definition_of
from benchmarks.worker import Worker
from common.settings import KafkaSettings, load_settings
from common.topics import DEFAULT_PARTITIONS

LIMIT_S = 300.0
PLAIN_FRAMES = 300
FIRST_FRAME_S = 60.0
LOOK_S = 0.05
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Setup:
    """What is run. `partitions`: over which the cameras are spread, of the 12 there always are; `frames`: of all
    cameras together; `frame_ms`, `search_every_ms`: log time between a camera's frames and between searches; `cost_ms`:
    of a stand-in, None for its default; `is_stored` False: clips go nowhere; `batch`: pictures a call;
    `ordered_threads`: further ones, None for as many as the runtime finds right."""

    analysis: str
    threads: int
    processes: int = 1
    cameras: int = 4
    partitions: int = DEFAULT_PARTITIONS
    frames: int = 600
    size: tuple[int, int] = (640, 480)
    cost_ms: float | None = None
    frame_ms: int = FRAME_MS
    search_every_ms: int = 1
    is_stored: bool = True
    batch: int = 1
    ordered_threads: int | None = None

    @property
    def load(self) -> Load:
        each = self.frames // self.cameras
        return Load(self.cameras, each, self.size, self.partitions, self.frame_ms, self.search_every_ms)


@dataclass(frozen=True, slots=True)
class Trial:
    """All processes together, from the first frame on. `work_s`: to the last frame in its clip; `elapsed_s`: until
    the last clip was announced. Latencies and stages are of the first process. `others`: share of the machine that
    others took meanwhile. `servers_ms`: CPU a frame of broker and store, where this process started them.
    `middle_per_s`: frames/s without the first and the last tenth of the frames, each process' own added up."""

    frames: int
    elapsed_s: float
    work_s: float
    cpu_s: float
    cpu_by_group: dict[str, float]
    peak_mb: float
    frame_ms: dict[str, float]
    stage_ms: dict[str, float]
    kafka_bytes: int
    stored_bytes: int
    stored_frames: int
    others: float
    servers_ms: float
    middle_per_s: float

    @property
    def cpu_ms(self) -> float:
        """CPU ms a frame."""
        return self.cpu_s / self.frames * 1000

    @property
    def upload_cpu_ms(self) -> float:
        return self.cpu_by_group.get("upload", 0.0) / self.frames * 1000

    @property
    def per_s(self) -> float:
        return self.frames / self.work_s


def run_trial(
    environment: dict[str, str], setup: Setup, jpegs: Sequence[bytes], in_turns: InTurns | None = None
) -> Trial:
    """One run on topics of its own, of one process where it takes turns with plain loops; times are without those it
    stood then. Frames are there before one process starts; several stand while they are written.

    Raises RuntimeError when it does not finish."""
    prefix = f"bench-{setup.analysis}-{setup.threads}-{next(_numbers)}.".replace("_", "-")
    environment = environment | {"LOOKOUT_TOPIC_PREFIX": prefix}
    settings = load_settings(KafkaSettings, environment)
    make_topics(settings)

    def filled(partitions: Sequence[int] = range(DEFAULT_PARTITIONS)) -> int:
        return fill(settings, definition_of(setup.analysis, setup.cost_ms), setup.load, jpegs, partitions)

    kafka_bytes = filled() if setup.processes == 1 else 0
    finish = Finish(settings)
    since = Since(())
    loops_s = in_turns.process_cpu_s if in_turns is not None else 0.0
    with tempfile.TemporaryDirectory() as folder:
        var = [Path(folder, str(number)) for number in range(setup.processes)]
        workers = [
            Worker(
                environment | {"LOOKOUT_VAR_DIR": str(one)},
                setup.analysis,
                setup.threads,
                setup.cost_ms,
                one.with_suffix(".log"),
                _options(setup),
            )
            for one in var
        ]
        try:
            if setup.processes > 1:
                with joined_and_stopped(settings, workers) as partitions:
                    kafka_bytes = filled(partitions)
                    since = Since(workers)
            elif in_turns is None:
                await_first_frame(workers[0])
                since = Since(workers)
            with in_turns.beside(workers[0]) if in_turns is not None else nullcontext():
                is_done = finish.wait(setup.load.total, LIMIT_S, lambda: all(worker.is_running for worker in workers))
            if not is_done:
                logs = "\n".join(worker.log_tail() for worker in workers)
                raise RuntimeError(
                    f"{finish.frames} of {setup.load.total} frames stored, at most {LIMIT_S:.0f} s\n{logs}"
                )
            reports = [worker.report() for worker in workers]
            others = since.interference.share()
            loops_s = in_turns.process_cpu_s - loops_s if in_turns is not None else 0.0
            servers_s = since.servers_s(reports) - loops_s
        finally:
            for worker in workers:
                worker.stop()
            finish.close()
            delete_topics(settings)
    if in_turns is not None:
        _take_out(in_turns.turns, reports[0])
    return _trial(reports, kafka_bytes, finish, others, servers_s)


class Since:
    """From its making on: what broker and store take, and others. Made where the run begins: servers have work while
    consumers start, which is no part of it."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self.interference = Interference()
        self._self_s = time.process_time()
        self._workers_s = sum(worker.cpu_s for worker in workers)

    def servers_s(self, reports: Sequence[Mapping[str, Any]]) -> float:
        """CPU seconds of all that this process started but for consumers, which have just reported."""
        workers_s: float = sum(report["process_cpu_s"] for report in reports) - self._workers_s
        return self.interference.own_s() - (time.process_time() - self._self_s) - workers_s


def await_first_frame(worker: Worker) -> None:
    """Raises RuntimeError when there is none within a minute, or the process ends."""
    limit_s = time.monotonic() + FIRST_FRAME_S
    while worker.report()["begun_s"] is None:
        if time.monotonic() > limit_s:
            raise RuntimeError(f"no frame within {FIRST_FRAME_S:.0f} s\n{worker.log_tail()}")
        time.sleep(LOOK_S)


def span_s(reports: Sequence[Mapping[str, Any]], name: str) -> float:
    """From the first frame of all processes until `name` (`work_s`, `wall_s`) of the last is over. The processes have
    one clock: `time.perf_counter` is Linux's CLOCK_MONOTONIC. Who had no frame does not count; 0 where nobody had."""
    spans: list[tuple[float, float]] = [(one["begun_s"], one[name]) for one in reports if one["begun_s"] is not None]
    if not spans:
        return 0.0
    return max(begun_s + lasted_s for begun_s, lasted_s in spans) - min(begun_s for begun_s, _ in spans)


def _options(setup: Setup) -> list[str]:
    options = ["--batch", str(setup.batch)]
    if setup.ordered_threads is not None:
        options += ["--ordered-threads", str(setup.ordered_threads)]
    return options if setup.is_stored else [*options, "--memory-store"]


def _take_out(turns: Turns, report: dict[str, Any]) -> None:
    """The time it stood, of its own report."""
    for name in ("work_s", "wall_s"):
        report[name] -= turns.stopped_s(report["begun_s"], report["begun_s"] + report[name])


def _trial(
    reports: Sequence[dict[str, Any]], kafka_bytes: int, finish: Finish, others: float, servers_s: float
) -> Trial:
    groups = {group for report in reports for group in report["cpu_by_group"]}
    return Trial(
        frames=sum(report["frames"] for report in reports),
        elapsed_s=span_s(reports, "wall_s"),
        work_s=span_s(reports, "work_s"),
        cpu_s=sum(report["cpu_s"] for report in reports),
        cpu_by_group={one: sum(report["cpu_by_group"].get(one, 0.0) for report in reports) for one in sorted(groups)},
        peak_mb=sum(report["peak_mb"] for report in reports),
        frame_ms=reports[0]["frame_ms"],
        stage_ms=reports[0]["stage_ms"],
        kafka_bytes=kafka_bytes,
        stored_bytes=finish.stored_bytes,
        stored_frames=finish.frames,
        others=others,
        servers_ms=max(0.0, servers_s) / finish.frames * 1000,
        middle_per_s=sum(report["middle_per_s"] for report in reports),
    )


@dataclass(frozen=True, slots=True)
class Plain:
    """The plain loop, in one or more processes side by side. CPU and wall ms a frame of one; frames/s of all."""

    cpu_ms: float
    wall_ms: float
    per_s: float
    others: float


def run_plain(
    analysis: str,
    size: tuple[int, int],
    cost_ms: float | None = None,
    *,
    cameras: int = 1,
    processes: int = 1,
    frames: int = PLAIN_FRAMES,
) -> Plain:
    """The roofline in fresh processes that begin together, each with `frames` frames and its share of the cameras.
    Raises RuntimeError."""
    words = [analysis, "--size", f"{size[0]}x{size[1]}", "--frames", str(frames), "--wait"]
    words += ["--cameras", str(max(1, cameras // processes))]
    if cost_ms is not None:
        words += ["--cost-ms", str(cost_ms)]
    command = [sys.executable, "-m", "benchmarks.plain_loop", *words]
    pipe = subprocess.PIPE
    interference = Interference()
    children = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(processes)]
    try:
        for child in children:
            if child.stdout is None or child.stdout.readline() != "ready\n":
                raise RuntimeError("the plain loop did not start")
        for child in children:
            if child.stdin is not None:
                child.stdin.write("go\n")
                child.stdin.flush()
        results = [json.loads(child.communicate(timeout=LIMIT_S)[0].splitlines()[-1]) for child in children]
    finally:
        for child in children:
            child.kill()
    return Plain(
        cpu_ms=sum(one["cpu_ms"] for one in results) / processes,
        wall_ms=sum(one["wall_s"] / one["frames"] for one in results) / processes * 1000,
        per_s=sum(one["frames"] / one["wall_s"] for one in results),
        others=interference.share(),
    )
