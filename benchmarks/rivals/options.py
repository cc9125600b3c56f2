"""What every rival process is told on its command line, and what it prepares."""

import argparse
import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rivals.detections import Detections
from benchmarks.rivals.work import FrameWork
from benchmarks.stop_watch import StopWatch, answer_questions


@dataclass(frozen=True, slots=True)
class RivalOptions:
    """`topic`: full name; `group`: a new one each run."""

    brokers: str
    topic: str
    group: str
    threads: int


@contextlib.contextmanager
def prepared() -> Iterator[tuple[RivalOptions, FrameWork]]:
    """Options and work; questions on standard input are answered from now on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--detections", required=True, help="topic")
    parser.add_argument("--group", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--analysis", required=True)
    parser.add_argument("--cost-ms", type=float, default=None)
    given = parser.parse_args()
    watch = StopWatch()
    answer_questions(watch)
    with tempfile.TemporaryDirectory() as folder, Detections(given.brokers, given.detections) as publish:
        work = FrameWork(given.analysis, given.cost_ms, Path(folder), watch, publish)
        yield RivalOptions(given.brokers, given.topic, given.group, given.threads), work
        work.close()
