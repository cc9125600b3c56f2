"""One figure that has to be reached, and what was measured."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

QUIET_SHARE = 0.05
"""Of the machine, taken by others: more, and a wall time says little."""


@dataclass(frozen=True, slots=True)
class Figure:
    """`limit`: what has to be reached, `is_most`: at most, else at least. `others`: share of the machine others took
    meanwhile, None where it does not matter. `detail`: what went into it."""

    name: str
    limit: float
    is_most: bool
    measured: float
    unit: str = ""
    others: float | None = None
    detail: str = ""

    @property
    def holds(self) -> bool:
        return self.measured <= self.limit if self.is_most else self.measured >= self.limit

    @property
    def missed_by_percent(self) -> float:
        """0 where it holds."""
        return 0.0 if self.holds else abs(self.measured - self.limit) / self.limit * 100

    def row(self) -> dict[str, Any]:
        verdict = "holds" if self.holds else f"missed by {self.missed_by_percent:.0f} %"
        busy = "" if self.others is None else f"{self.others:.0%}"
        return {
            "figure": self.name,
            "must be": f"{'<=' if self.is_most else '>='} {self.limit:g} {self.unit}".strip(),
            "measured": f"{self.measured:.3g} {self.unit}".strip(),
            "": verdict,
            "others": busy,
            "detail": self.detail,
        }


class Disturbed(Protocol):
    """What knows how much others took while it was measured."""

    @property
    def others(self) -> float: ...


D = TypeVar("D", bound=Disturbed)


def calmest(measure: Callable[[], D], tries: int) -> D:
    """Measure until others took next to nothing; after so many tries the least disturbed."""
    best = measure()
    for _ in range(tries - 1):
        if best.others <= QUIET_SHARE:
            break
        again = measure()
        best = min(best, again, key=lambda one: one.others)
    return best


def typical(ratios: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Of (value, share of others): the median of the values measured in quiet, of all where there are none; and the
    largest share among those that counted."""
    quiet = [one for one in ratios if one[1] <= QUIET_SHARE] or list(ratios)
    return statistics.median(value for value, _ in quiet), max(share for _, share in quiet)
