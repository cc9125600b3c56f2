"""Consumers by number of threads: `python -m benchmarks.consumers --analysis emotion --threads 1,4,6,8`.

Real Kafka, pre-loaded; real S3; the product's own process. Beside it, in the same run, the roofline: the same decode,
model, track, draw and encode in a plain loop. Efficiency = frames per CPU second of the consumer process divided by
those of the plain loop; overhead = the difference in CPU ms a frame (uploads included). Machines are noisy: compare
ratios within one run, not times between runs.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.load import Finish, Load, delete_topics, fill, make_topics
from benchmarks.pictures import make_jpegs
from benchmarks.plain_loop import definition_of, scene_of
from benchmarks.servers import running_servers
from benchmarks.tables import markdown_table
from benchmarks.worker import Worker
from common.settings import KafkaSettings, load_settings

LIMIT_S = 600.0
PLAIN_FRAMES = 300
PICTURES = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One run. CPU of all consumer processes together."""

    analysis: str
    threads: int
    processes: int
    frames: int
    elapsed_s: float
    frames_per_s: float
    cpu_s_per_1000: float
    cpu_ms: float
    plain_cpu_ms: float
    efficiency: float
    overhead_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    peak_mb: float


def run_plain(analysis: str, size: str, cost_ms: float | None, processes: int = 1) -> list[dict[str, float]]:
    """The roofline in fresh processes, side by side when `processes` is more than 1."""
    command = [sys.executable, "-m", "benchmarks.plain_loop", analysis, "--size", size, "--frames", str(PLAIN_FRAMES)]
    if cost_ms is not None:
        command += ["--cost-ms", str(cost_ms)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    return [json.loads(child.communicate(timeout=LIMIT_S)[0].splitlines()[-1]) for child in children]


def run_consumer(
    environment: dict[str, str], arguments: argparse.Namespace, analysis: str, threads: int, jpegs: Sequence[bytes]
) -> dict[str, Any]:
    """One run on topics of its own. Raises RuntimeError when it does not finish."""
    width, height = map(int, arguments.size.split("x"))
    prefix = f"bench-{analysis}-{threads}-{next(_numbers)}."
    environment = environment | {"LOOKOUT_TOPIC_PREFIX": prefix.replace("_", "-")}
    settings = load_settings(KafkaSettings, environment)
    load = Load(arguments.cameras, arguments.frames // arguments.cameras, (width, height), arguments.partitions)
    make_topics(settings, arguments.partitions)
    fill(settings, definition_of(analysis, arguments.cost_ms), load, jpegs)
    finish = Finish(settings)
    with tempfile.TemporaryDirectory() as var:
        workers = [
            Worker(
                environment | {"LOOKOUT_VAR_DIR": f"{var}/{n}"}, analysis, threads, arguments.cost_ms, f"{var}/{n}.log"
            )
            for n in range(arguments.processes)
        ]
        try:
            if not finish.wait(load.total, LIMIT_S):
                logs = "\n".join(worker.log_tail() for worker in workers)
                raise RuntimeError(f"{finish.frames} of {load.total} frames stored within {LIMIT_S:.0f} s\n{logs}")
            reports = [worker.report() for worker in workers]
        finally:
            for worker in workers:
                worker.stop()
            finish.close()
            delete_topics(settings)
    return {
        "frames": load.total,
        "elapsed_s": max(report["wall_s"] for report in reports),
        "cpu_s": sum(report["cpu_s"] for report in reports),
        "peak_mb": sum(report["peak_mb"] for report in reports),
        "frame_ms": reports[0]["frame_ms"],
    }


def _count() -> Any:
    number = 0
    while True:
        yield number
        number += 1


_numbers = _count()


def measure(environment: dict[str, str], arguments: argparse.Namespace, analysis: str) -> list[Row]:
    """All thread numbers of one analysis, the roofline measured before each and once after."""
    width, height = map(int, arguments.size.split("x"))
    jpegs = make_jpegs(scene_of(analysis), width, height, PICTURES)
    plain: list[float] = []
    results = []
    for threads in arguments.threads:
        plain.append(run_plain(analysis, arguments.size, arguments.cost_ms)[0]["cpu_ms"])
        results.append((threads, run_consumer(environment, arguments, analysis, threads, jpegs)))
        print(f"  {analysis}, {threads} threads: {results[-1][1]['elapsed_s']:.1f} s", file=sys.stderr, flush=True)
    plain.append(run_plain(analysis, arguments.size, arguments.cost_ms)[0]["cpu_ms"])
    plain_ms = statistics.median(plain)
    return [_row(analysis, threads, arguments.processes, result, plain_ms) for threads, result in results]


def _row(analysis: str, threads: int, processes: int, result: dict[str, Any], plain_ms: float) -> Row:
    frames = result["frames"]
    cpu_ms = result["cpu_s"] / frames * 1000
    return Row(
        analysis=analysis,
        threads=threads,
        processes=processes,
        frames=frames,
        elapsed_s=round(result["elapsed_s"], 2),
        frames_per_s=round(frames / result["elapsed_s"], 1),
        cpu_s_per_1000=round(result["cpu_s"] / frames * 1000, 2),
        cpu_ms=round(cpu_ms, 2),
        plain_cpu_ms=round(plain_ms, 2),
        efficiency=round(plain_ms / cpu_ms, 3),
        overhead_ms=round(cpu_ms - plain_ms, 2),
        p50_ms=result["frame_ms"].get("p50", 0),
        p95_ms=result["frame_ms"].get("p95", 0),
        p99_ms=result["frame_ms"].get("p99", 0),
        peak_mb=round(result["peak_mb"]),
    )


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.consumers", description=__doc__)
    parser.add_argument(
        "--analysis", default="emotion", help="emotion, license_plate, noop, cpu, cpu_gil, sleep; a list"
    )
    parser.add_argument("--threads", default="1,4,6,8", type=lambda text: [int(n) for n in text.split(",")])
    parser.add_argument("--processes", default=1, type=int)
    parser.add_argument("--cameras", default=4, type=int)
    parser.add_argument("--partitions", default=12, type=int)
    parser.add_argument("--frames", default=600, type=int, help="of all cameras together")
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--cost-ms", default=None, type=float, help="of a stand-in")
    parser.add_argument("--out", default=None, type=Path, help="folder for results.json and results.md")
    return parser.parse_args(arguments)


def main() -> int:
    arguments = parse()
    rows: list[Row] = []
    with running_servers() as environment:
        for analysis in arguments.analysis.split(","):
            rows += measure(environment, arguments, analysis)
    table = markdown_table([asdict(row) for row in rows])
    print(table)
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / "results.json").write_text(json.dumps([asdict(row) for row in rows], indent=1))
        (arguments.out / "results.md").write_text(table + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
