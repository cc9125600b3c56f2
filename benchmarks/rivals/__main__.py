"""Our consumer beside `sentry-arroyo` and `quixstreams`: `python -m benchmarks.rivals`.

The same frames in the same broker, the same work on each, ordered encode included (`benchmarks/rivals/work.py`); what
differs is the framework. Models are stand-ins: `sleep` waits 50 ms (a model on another machine), `cpu` burns 10 ms with
the interpreter lock released, `noop` does nothing. Rivals throw their clips away, so that ours is shown doing the same,
and once storing them in S3. Each rival is compared with ours of as many threads or processes. sentry-arroyo's pool
of N threads leaves the ordered stage to the processor's own, which makes N + 1: it is shown so, beside ours with one
thread more for that stage, and with N in all. quixstreams has no thread pool: it is shown with one process, and with as
many processes as others have threads. The systems take turns within one run; a run that others disturb is repeated.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.figure import calmest
from benchmarks.pictures import make_jpegs
from benchmarks.rivals.environments import RIVALS, lock_of, locked_version
from benchmarks.rivals.run import RivalResult, run_rival
from benchmarks.servers import running_servers
from benchmarks.tables import markdown_table
from benchmarks.trial import Setup, Trial, run_trial

CAMERAS = 8
"""In as many partitions, so that eight processes have one each."""
RUN_S = 8.0
"""About how long a run should take."""
FRAME_CPU_MS = 4.5
MOST_FRAMES = 2400
CORES_ASSUMED = 2
PICTURES = 50
OURS = "lookout"
Result = Trial | RivalResult


def frames_for(kind: str, cost_ms: float, threads: int) -> int:
    """So many that a run takes some eight seconds on two cores; a multiple of the cameras."""
    each_ms = cost_ms + FRAME_CPU_MS
    waiting = threads * 1000 / each_ms
    computing = CORES_ASSUMED * 1000 / (FRAME_CPU_MS if kind == "sleep" else each_ms)
    frames = min(MOST_FRAMES, round(RUN_S * min(waiting, computing)))
    return max(1, frames // CAMERAS) * CAMERAS


@dataclass(frozen=True, slots=True)
class Contender:
    """How a row is run. `beside`: the row of ours that it is compared with."""

    rival: str
    setup: Setup
    beside: str


def contenders(setup: Setup, processes: Setup) -> dict[str, Contender]:
    """By the name in the table."""
    quix = locked_version(lock_of("quix"), RIVALS["quix"])
    arroyo = locked_version(lock_of("arroyo"), RIVALS["arroyo"])
    clients = {rival: locked_version(lock_of(rival), "confluent-kafka") for rival in RIVALS}
    ours = f"{OURS} (confluent-kafka {version('confluent-kafka')}), N threads"
    one_more = f"{OURS}, N threads and 1 for the ordered stage"
    setup_of_ours = replace(setup, is_stored=False)
    found = {
        ours: Contender(OURS, replace(setup_of_ours, ordered_threads=0), ours),
        f"{OURS}, as it runs where nobody says otherwise, clips stored": Contender(OURS, setup, ours),
        one_more: Contender(OURS, replace(setup_of_ours, ordered_threads=1), one_more),
        f"sentry-arroyo {arroyo} (confluent-kafka {clients['arroyo']}), N threads and its own": Contender(
            "arroyo", setup, one_more
        ),
        f"sentry-arroyo {arroyo}, N threads in all": Contender(
            "arroyo", replace(setup, threads=setup.threads - 1), ours
        ),
        f"quixstreams {quix} (confluent-kafka {clients['quix']}), 1 process": Contender("quix", setup, ours),
    }
    if processes.processes > 1:
        several = f"{OURS}, {processes.processes} processes"
        found[several] = Contender(OURS, replace(processes, is_stored=False), several)
        found[f"quixstreams {quix}, {processes.processes} processes"] = Contender("quix", processes, several)
    return found


def run(environment: dict[str, str], rival: str, setup: Setup, jpegs: Sequence[bytes]) -> Result:
    if rival == OURS:
        return run_trial(environment, setup, jpegs)
    return run_rival(environment, rival, setup, jpegs)


def compare(environment: dict[str, str], kind: str, threads: int, repeat: int, tries: int) -> list[dict[str, Any]]:
    """One row for each contender; medians of frames/s and CPU over the rounds, in which they take turns."""
    cost_ms = {"sleep": 50.0, "cpu": 10.0, "noop": 0.0}[kind]
    shared: dict[str, Any] = {
        "cameras": CAMERAS,
        "partitions": CAMERAS,
        "cost_ms": cost_ms,
        "frames": frames_for(kind, cost_ms, threads),
    }
    jpegs = make_jpegs("face", 640, 480, PICTURES)
    entrants = contenders(Setup(kind, threads, **shared), Setup(kind, 1, processes=min(threads, CAMERAS), **shared))
    results: dict[str, list[Result]] = {name: [] for name in entrants}
    for _ in range(repeat):
        for name, entrant in entrants.items():
            one = calmest(partial(run, environment, entrant.rival, entrant.setup, jpegs), tries)
            results[name].append(one)
            print(
                f"  {kind}, {threads}: {name}: {one.per_s:.1f} frames/s, others {one.others:.0%}",
                file=sys.stderr,
                flush=True,
            )
    rates = {name: statistics.median(one.per_s for one in several) for name, several in results.items()}
    rows = []
    for name, several in results.items():
        rows.append(
            {
                "model": kind,
                "threads": threads,
                "system": name,
                "frames": several[0].frames,
                "frames/s": round(rates[name], 1),
                "ours / this": round(rates[entrants[name].beside] / rates[name], 3),
                "CPU ms a frame": round(statistics.median(one.cpu_ms for one in several), 2),
                "others": f"{max(one.others for one in several):.0%}",
            }
        )
    return rows


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rivals", description=__doc__)
    parser.add_argument("--models", default="sleep,cpu,noop", type=lambda text: text.split(","))
    parser.add_argument("--threads", default="1,2,4,8", type=lambda text: [int(word) for word in text.split(",")])
    parser.add_argument("--repeat", default=1, type=int, help="rounds; medians are shown")
    parser.add_argument("--tries", default=2, type=int, help="of a run that others disturb")
    parser.add_argument("--out", default=None, type=Path, help="folder for rivals.json and rivals.md")
    return parser.parse_args(arguments)


def main() -> int:
    given = parse()
    rows: list[dict[str, Any]] = []
    with running_servers() as environment:
        for kind in given.models:
            for threads in given.threads:
                rows += compare(environment, kind, threads, given.repeat, given.tries)
                if given.out is not None:
                    given.out.mkdir(parents=True, exist_ok=True)
                    (given.out / "rivals.json").write_text(json.dumps(rows, indent=1))
                    (given.out / "rivals.md").write_text(markdown_table(rows) + "\n")
    print(markdown_table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
