"""Where the time of a frame goes, for `lookout_stage_seconds`."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from common.metrics import Metrics

STAGES = ("decode", "model", "draw", "encode", "put", "derive")
TIMED_EVERY = 16
"""One frame in so many is timed: a histogram costs some 20 microseconds, five of them a tenth of all that we add."""
_NOT_TIMED = nullcontext()


@contextmanager
def timed(metrics: Metrics, stage: str) -> Iterator[None]:
    """Count the wall time of the block, also when it raises."""
    begun_s = time.perf_counter()
    try:
        yield
    finally:
        metrics.observe("lookout_stage_seconds", time.perf_counter() - begun_s, stage=stage)


def sampled(metrics: Metrics, stage: str, offset: int) -> AbstractContextManager[None]:
    """The same for one frame in sixteen, chosen by its offset: all its stages, or none."""
    return timed(metrics, stage) if offset % TIMED_EVERY == 0 else _NOT_TIMED


def observe_sampled(metrics: Metrics, stage: str, offset: int, seconds: float) -> None:
    """The same where the frame's share of the time is known only afterwards."""
    if offset % TIMED_EVERY == 0:
        metrics.observe("lookout_stage_seconds", seconds, stage=stage)
