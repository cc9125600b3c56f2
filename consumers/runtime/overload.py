"""What is left out when the consumer cannot keep up (DESIGN 5, rule 18): of `live` cameras, of analysis, declared."""

from enum import Enum

from common.clock import Clock
from common.contracts.frame import Policy

SAMPLE_OVER_MS = 3_000
"""Behind by more than this, every other search is left out; behind by twice as much three of four, and so on."""
LEAVE_OVER_MS = 10_000
"""Behind by more than this, frames that would not be searched anyway are left out of the analysis' clip."""
MOST_STRIDE = 64


class Relief(Enum):
    NONE = "none"
    SAMPLE_OUT = "sample_out"
    """In the clip, not searched, marked."""
    LEAVE_OUT = "leave_out"
    """Not in the clip; accounted for in its sidecar. The recorder keeps it."""


class Overload:
    """Judges by the age of a frame, worker's wall clock against the broker's stamp. Owned by the loop.

    Recording never thins out: an analysis without a search interval is never relieved. A window keeps its first frame.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def relief(self, policy: Policy, every_ms: int | None, log_ms: int, previous_ms: int | None) -> Relief:
        if policy is not Policy.LIVE or every_ms is None or previous_ms is None:
            return Relief.NONE
        behind_ms = self._clock.wall_us() // 1000 - log_ms
        if behind_ms <= SAMPLE_OVER_MS:
            return Relief.NONE
        stride = min(MOST_STRIDE, 1 << (behind_ms // SAMPLE_OVER_MS).bit_length())
        coarse_ms = every_ms * stride
        if log_ms // coarse_ms != previous_ms // coarse_ms:
            return Relief.NONE
        return Relief.LEAVE_OUT if behind_ms > LEAVE_OVER_MS else Relief.SAMPLE_OUT
