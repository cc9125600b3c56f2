"""Plots are written, and are pictures."""

from pathlib import Path
from typing import Any

import cv2
import pytest

from benchmarks.plots import draw_plots

ROW: dict[str, Any] = {
    "analysis": "emotion",
    "size": "640x480",
    "threads": 1,
    "processes": 1,
    "cameras": 4,
    "partitions": 12,
    "frames_per_s": 100.0,
    "roofline_per_s": 110.0,
    "p50_ms": 9.0,
    "p95_ms": 12.0,
    "p99_ms": 20.0,
    "stage_ms": {"decode": 1.0, "model": 5.0, "encode": 3.0},
}


def test_draw_plots_rows_of_a_sweep_three_pictures(tmp_path: Path) -> None:
    rows = [ROW, ROW | {"threads": 2, "frames_per_s": 190.0, "roofline_per_s": 220.0, "stage_ms": {"decode": 1.0}}]
    paths = draw_plots(rows, tmp_path)
    assert [path.name for path in paths] == ["throughput.png", "latency.png", "stages.png"]
    for path in paths:
        picture = cv2.imread(str(path))
        assert picture is not None
        assert picture.std() > 1


@pytest.mark.parametrize("loads", [[], [{"analysis": "emotion", "load": 0.5, "p50_ms": 1, "p95_ms": 2, "p99_ms": 3}]])
def test_draw_plots_no_rows_draws_nothing_of_them(tmp_path: Path, loads: list[dict[str, Any]]) -> None:
    assert len(draw_plots([], tmp_path, loads)) == len(loads)
