"""Where more threads stop paying."""

from collections.abc import Mapping, Sequence
from typing import Any

KNEE_GAIN = 1.05
"""A step in threads that gains less than a twentieth is past the knee."""
SAME = ("analysis", "size", "processes", "cameras", "partitions", "batch")


def knees(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """One sentence for each series of rows that differ in threads alone: beyond how many little is gained."""
    series: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: row["threads"]):
        series.setdefault(tuple(row[name] for name in SAME), []).append(row)
    said = []
    for (analysis, size, processes, cameras, partitions, batch), of_it in series.items():
        if len(of_it) < 2:
            continue
        knee = knee_of(of_it)
        said.append(
            f"{analysis}, {size}, {processes} process(es), {cameras} cameras, {partitions} partitions, "
            f"{batch} picture(s) a call: the knee is at {knee['threads']} threads, {knee['frames_per_s']} frames/s."
        )
    return said


def knee_of(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The last row, by rising number of threads, that still gained a twentieth on the knee before it."""
    knee = rows[0]
    for row in rows[1:]:
        if row["frames_per_s"] >= knee["frames_per_s"] * KNEE_GAIN:
            knee = row
    return knee
