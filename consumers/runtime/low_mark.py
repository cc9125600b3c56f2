"""The committed offset (DESIGN 5, rule 8): it covers durable work only, so a zombie's accepted commit does no harm."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


class Hold(Protocol):
    """Something undurable that begins at an offset: a window that is not settled, an unacknowledged letter or gap."""

    @property
    def first_offset(self) -> int: ...

    @property
    def clock_before_ms(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class OffsetHold:
    """One offset that holds the mark: a dead letter or a gap whose record is not acknowledged."""

    first_offset: int
    clock_before_ms: int | None


@dataclass(frozen=True, slots=True)
class LowMark:
    """Everything before `next_offset` is durable. `clock_ms`: the log clock just before the record there."""

    next_offset: int
    clock_ms: int | None


def low_mark(holds: Iterable[Hold], next_to_admit: LowMark) -> LowMark:
    """The lowest first offset of anything undurable, else the next offset to admit."""
    lowest = min(holds, key=_first_offset, default=None)
    if lowest is None:
        return next_to_admit
    return LowMark(lowest.first_offset, lowest.clock_before_ms)


def _first_offset(hold: Hold) -> int:
    return hold.first_offset
