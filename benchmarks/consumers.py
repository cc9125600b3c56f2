"""Consumers by number of threads: `python -m benchmarks.consumers --analysis emotion --threads 1,4,6,8`.

Real Kafka, pre-loaded; real S3; the product's own process. Beside it, in the same run, the roofline: the same decode,
model, track, draw and encode of as many cameras in a plain loop. Efficiency = frames per CPU second of the consumer
process divided by those of the plain loop; overhead = the difference in CPU ms a frame, uploads apart. Machines are
noisy: compare ratios within one run, not times between runs. Every option but `--frames`, `--cost-ms`, `--out` takes a
list.
"""

import argparse
import itertools
import json
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.batches import measure_batches
from benchmarks.knees import knees
from benchmarks.latency import measure_loads
from benchmarks.pictures import make_jpegs
from benchmarks.plain_loop import scene_of
from benchmarks.plots import draw_plots
from benchmarks.servers import running_servers
from benchmarks.tables import markdown_table
from benchmarks.trial import Plain, Setup, Trial, run_plain, run_trial
from common.topics import DEFAULT_PARTITIONS

PICTURES = 100
NESTED = ("stage_ms", "cpu_by_group")
"""Fields of a row with a table of their own."""


@dataclass(frozen=True, slots=True)
class Row:
    """One run. CPU of all consumer processes together; `roofline_per_s`: the plain loop times threads, as far as the
    cores go; `others_percent`: of the machine, taken by others meanwhile."""

    analysis: str
    size: str
    threads: int
    processes: int
    cameras: int
    partitions: int
    batch: int
    frames: int
    elapsed_s: float
    frames_per_s: float
    roofline_per_s: float
    cpu_s_per_1000: float
    cpu_ms: float
    plain_cpu_ms: float
    plain_wall_ms: float
    efficiency: float
    overhead_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    peak_mb: float
    others_percent: float
    stage_ms: dict[str, float]
    cpu_by_group: dict[str, float]


def measure(environment: dict[str, str], setups: Sequence[Setup]) -> list[Row]:
    """All setups of one analysis and size, the roofline measured before each and once after."""
    first = setups[0]
    jpegs = make_jpegs(scene_of(first.analysis), *first.size, PICTURES)
    plain: list[Plain] = []
    done = []
    for setup in setups:
        plain.append(run_plain(setup.analysis, setup.size, setup.cost_ms, cameras=setup.cameras))
        done.append((setup, run_trial(environment, setup, jpegs)))
        print(
            f"  {setup.analysis}, {setup.threads} threads: {done[-1][1].elapsed_s:.1f} s", file=sys.stderr, flush=True
        )
    plain.append(run_plain(first.analysis, first.size, first.cost_ms, cameras=first.cameras))
    cpu_ms = statistics.median(one.cpu_ms for one in plain)
    wall_ms = statistics.median(one.wall_ms for one in plain)
    return [row_of(setup, trial, cpu_ms, wall_ms) for setup, trial in done]


def row_of(setup: Setup, trial: Trial, plain_cpu_ms: float, plain_wall_ms: float) -> Row:
    threads, cores = setup.threads * setup.processes, os.cpu_count() or 1
    return Row(
        analysis=setup.analysis,
        size=f"{setup.size[0]}x{setup.size[1]}",
        threads=setup.threads,
        processes=setup.processes,
        cameras=setup.cameras,
        partitions=setup.partitions,
        batch=setup.batch,
        frames=trial.frames,
        elapsed_s=round(trial.elapsed_s, 2),
        frames_per_s=round(trial.per_s, 1),
        roofline_per_s=round(min(threads * 1000 / plain_wall_ms, cores * 1000 / plain_cpu_ms), 1),
        cpu_s_per_1000=round(trial.cpu_ms, 2),
        cpu_ms=round(trial.cpu_ms, 2),
        plain_cpu_ms=round(plain_cpu_ms, 2),
        plain_wall_ms=round(plain_wall_ms, 2),
        efficiency=round(plain_cpu_ms / trial.cpu_ms, 3),
        overhead_ms=round(trial.cpu_ms - trial.upload_cpu_ms - plain_cpu_ms, 2),
        p50_ms=trial.frame_ms.get("p50", 0),
        p95_ms=trial.frame_ms.get("p95", 0),
        p99_ms=trial.frame_ms.get("p99", 0),
        peak_mb=round(trial.peak_mb),
        others_percent=round(trial.others * 100),
        stage_ms=trial.stage_ms,
        cpu_by_group={group: round(s * 1000 / trial.frames, 3) for group, s in trial.cpu_by_group.items()},
    )


def numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def sizes(text: str) -> list[tuple[int, int]]:
    pairs = [word.split("x") for word in text.split(",")]
    return [(int(width), int(height)) for width, height in pairs]


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.consumers", description=__doc__)
    parser.add_argument(
        "--analysis",
        default="emotion",
        help="emotion, license_plate, noop, cpu, cpu_gil, sleep, sleep_call; a list",
    )
    parser.add_argument("--threads", default="1,4,6,8", type=numbers)
    parser.add_argument("--processes", default="1", type=numbers)
    parser.add_argument("--cameras", default="4", type=numbers)
    parser.add_argument(
        "--partitions", default=str(DEFAULT_PARTITIONS), type=numbers, help=f"1 to {DEFAULT_PARTITIONS} with cameras in"
    )
    parser.add_argument("--size", default="640x480", type=sizes)
    parser.add_argument("--batch", default="1", type=numbers, help="pictures that a thread gives the model at once")
    parser.add_argument(
        "--model-batch", default=[], type=numbers, help="the model alone too, by pictures a call: 1,4,8"
    )
    parser.add_argument(
        "--loads", default="", help="latency too, at these shares of the highest throughput, at that number of threads"
    )
    parser.add_argument("--frames", default=1000, type=int, help="of all cameras together")
    parser.add_argument("--cost-ms", default=None, type=float, help="of a stand-in")
    parser.add_argument("--out", default=None, type=Path, help="folder for results.json, results.md and PNG plots")
    given = parser.parse_args(arguments)
    if not all(1 <= partitions <= DEFAULT_PARTITIONS for partitions in given.partitions):
        parser.error(f"--partitions: there are {DEFAULT_PARTITIONS}, and cameras lie in at least one")
    return given


def setups_of(given: argparse.Namespace) -> list[list[Setup]]:
    """Every combination that was asked for, those of one analysis and picture size together."""
    several = list(itertools.product(given.processes, given.cameras, given.partitions, given.batch, given.threads))
    return [
        [
            Setup(
                analysis=analysis,
                threads=threads,
                processes=processes,
                cameras=cameras,
                partitions=partitions,
                frames=given.frames,
                size=size,
                cost_ms=given.cost_ms,
                batch=batch,
            )
            for processes, cameras, partitions, batch, threads in several
        ]
        for analysis in given.analysis.split(",")
        for size in given.size
    ]


def tables_of(records: Sequence[Mapping[str, Any]]) -> str:
    """Three tables: the runs, wall time by stage, CPU by group of threads."""
    flat = [{name: value for name, value in row.items() if name not in NESTED} for row in records]
    head = [{name: row[name] for name in ("analysis", "size", "threads", "processes", "batch")} for row in records]
    stages = [first | row["stage_ms"] for first, row in zip(head, records, strict=True)]
    groups = [first | row["cpu_by_group"] for first, row in zip(head, records, strict=True)]
    parts = [markdown_table(flat), "Wall time a frame by stage, ms:", markdown_table(stages)]
    parts += ["CPU a frame by threads, ms:", markdown_table(groups)]
    return "\n\n".join(parts)


def latencies(environment: dict[str, str], given: argparse.Namespace, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """At the asked loads: of each analysis, with the threads that gave the highest throughput."""
    loads = [float(word) for word in given.loads.split(",")] if given.loads else []
    found: list[dict[str, Any]] = []
    for analysis in dict.fromkeys(row.analysis for row in rows) if loads else ():
        best = max((row for row in rows if row.analysis == analysis), key=lambda row: row.frames_per_s)
        (size,) = sizes(best.size)
        setup = Setup(analysis, best.threads, cameras=best.cameras, size=size, cost_ms=given.cost_ms)
        jpegs = make_jpegs(scene_of(analysis), *size, PICTURES)
        found += measure_loads(environment, setup, jpegs, best.frames_per_s, loads)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    given = parse(arguments)
    rows: list[Row] = []
    with running_servers() as environment:
        for setups in setups_of(given):
            rows += measure(environment, setups)
        by_load = latencies(environment, given, rows)
    records = [asdict(row) for row in rows]
    said = "\n\n".join([tables_of(records), "\n".join(knees(records))])
    if by_load:
        said += (
            f"\n\nLatency from ingest into the clip, by share of the highest throughput:\n\n{markdown_table(by_load)}"
        )
    if given.model_batch:
        batches = measure_batches(given.analysis.split(","), given.size, given.model_batch, given.cost_ms)
        said += f"\n\nThe model alone, by pictures a call:\n\n{markdown_table(batches)}"
    print(said)
    if given.out is not None:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "results.json").write_text(json.dumps({"rows": records, "loads": by_load}, indent=1))
        (given.out / "results.md").write_text(f"{said}\n")
        for path in draw_plots(records, given.out, by_load):
            print(f"drew {path}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
