"""What so many cameras need: `python -m benchmarks.plan --cameras 20 --fps 10 --size 640x480 --analyses emotion`.

Predicts CPU, memory, partitions, bytes through Kafka and into S3, and how long the store may be out before frames of
the fullest partition expire. The costs behind it are measured here, once for each analysis and picture size (90 s
each), and kept in `var/bench/plan.json`. `--check` runs the load in real time and prints how far off the plan was.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.calibration import CalibrationFile, calibrate, measure_run
from benchmarks.load import record_bytes
from benchmarks.pictures import make_jpegs
from benchmarks.plain_loop import CLIP_MS, definition_of, make_headers, scene_of
from benchmarks.plan_model import Asked, Costs, Plan, error_percent, make_plan
from benchmarks.servers import started_when_needed
from benchmarks.tables import markdown_table
from common.contracts.frame import encode_headers

PICTURES = 100
DEFAULT_FILE = Path("var/bench/plan.json")
CHECKABLE_SHARE = 0.85
"""Of this machine's cores: the servers and the cameras of a check need the rest."""
SPEED_NOTE = "(x ...): CPU of a frame in the plain loop during the check, over that when costs were measured."
Jpegs = Mapping[str, Sequence[bytes]]


def record_bytes_of(asked: Asked, jpegs: Jpegs, size: tuple[int, int], jpeg_bytes: int | None) -> float:
    """Mean bytes of a frame in the log, over the scenes of the analyses."""
    of_each = []
    for analysis, every_ms in asked.every_ms.items():
        headers = list(encode_headers(make_headers(definition_of(analysis), 1, 10**12, size, every_ms or 1)))
        around = record_bytes("cam-xxxxxxxxxx", headers, b"")
        mean = jpeg_bytes or sum(map(len, jpegs[analysis])) / len(jpegs[analysis])
        of_each.append(around + mean)
    return sum(of_each) / len(of_each)


def find_costs(
    asked: Asked,
    jpegs: Jpegs,
    size: tuple[int, int],
    file: CalibrationFile,
    servers: Callable[[], dict[str, str]],
    *,
    anew: bool,
) -> dict[str, Costs]:
    """From the file where it has them, else measured and kept."""
    found: dict[str, Costs] = {}
    for analysis in asked.every_ms:
        kept = None if anew else file.find(analysis, size)
        if kept is None:
            print(f"  measuring {analysis} at {size[0]}x{size[1]}, 90 s", file=sys.stderr, flush=True)
            kept = calibrate(servers(), analysis, jpegs[analysis], size)
            file.keep(analysis, size, kept)
        found[analysis] = kept
    return found


def table_of(plan: Plan, asked: Asked) -> str:
    day_s = 86_400
    rows = [
        {"analysis": name, "cores": f"{need.cores:.2f}", "memory MB": f"{need.memory_mb:.0f}"}
        | {"searched": f"{asked.share(name):.0%}", "S3 GB a day": f"{need.stored_per_s * day_s / 1e9:.1f}"}
        for name, need in plan.needs.items()
    ]
    kafka_mb, s3_mb = plan.kafka_per_s / 1e6, plan.stored_per_s / 1e6
    facts = {
        "CPU of the consumers": f"{plan.cores:.2f} cores ({os.cpu_count()} here), one process for each analysis",
        "memory of the consumers": f"{plan.memory_mb:.0f} MB",
        "partitions": f"{plan.partitions_used} of {asked.partitions} used, {plan.fullest_cameras} camera(s) in the "
        f"fullest; at most {plan.partitions_used} processes of one analysis",
        "through Kafka": f"{kafka_mb:.2f} MB/s in, {plan.log_bytes / 1e9:.1f} GB of log when full",
        "into S3": f"{s3_mb:.2f} MB/s, {s3_mb * day_s / 1000:.1f} GB a day",
        "store may be out for": f"{plan.outage_s / 60:.0f} min, then frames of the fullest partition expire",
    }
    return "\n".join([markdown_table(rows), "", *(f"{name + ':':25}{value}" for name, value in facts.items())])


def check(
    environment: dict[str, str],
    plan: Plan,
    costs: Mapping[str, Costs],
    asked: Asked,
    jpegs: Jpegs,
    size: tuple[int, int],
) -> list[dict[str, Any]]:
    """Run each analysis with the asked load in real time, one after another; predicted, measured, error in percent.
    Cores are predicted for processors as fast as they are during the check."""
    rows: list[dict[str, Any]] = []
    log_bytes: list[float] = []
    for analysis, need in plan.needs.items():
        print(f"  checking {analysis}, 45 s", file=sys.stderr, flush=True)
        point, record = measure_run(
            environment,
            analysis,
            jpegs[analysis],
            size,
            cameras=asked.cameras,
            per_s=asked.per_s,
            every_ms=asked.every_ms[analysis],
        )
        log_bytes.append(record)
        slower = point.loop_ms / costs[analysis].loop_ms
        rows.append(_compared(f"{analysis}: cores (x {slower:.2f})", need.cores * slower, point.cores))
        rows.append(_compared(f"{analysis}: memory MB", need.memory_mb, point.memory_mb))
        rows.append(_compared(f"{analysis}: S3 kB/s", need.stored_per_s / 1000, point.stored_per_s / 1000))
    if all(log_bytes):
        measured = sum(log_bytes) / len(log_bytes) * asked.cameras * asked.per_s
        rows.append(_compared("Kafka kB/s", plan.kafka_per_s / 1000, measured / 1000))
    return rows


def _compared(what: str, predicted: float, measured: float) -> dict[str, Any]:
    error = error_percent(predicted, measured)
    return {"": what, "predicted": round(predicted, 3), "measured": round(measured, 3), "error %": round(error, 1)}


def intervals(text: str) -> dict[str, int | None]:
    """`emotion,license_plate=250`: the search interval of each in ms, that of the analysis where none is said."""
    chosen: dict[str, int | None] = {}
    for word in text.split(","):
        name, _, every = word.partition("=")
        chosen[name] = int(every) if every else definition_of(name).default_every_ms
    return chosen


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plan", description=__doc__)
    parser.add_argument("--cameras", type=int, required=True)
    parser.add_argument("--fps", type=float, required=True, help="frames/s of each camera")
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--analyses", default="emotion", help="a list; NAME=MS says how often it searches")
    parser.add_argument("--partitions", type=int, default=12)
    parser.add_argument("--jpeg-bytes", type=int, help="of a frame (default: that of the demo scene at this size)")
    parser.add_argument("--calibrate", action="store_true", help="measure the costs anew")
    parser.add_argument("--check", action="store_true", help="run it for real and print how far off the plan was")
    parser.add_argument("--file", type=Path, default=DEFAULT_FILE, help="where measured costs are kept")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


@dataclass(frozen=True, slots=True)
class Answer:
    """`compared`: predicted and measured; None where no check was asked for, empty where it is too much for here."""

    asked: Asked
    costs: dict[str, Costs]
    plan: Plan
    compared: list[dict[str, Any]] | None


def answer(given: argparse.Namespace, servers: Callable[[], dict[str, str]]) -> Answer:
    """`servers` is called where something has to be measured."""
    width, height = map(int, given.size.split("x"))
    size = (width, height)
    asked = Asked(given.cameras, given.fps, intervals(given.analyses), given.partitions)
    jpegs = {analysis: make_jpegs(scene_of(analysis), width, height, PICTURES) for analysis in asked.every_ms}
    costs = find_costs(asked, jpegs, size, CalibrationFile(given.file), servers, anew=given.calibrate)
    plan = make_plan(costs, asked, record_bytes_of(asked, jpegs, size, given.jpeg_bytes), CLIP_MS / 1000)
    if not given.check:
        return Answer(asked, costs, plan, None)
    most = max(need.cores for need in plan.needs.values())
    if most > CHECKABLE_SHARE * (os.cpu_count() or 1):
        return Answer(asked, costs, plan, [])
    return Answer(asked, costs, plan, check(servers(), plan, costs, asked, jpegs, size))


def main(arguments: Sequence[str] | None = None) -> int:
    given = parse(arguments)
    with started_when_needed() as servers:
        found = answer(given, servers)
    if given.json:
        costs = {name: asdict(one) for name, one in found.costs.items()}
        print(json.dumps({"plan": asdict(found.plan), "costs": costs, "check": found.compared}))
        return 0
    print(table_of(found.plan, found.asked))
    if found.compared:
        print("", markdown_table(found.compared), "", SPEED_NOTE, sep="\n")
    elif found.compared is not None:
        print("\nNot checked: one analysis needs more cores than this machine has to give.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
