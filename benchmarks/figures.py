"""The figures that have to be reached, measured on this machine: `python -m benchmarks.figures [NAME ...]`.

Names: efficiency, processes, sleeping, isolation, pipeline, annotate, planner; all without any. Each figure is a ratio
or a difference within one run, the two sides taking turns, of a second where consumer and plain loop are compared. Runs
that others disturb are repeated otherwise (`--tries`); the last column says how much of the machine they took. CPU is
that of the consumer process.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import annotate_cost, isolation, plain_threads, plan
from benchmarks.figure import Figure, calmest, typical
from benchmarks.in_turns import InTurns, Turns
from benchmarks.pictures import make_jpegs
from benchmarks.plain_threads import possible_per_s
from benchmarks.servers import started_when_needed
from benchmarks.tables import markdown_table
from benchmarks.trial import Setup, Trial, run_trial

SIZE = (640, 480)
PICTURES = 100
SLEEP_MS = 50.0
LOCK_BOUND = 32
"""Threads of one process that wait for its lock more than for the cores."""
CAMERAS = 4
"""Of a run, unless it says otherwise, and of the plain loop beside it."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured. `frames`: of a run at one thread; more threads get as many more as keeps its length."""

    rounds: int
    tries: int
    frames: int
    threads: tuple[int, ...]
    side_by_side: tuple[int, ...]
    sleeping: tuple[int, ...]
    pairs: int


FULL = Effort(
    rounds=3, tries=2, frames=500, threads=(1, 2, 4, 8), side_by_side=(2, 4, 8), sleeping=(1, 2, 4, 8, 16, 32), pairs=10
)
QUICK = Effort(rounds=1, tries=1, frames=300, threads=(1, 2, 8), side_by_side=(2,), sleeping=(1, 8, 32), pairs=2)
Servers = Callable[[], dict[str, str]]


def _trial(environment: dict[str, str], setup: Setup, tries: int) -> Trial:
    jpegs = make_jpegs("face", *setup.size, PICTURES)
    return calmest(lambda: run_trial(environment, setup, jpegs), tries)


def _say(what: str, others: float) -> None:
    """Of a long measurement, what is there already."""
    print(f"  {what}; others {others:.0%}", file=sys.stderr, flush=True)


def _beside_plain(environment: dict[str, str], setup: Setup, processes: int = 1) -> tuple[Trial, Turns]:
    """A run in turns with the plain loop."""
    loops = InTurns(setup.analysis, setup.size, setup.cameras, processes)
    try:
        return run_trial(environment, setup, make_jpegs("face", *setup.size, PICTURES), loops), loops.turns
    finally:
        loops.close()


def efficiency(servers: Servers, effort: Effort) -> list[Figure]:
    """Emotion by threads: frames a CPU second beside the plain loop; what is added to a frame, uploads apart."""
    environment = servers()
    found = []
    for threads in effort.threads:
        frames = effort.frames * min(threads, os.cpu_count() or 1)
        setup = Setup("emotion", threads, cameras=CAMERAS, frames=frames)
        ratios, added, parts = [], [], []
        for _ in range(effort.rounds):
            trial, plain = _beside_plain(environment, setup)
            ratios.append((plain.cpu_ms / trial.cpu_ms, trial.others))
            added.append((trial.cpu_ms - trial.upload_cpu_ms - plain.cpu_ms, trial.others))
            parts.append(f"{trial.cpu_ms:.2f}/{plain.cpu_ms:.2f} (+{added[-1][0]:.2f}: {_groups(trial)})")
            _say(f"emotion, {threads} threads: {parts[-1]} ms", trial.others)
        value, others = typical(ratios)
        detail = f"CPU ms a frame / plain loop: {', '.join(parts)}"
        limit = 0.95 if threads == 1 else 0.90
        found.append(Figure(f"emotion, {threads} threads: efficiency", limit, False, value, "", others, detail))
        value, others = typical(added)
        found.append(Figure(f"emotion, {threads} threads: overhead", 0.3, True, value, "ms", others))
    return found


def overhead(servers: Servers, effort: Effort) -> list[Figure]:
    """What the runtime adds to a frame, uploads apart, with a model that costs nothing: the surest way to see it."""
    environment = servers()
    found = []
    for threads in (1, 2):
        added, parts = [], []
        for _ in range(effort.rounds):
            trial, plain = _beside_plain(
                environment, Setup("noop", threads, cameras=CAMERAS, frames=4 * threads * effort.frames)
            )
            added.append((trial.cpu_ms - trial.upload_cpu_ms - plain.cpu_ms, trial.others))
            parts.append(f"plain {plain.cpu_ms:.2f}, {_groups(trial)}")
            _say(f"no-op, {threads} threads: +{added[-1][0]:.2f} ms, {parts[-1]}", trial.others)
        value, others = typical(added)
        found.append(Figure(f"no-op, {threads} threads: overhead", 0.3, True, value, "ms", others, "; ".join(parts)))
    return found


def _groups(trial: Trial) -> str:
    """CPU ms a frame by group of threads."""
    return ", ".join(f"{name} {s / trial.frames * 1000:.3f}" for name, s in trial.cpu_by_group.items())


def processes(servers: Servers, effort: Effort) -> list[Figure]:
    """Two threads and more against two plain loops side by side, the same servers up: wall clock; and CPU a frame where
    no core is idle on either side, for two busy cores may slow each other down."""
    environment = servers()
    found = []
    for threads in effort.side_by_side:
        ratios, added, parts = [], [], []
        for _ in range(effort.rounds):
            setup = Setup("emotion", threads, cameras=CAMERAS, frames=2 * effort.frames)
            trial, two = _beside_plain(environment, setup, processes=2)
            ratios.append((trial.per_s / two.per_s, trial.others))
            added.append((trial.cpu_ms - trial.upload_cpu_ms - two.cpu_ms, trial.others))
            parts.append(f"{trial.per_s:.1f}/{two.per_s:.1f} ({trial.cpu_ms:.2f}/{two.cpu_ms:.2f} ms)")
            _say(f"{threads} threads / 2 processes: {parts[-1]}", trial.others)
        value, others = typical(ratios)
        detail = f"frames/s (CPU ms a frame): {', '.join(parts)}"
        name = f"emotion, {threads} threads / 2 plain processes"
        found.append(Figure(name, 0.9, False, value, "", others, detail))
        value, others = typical(added)
        found.append(Figure(f"{name}: overhead", 0.3, True, value, "ms", others))
    return found


def sleeping(servers: Servers, effort: Effort) -> list[Figure]:
    """A model that sleeps 50 ms: N / (50 ms + CPU a frame), as far as the cores go, which broker and store use too.
    Beside it, what as many threads reach that do the work of a frame and nothing else. Many threads of one process
    share one interpreter lock: `LOCK_BOUND` of them are shown in two processes as well."""
    environment = servers()
    found = []
    for threads in effort.sleeping:
        found.append(_sleeping(environment, effort, threads))
        if threads >= LOCK_BOUND:
            found.append(_sleeping(environment, effort, threads // 2, 2))
    return found


def _sleeping(environment: dict[str, str], effort: Effort, threads: int, members: int = 1) -> Figure:
    """`members` processes of so many threads each; one alone beside plain threads."""
    each = f"{threads} threads" if members == 1 else f"{members} processes of {threads} threads"
    threads_of_all = members * threads
    frames = min(4000, max(160, threads_of_all * 8 * 18))
    setup = Setup("sleep", threads, members, cameras=8, frames=frames, cost_ms=SLEEP_MS)
    ratios, parts = [], []
    for _ in range(effort.rounds):
        trial = _trial(environment, setup, effort.tries)
        best = possible_per_s(threads_of_all, SLEEP_MS, trial.cpu_ms, trial.servers_ms)
        ratios.append((trial.per_s / best, trial.others))
        said = [f"CPU ms a frame {trial.cpu_ms:.2f}, servers {trial.servers_ms:.2f}"]
        if members == 1:
            plain = plain_threads.measure(threads, SLEEP_MS)
            said.append(f"middle {trial.middle_per_s:.1f}; plain threads {plain.per_s:.1f}: {plain.share:.3f}")
        parts.append(f"{trial.per_s:.1f}/{best:.1f} ({', '.join(said)})")
        _say(f"sleeping, {each}: {parts[-1]} frames/s", trial.others)
    value, others = typical(ratios)
    detail = f"frames/s / best possible: {', '.join(parts)}"
    return Figure(f"sleeping 50 ms, {each}", 0.95, False, value, "", others, detail)


def isolated(servers: Servers, effort: Effort) -> list[Figure]:
    """p99 of other cameras while one camera has a frame of 2 s."""
    found = isolation.measure(servers(), "sleep", pairs=effort.pairs)
    shown = ", ".join(f"{a:.0f}/{b:.0f}" for a, b in zip(found.slow_ms, found.calm_ms, strict=True))
    return [Figure("p99 beside a slow camera", 1.1, True, found.ratio, "x", None, f"ms, slow / calm: {shown}")]


def pipeline(_servers: Servers, effort: Effort) -> list[Figure]:
    """JPEG in to clip out without a model, and an open stream's memory: `python -m consumers measure`."""
    command = [sys.executable, "-m", "consumers", "measure", "--rounds", str(max(3, effort.rounds))]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    cost = json.loads(said.splitlines()[-1])
    parts = f"sum of its parts {cost['sum_of_parts_ms']:.2f} ms {cost['parts_ms']}"
    return [
        Figure("JPEG in to clip out", 4.1, True, cost["cpu_ms_per_frame"], "ms", None, parts),
        Figure("an open stream", 12, True, cost["open_stream_mb"], "MB"),
    ]


def annotate(_servers: Servers, effort: Effort) -> list[Figure]:
    """A film annotated, beside a one-pass PyAV loop."""
    cost = annotate_cost.measure(max(3, effort.rounds))
    detail = f"CPU ms a frame: {cost.annotate_ms:.2f}/{cost.loop_ms:.2f}"
    return [Figure("annotate / one-pass PyAV loop", 1.05, True, cost.ratio, "x", None, detail)]


def planner(servers: Servers, _effort: Effort) -> list[Figure]:
    """A plan, and the same load for real."""
    words = ["--cameras", "4", "--fps", "10", "--analyses", "emotion", "--check", "--json"]
    compared = plan.answer(plan.parse(words), servers).compared or []
    worst = max(compared, key=lambda row: abs(row["error %"]))
    detail = ", ".join(f"{row['']} {row['error %']:+.1f} %" for row in compared)
    return [Figure("planner: largest error", 15, True, abs(worst["error %"]), "%", None, detail)]


MEASURES: dict[str, Callable[[Servers, Effort], list[Figure]]] = {
    "pipeline": pipeline,
    "annotate": annotate,
    "overhead": overhead,
    "efficiency": efficiency,
    "processes": processes,
    "sleeping": sleeping,
    "isolation": isolated,
    "planner": planner,
}


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASURES))
    parser.add_argument("--quick", action="store_true", help="fewer rounds and thread counts, 6 minutes in all")
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument("--tries", type=int, default=None, help="of a run that others disturb")
    parser.add_argument("--out", type=Path, default=None, help="folder for figures.json and figures.md")
    given = parser.parse_args(arguments)
    for name in given.names:
        if name not in MEASURES:
            parser.error(f"there is no figure {name}")
    return given


def effort_of(given: argparse.Namespace) -> Effort:
    effort = asdict(QUICK if given.quick else FULL)
    return Effort(**effort | {name: value for name in ("rounds", "tries") if (value := getattr(given, name))})


def write(figures: Sequence[Figure], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    records: list[dict[str, Any]] = [asdict(one) | {"holds": one.holds} for one in figures]
    (folder / "figures.json").write_text(json.dumps(records, indent=1))
    (folder / "figures.md").write_text(markdown_table([one.row() for one in figures]) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    given = parse(arguments)
    effort = effort_of(given)
    figures: list[Figure] = []
    with started_when_needed() as servers:
        for name in given.names or MEASURES:
            for figure in MEASURES[name](servers, effort):
                figures.append(figure)
                print(f"  {figure.row()}", file=sys.stderr, flush=True)
                if given.out is not None:
                    write(figures, given.out)
    print(markdown_table([one.row() for one in figures]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
