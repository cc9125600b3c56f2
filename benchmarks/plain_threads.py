"""What threads of one Python process reach with a model that waits and nothing else to do but a frame's work.

Each of N threads has a camera of its own and goes through the plain loop: decode, wait, draw, encode. No Kafka, S3,
order, queue or hand-over; what they share is the interpreter lock and the cores. It says how much of what is possible
on paper a machine gives to threads at all: `python -m benchmarks.plain_threads --threads 32`.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import cv2

from benchmarks.pictures import make_jpegs
from benchmarks.plain_loop import PlainLoop, definition_of, scene_of

SIZE = (640, 480)
PICTURES = 100
SETTLE_S = 1.0
"""After the last thread's first frames: until then threads are in step."""
SECONDS = 5.0
WAIT_MS = 50.0
START_S = 120.0


@dataclass(frozen=True, slots=True)
class ThreadsResult:
    """Frames/s of all threads together, and CPU ms a frame of the process."""

    threads: int
    per_s: float
    cpu_ms: float
    wait_ms: float

    @property
    def share(self) -> float:
        """Of what is possible."""
        return self.per_s / possible_per_s(self.threads, self.wait_ms, self.cpu_ms)


def possible_per_s(threads: int, wait_ms: float, cpu_ms: float, elsewhere_ms: float = 0.0) -> float:
    """Frames/s: each thread waits and works, as far as the cores go. `cpu_ms`: of a frame in the process,
    `elsewhere_ms`: in others on the same cores."""
    ceiling = (os.cpu_count() or 1) * 1000 / (cpu_ms + elsewhere_ms)
    return min(threads * 1000 / (wait_ms + cpu_ms), ceiling)


def run_threads(threads: int, wait_ms: float = WAIT_MS, seconds: float = SECONDS) -> ThreadsResult:
    """In this process, which should do nothing else."""
    definition = definition_of("sleep", wait_ms)
    jpegs = make_jpegs(scene_of("sleep"), *SIZE, PICTURES)
    done, ended = [0] * threads, threading.Event()
    are_warm = threading.Barrier(threads + 1)

    def work(number: int, loop: PlainLoop) -> None:
        try:
            loop.warm_up()
        except BaseException:
            are_warm.abort()
            raise
        are_warm.wait(START_S)
        while not ended.is_set():
            loop.run(1)
            done[number] += 1

    with ExitStack() as cleanup:
        loops = [cleanup.enter_context(PlainLoop(definition, jpegs, SIZE)) for _ in range(threads)]
        workers = [threading.Thread(target=work, args=pair, daemon=True) for pair in enumerate(loops)]
        for worker in workers:
            worker.start()
        are_warm.wait(START_S)
        time.sleep(SETTLE_S)
        wall_s, cpu_s, before = time.perf_counter(), time.process_time(), sum(done)
        time.sleep(seconds)
        frames, cpu_s, wall_s = sum(done) - before, time.process_time() - cpu_s, time.perf_counter() - wall_s
        ended.set()
        for worker in workers:
            worker.join()
    return ThreadsResult(threads, frames / wall_s, cpu_s / frames * 1000, wait_ms)


def measure(threads: int, wait_ms: float = WAIT_MS) -> ThreadsResult:
    """In a process of its own. Raises CalledProcessError."""
    words = ["--threads", str(threads), "--wait-ms", str(wait_ms), "--json"]
    command = [sys.executable, "-m", "benchmarks.plain_threads", *words]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=START_S).stdout
    (row,) = json.loads(said)
    return ThreadsResult(threads, row["per_s"], row["cpu_ms"], wait_ms)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plain_threads", description=__doc__)
    parser.add_argument("--threads", default="1,2,4,8,16,32", help="numbers of threads, one after the other")
    parser.add_argument("--wait-ms", type=float, default=WAIT_MS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    cv2.setNumThreads(0)
    results = [run_threads(int(number), given.wait_ms, given.seconds) for number in given.threads.split(",")]
    if given.json:
        print(json.dumps([{"per_s": one.per_s, "cpu_ms": one.cpu_ms} for one in results]))
        return 0
    for one in results:
        shown = f"{one.per_s:.1f} frames/s, CPU {one.cpu_ms:.2f} ms a frame: {one.share:.3f} of what is possible"
        print(f"{one.threads:3} threads: {shown}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
