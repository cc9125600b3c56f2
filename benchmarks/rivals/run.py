"""One run of a rival on a topic of its own."""

import itertools
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.interference import Interference
from benchmarks.joining import joined_and_stopped
from benchmarks.load import delete_topics, fill, make_topics
from benchmarks.plain_loop import definition_of
from benchmarks.rivals.environments import REPOSITORY, python_of
from benchmarks.trial import LIMIT_S, Setup, span_s
from benchmarks.worker import Worker
from common.settings import KafkaSettings, load_settings
from common.topics import DETECTIONS, FRAMES

POLL_S = 0.2
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class RivalResult:
    """All processes together, from the first frame on. `others`: share of the machine that others took meanwhile."""

    frames: int
    work_s: float
    cpu_s: float
    frame_ms: dict[str, float]
    others: float

    @property
    def per_s(self) -> float:
        return self.frames / self.work_s

    @property
    def cpu_ms(self) -> float:
        return self.cpu_s / self.frames * 1000


def run_rival(environment: dict[str, str], rival: str, setup: Setup, jpegs: Sequence[bytes]) -> RivalResult:
    """`setup.processes` processes of one group; `setup.threads` 0 where the framework's own thread does all.

    Raises RuntimeError when they do not finish."""
    python = python_of(rival)
    environment = environment | {"LOOKOUT_TOPIC_PREFIX": f"rival-{rival}-{next(_numbers)}."}
    settings = load_settings(KafkaSettings, environment)
    definition = definition_of(setup.analysis, setup.cost_ms)
    make_topics(settings)
    if setup.processes == 1:
        fill(settings, definition, setup.load, jpegs)
    words = ["--brokers", settings.bootstrap_servers, "--group", "rival"]
    words += ["--topic", settings.topic(FRAMES), "--detections", settings.topic(DETECTIONS)]
    with tempfile.TemporaryDirectory() as folder:
        workers = [
            Worker(
                {**os.environ, "PYTHONPATH": str(REPOSITORY)},
                setup.analysis,
                setup.threads,
                setup.cost_ms,
                Path(folder, f"{number}.log"),
                words,
                [str(python), "-m", f"benchmarks.rivals.{rival}_process"],
            )
            for number in range(setup.processes)
        ]
        interference = Interference()
        try:
            if setup.processes > 1:
                with joined_and_stopped(settings, workers) as partitions:
                    fill(settings, definition, setup.load, jpegs, partitions)
                    interference = Interference()
            reports = _finished(workers, setup.load.total)
            others = interference.share()
        finally:
            for worker in workers:
                worker.stop()
            delete_topics(settings)
    return RivalResult(
        frames=sum(report["frames"] for report in reports),
        work_s=span_s(reports, "work_s"),
        cpu_s=sum(report["cpu_s"] for report in reports),
        frame_ms=reports[0]["frame_ms"],
        others=others,
    )


def _finished(workers: Sequence[Worker], total: int) -> list[dict[str, Any]]:
    end_s = time.monotonic() + LIMIT_S
    while True:
        reports = [worker.report() for worker in workers]
        if sum(report["done"] for report in reports) >= total:
            return reports
        if time.monotonic() > end_s:
            raise RuntimeError(f"not {total} frames within {LIMIT_S:.0f} s\n{workers[0].log_tail()}")
        time.sleep(POLL_S)
