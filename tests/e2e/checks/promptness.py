"""How soon clips can be seen: from the capture of a clip's first frame to the first listing that contains it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FRESH_OVER_CLIP_S = 3.0
LAST_CLIP_S = 5.0


@dataclass(frozen=True, slots=True)
class Listing:
    """A clip as it was first seen in `GET /v1/clips`. Times in seconds since the epoch, one machine's clock."""

    clip: str
    analysis: str
    camera: str
    first_captured_s: float
    window_end_s: float
    length_s: float
    listed_s: float

    @property
    def age_s(self) -> float:
        """From the capture of its first frame to the listing."""
        return self.listed_s - self.first_captured_s

    @property
    def after_window_s(self) -> float:
        """From the end of its window to the listing."""
        return self.listed_s - self.window_end_s


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed (nearest rank). ValueError when empty."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def freshness_p95_s(listings: Iterable[Listing]) -> float:
    """p95 of the ages in seconds."""
    return percentile([listing.age_s for listing in listings], 0.95)


def last_clip_delay_s(listings: Iterable[Listing]) -> float:
    """The longest time from a window's end to the listing of the last clip of a camera and analysis."""
    last: dict[tuple[str, str], Listing] = {}
    for listing in listings:
        key = listing.camera, listing.analysis
        if key not in last or listing.window_end_s > last[key].window_end_s:
            last[key] = listing
    return max(listing.after_window_s for listing in last.values())


def promptness_problems(listings: Sequence[Listing]) -> list[str]:
    """What misses the promise: p95 <= clip length + 3 s; the last clip within its window's end + 5 s."""
    if not listings:
        return ["no clip was listed"]
    bound_s = max(listing.length_s for listing in listings) + FRESH_OVER_CLIP_S
    problems = []
    if (p95_s := freshness_p95_s(listings)) > bound_s:
        problems.append(f"freshness p95 is {p95_s:.1f} s, promised are {bound_s:.0f} s")
    if (delay_s := last_clip_delay_s(listings)) > LAST_CLIP_S:
        problems.append(f"the last clip was listed {delay_s:.1f} s after its window, promised are {LAST_CLIP_S:.0f} s")
    return problems
