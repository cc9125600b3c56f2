"""Where the time of a frame goes, for `lookout_stage_seconds`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from common.metrics import Metrics

STAGES = ("decode", "model", "track", "draw", "encode", "put", "derive")


@contextmanager
def timed(metrics: Metrics, stage: str) -> Iterator[None]:
    """Count the wall time of the block, also when it raises. A few microseconds of its own."""
    begun_s = time.perf_counter()
    try:
        yield
    finally:
        metrics.observe("lookout_stage_seconds", time.perf_counter() - begun_s, stage=stage)
