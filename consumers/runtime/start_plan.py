"""Where an assigned partition is read from, and what is missing before it (DESIGN 5, rules 14, 16, 19)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from common.kafka.ports import Position, Watermarks
from consumers.runtime.commit_metadata import CommitMetadata

GapReason = Literal["first_start", "expired", "position_lost", "topic_recreated"]


@dataclass(frozen=True, slots=True)
class GapRange:
    """Offsets [first_offset, next_offset) that nobody will read."""

    first_offset: int
    next_offset: int
    reason: GapReason


@dataclass(frozen=True, slots=True)
class StartPlan:
    """`must_wait`: a former owner may still be storing what we cannot see; wait before identities are loaded."""

    next_offset: int
    clock_ms: int | None = None
    since_ms: int | None = None
    unclean_ends: int = 0
    named: Mapping[int, int] = field(default_factory=dict)
    gap: GapRange | None = None
    must_wait: bool = False


def plan_start(position: Position | None, watermarks: Watermarks, topic_id: str) -> StartPlan:
    """Decide from the group's committed position and the log as it is.

    A first start at offset 0 waits for nobody: every record there ever was is read again, so nothing a former owner
    stores can be missed.
    """
    low = watermarks.low
    if position is None:
        return _anew(0, low, "first_start", must_wait=low > 0)
    metadata = CommitMetadata.from_text(position.metadata)
    if metadata is not None and metadata.topic_id != topic_id:
        return _anew(0, low, "topic_recreated", must_wait=True)
    if position.next_offset > watermarks.high:
        # The log is shorter than what was committed: it was cut. What is left is read again and found stored.
        return _anew(0, low, "position_lost", must_wait=True)
    clock_ms = metadata.clock_ms if metadata else None
    if position.next_offset < low:
        return StartPlan(low, clock_ms=clock_ms, gap=GapRange(position.next_offset, low, "expired"), must_wait=True)
    return StartPlan(
        position.next_offset,
        clock_ms=clock_ms,
        since_ms=metadata.since_ms if metadata else None,
        unclean_ends=metadata.unclean_ends if metadata else 0,
        named=dict(metadata.named) if metadata else {},
    )


def _anew(first_offset: int, low: int, reason: GapReason, must_wait: bool) -> StartPlan:
    gap = GapRange(first_offset, low, reason) if low > first_offset else None
    return StartPlan(low, gap=gap, must_wait=must_wait)
