"""What batches buy: CPU ms a picture of the model alone, by pictures a call. The runtime's are `consumers --batch`."""

import time
from collections.abc import Sequence
from typing import Any

import cv2
import simplejpeg

from benchmarks.pictures import make_jpegs
from benchmarks.plain_loop import definition_of, scene_of

PICTURES = 96
WARM_UP_CALLS = 2


def measure_batches(
    analyses: Sequence[str], sizes: Sequence[tuple[int, int]], batches: Sequence[int], cost_ms: float | None
) -> list[dict[str, Any]]:
    """One row for each analysis, size and batch."""
    cv2.setNumThreads(0)
    rows = []
    for analysis in analyses:
        definition = definition_of(analysis, cost_ms)
        if definition.build_analyzer is None:
            continue
        analyzer = definition.build_analyzer(definition.options)
        for width, height in sizes:
            jpegs = make_jpegs(scene_of(analysis), width, height, PICTURES)
            pictures = [simplejpeg.decode_jpeg(jpeg, "BGR") for jpeg in jpegs]
            for batch in batches:
                for _ in range(WARM_UP_CALLS):
                    analyzer.analyze(pictures[:batch])
                calls = [pictures[n : n + batch] for n in range(0, len(pictures), batch)]
                wall_s, cpu_s = time.perf_counter(), time.process_time()
                for call in calls:
                    analyzer.analyze(call)
                cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
                rows.append(
                    {
                        "analysis": analysis,
                        "size": f"{width}x{height}",
                        "batch": batch,
                        "cpu_ms": round(cpu_s / len(pictures) * 1000, 2),
                        "wall_ms": round(wall_s / len(pictures) * 1000, 2),
                    }
                )
    return rows
