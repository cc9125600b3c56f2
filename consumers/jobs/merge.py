"""Sightings of parts, merged into sightings of the whole: what touches a boundary is one thing, not two."""

from collections.abc import Sequence

from common.contracts.detection import Box, Sighting
from common.contracts.query_sidecar import QuerySidecar

TOUCH_US = 1_500_000
"""A sighting within this of a part's end may go on in the next; a search interval and a missed search fit in."""
OVERLAP_MIN = 0.2
"""Boxes of things without a text must overlap this much (intersection over union) to be taken for one."""


def merge_sightings(parts: Sequence[QuerySidecar], offsets_ms: Sequence[int]) -> tuple[Sighting, ...]:
    """All sightings in order, numbered anew; `best_pts_ms` counts from the start of the result."""
    merged: list[Sighting] = []
    open_at_end: list[int] = []
    for part, offset_ms in zip(parts, offsets_ms, strict=True):
        start_us = part.t0_us if part.t0_us is not None else offset_ms * 1000
        end_us = start_us + part.duration_ms * 1000
        still_open: list[int] = []
        free = set(open_at_end)
        for sighting in part.sightings:
            moved = sighting.model_copy(update={"best_pts_ms": sighting.best_pts_ms + offset_ms})
            touches = sighting.first_us - start_us <= TOUCH_US
            before = next((i for i in sorted(free) if touches and _is_same(merged[i], moved)), None)
            if before is None:
                merged.append(moved)
                place = len(merged) - 1
            else:
                free.discard(before)
                merged[before] = _joined(merged[before], moved)
                place = before
            if end_us - sighting.last_us <= TOUCH_US:
                still_open.append(place)
        open_at_end = still_open
    return tuple(s.model_copy(update={"n": n, "track": n}) for n, s in enumerate(merged))


def _is_same(first: Sighting, second: Sighting) -> bool:
    if first.kind != second.kind:
        return False
    if first.text is not None or second.text is not None:
        return first.text == second.text
    return _overlap(first.box, second.box) >= OVERLAP_MIN


def _joined(first: Sighting, second: Sighting) -> Sighting:
    """The surer one speaks for both; its time spans both."""
    best = max((first, second), key=lambda s: (s.confidence, s.frames))
    return best.model_copy(
        update={
            "first_us": min(first.first_us, second.first_us),
            "last_us": max(first.last_us, second.last_us),
            "frames": first.frames + second.frames,
        }
    )


def _overlap(a: Box, b: Box) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)
