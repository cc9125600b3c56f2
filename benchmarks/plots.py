"""Pictures of a sweep: throughput beside the roofline, latency, and where the time goes.

`python -m benchmarks.plots results.json FOLDER` draws them again.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

SIZE_IN = (7.0, 4.2)
DPI = 110
PERCENTILES = ("p50_ms", "p95_ms", "p99_ms")
STYLES = ("-", "--", ":")
Rows = Sequence[Mapping[str, Any]]


def draw_plots(rows: Rows, folder: Path, loads: Rows = ()) -> list[Path]:
    """PNG files in `folder`: three of `rows`, as `benchmarks.consumers` writes them, and one of `loads`, each an
    `analysis` at a `load` (share of capacity) with its percentiles. None of what is empty."""
    mpl.use("agg")
    drawn: list[tuple[str, Callable[[Axes, Rows], None], Rows]] = [
        ("throughput", _throughput, rows),
        ("latency", _latency, rows),
        ("stages", _stages, rows),
        ("latency_by_load", _latency_by_load, loads),
    ]
    paths = []
    for name, draw, of_rows in drawn:
        if not of_rows:
            continue
        figure = Figure(figsize=SIZE_IN, layout="constrained")
        draw(figure.subplots(), of_rows)
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=DPI)
        paths.append(path)
    return paths


def _series(rows: Rows, along: str) -> dict[str, list[Mapping[str, Any]]]:
    """Rows of one line each; what is the same in all rows is not in its name."""
    names = ("analysis", "size", "processes", "cameras", "partitions", "batch")
    telling = [name for name in names if name == "analysis" or len({row.get(name) for row in rows}) > 1]
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: row[along]):
        label = ", ".join(str(row[name]) if name in {"analysis", "size"} else f"{row[name]} {name}" for name in telling)
        groups.setdefault(label, []).append(row)
    return groups


def _throughput(axes: Axes, rows: Rows) -> None:
    for label, group in _series(rows, "threads").items():
        threads = [row["threads"] for row in group]
        (line,) = axes.plot(threads, [row["frames_per_s"] for row in group], marker="o", label=label)
        roofline = [row["roofline_per_s"] for row in group]
        axes.plot(threads, roofline, linestyle=":", color=line.get_color())
    title = f"Throughput (dotted: the plain loop x threads, on {os.cpu_count()} cores)"
    axes.set(xlabel="threads", ylabel="frames/s", title=title)
    axes.set_ylim(bottom=0)
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)


def _percentiles(axes: Axes, rows: Rows, along: str) -> None:
    for label, group in _series(rows, along).items():
        colour = None
        for percentile, style in zip(PERCENTILES, STYLES, strict=True):
            values, at = [row[percentile] for row in group], [row[along] for row in group]
            name = f"{label} {percentile.removesuffix('_ms')}"
            (line,) = axes.plot(at, values, style, marker=".", label=name, color=colour)
            colour = line.get_color()
    axes.set_yscale("log")
    axes.legend(fontsize="x-small")
    axes.grid(alpha=0.3)


def _latency(axes: Axes, rows: Rows) -> None:
    _percentiles(axes, rows, "threads")
    axes.set(xlabel="threads", ylabel="ms", title="From analysis begun to in the clip, at full load")


def _latency_by_load(axes: Axes, rows: Rows) -> None:
    _percentiles(axes, rows, "load")
    axes.set(xlabel="load, share of capacity", ylabel="ms", title="From ingest to in the clip")


def _stages(axes: Axes, rows: Rows) -> None:
    names = [f"{label}\n{row['threads']} threads" for label, group in _series(rows, "threads").items() for row in group]
    ordered = [row for group in _series(rows, "threads").values() for row in group]
    left = [0.0] * len(ordered)
    for stage in dict.fromkeys(stage for row in ordered for stage in row["stage_ms"]):
        widths = [row["stage_ms"].get(stage, 0.0) for row in ordered]
        axes.barh(names, widths, left=left, label=stage)
        left = [at + width for at, width in zip(left, widths, strict=True)]
    axes.set(xlabel="ms of wall time a frame", title="Where the time goes")
    axes.tick_params(axis="y", labelsize="x-small")
    axes.legend(fontsize="small")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plots", description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    results = json.loads(given.results.read_text(encoding="utf-8"))
    for path in draw_plots(results["rows"], given.folder, results["loads"]):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
