"""Tracks of ByteTrack's shape (Zhang et al., ByteTrack: Multi-Object Tracking by Associating Every Detection Box, 2022)

1. Move every track on by its Kalman filter. 2. Join sure detections to tracks by overlap. 3. Join doubtful ones to
tracks that are left: a thing half hidden scores low, and is still where it was expected. 4. Join what is left by
overlap of widened boxes (Yang et al., Hard to Track Objects with Irregular Motions, 2023): at five pictures a second a
small fast thing has left its box. 5. Sure detections that are left begin tracks. 6. Tracks not seen for too long end.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from common.contracts.detection import Detection
from consumers.pipeline.tracking.geometry import Rectangle, overlap, size_ratio
from consumers.tracking.assignment import FORBIDDEN, assign
from consumers.tracking.thing import Thing

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class ByteSettings:
    """`score_high`: a detection from this score is sure; it may begin a track. `score_low`: the least that may go on
    with one. `score_alone`: confirmed at first sight from this score, else at the second. `overlap_*`: least
    intersection over union of the three rounds. `label_cost`: what joining another label costs. `size_ratio_max`: never
    joined beyond. `lost_after_ms`: a track unseen for longer ends; `tentative_ms`: the same for one never confirmed.
    `coast_ms`: an unseen track is shown and counted this long. `smoothing_ms`: of label scores.
    """

    score_high: float = 0.35
    score_low: float = 0.15
    score_alone: float = 0.5
    overlap_high: float = 0.2
    overlap_low: float = 0.4
    overlap_wide: float = 0.1
    widened_by: float = 0.5
    label_cost: float = 0.3
    size_ratio_max: float = 3.0
    lost_after_ms: int = 2_000
    tentative_ms: int = 700
    coast_ms: int = 600
    smoothing_ms: float = 1_000.0


class ByteTracker:
    """One per window; one thread at a time. Deterministic: the same detections give the same numbers."""

    def __init__(self, settings: ByteSettings | None = None) -> None:
        self.settings = settings or ByteSettings()
        self._active: list[Thing] = []
        self._made = 0

    @property
    def active(self) -> Sequence[Thing]:
        """Tracks that have not ended, oldest first; confirmed or not."""
        return self._active

    def update(self, pts_ms: int, captured_us: int, detections: Sequence[Detection]) -> list[Thing]:
        """A searched picture's detections in, score_low and up; the confirmed tracks that ended out."""
        settings = self.settings
        high = [seen for seen in detections if seen.score >= settings.score_high]
        low = [seen for seen in detections if settings.score_low <= seen.score < settings.score_high]
        for thing in self._active:
            thing.predict(pts_ms)
        left = list(self._active)
        left, high = self._join(pts_ms, captured_us, left, high, self._by_overlap(settings.overlap_high))
        fresh = [thing for thing in left if not thing.is_lost]
        away = [thing for thing in left if thing.is_lost]
        fresh, _ = self._join(pts_ms, captured_us, fresh, low, self._by_overlap(settings.overlap_low))
        left, high = self._join(pts_ms, captured_us, fresh + away, high, self._by_widened_overlap())
        for thing in left:
            thing.is_lost = True
        ended = self._end(pts_ms)
        for seen in high:
            self._begin(pts_ms, captured_us, seen)
        return ended

    def stay(self, pts_ms: int, captured_us: int) -> None:
        """Nothing moved in the picture: what was seen in the last searched one is still there."""
        for thing in self._active:
            if not thing.is_lost:
                thing.stay(pts_ms, captured_us)

    def shown(self, pts_ms: int) -> list[Detection]:
        """Confirmed tracks as they are drawn and counted, oldest first."""
        return [
            thing.coasting() if thing.is_lost else thing.shown
            for thing in self._active
            if thing.is_confirmed and pts_ms - thing.seen_pts_ms <= self.settings.coast_ms
        ]

    def _begin(self, pts_ms: int, captured_us: int, seen: Detection) -> None:
        sure = seen.score >= self.settings.score_alone
        thing = Thing(self._made, pts_ms, captured_us, seen, self.settings.smoothing_ms, is_confirmed=sure)
        self._made += 1
        self._active.append(thing)

    def _end(self, pts_ms: int) -> list[Thing]:
        settings = self.settings
        ended = []
        for thing in self._active:
            patience_ms = settings.lost_after_ms if thing.is_confirmed else settings.tentative_ms
            if pts_ms - thing.seen_pts_ms > patience_ms:
                ended.append(thing)
        self._active = [thing for thing in self._active if thing not in ended]
        return [thing for thing in ended if thing.is_confirmed]

    def _join(
        self,
        pts_ms: int,
        captured_us: int,
        things: Sequence[Thing],
        detections: Sequence[Detection],
        cost: Callable[[Thing, Detection], float],
    ) -> tuple[list[Thing], list[Detection]]:
        """Join the cheapest pairs; what is left of both."""
        pairs = assign([[cost(thing, seen) for seen in detections] for thing in things])
        for place, column in pairs:
            things[place].see(pts_ms, captured_us, detections[column])
            things[place].is_confirmed = True
        return _without(things, {p for p, _ in pairs}), _without(detections, {c for _, c in pairs})

    def _by_overlap(self, least: float) -> Callable[[Thing, Detection], float]:
        def cost(thing: Thing, seen: Detection) -> float:
            if not self._may_join(thing, seen):
                return FORBIDDEN
            shared = max(overlap(thing.predicted, seen.box), overlap(thing.seen_box, seen.box) * 0.9)
            return self._priced(1 - shared, 1 - least, thing, seen)

        return cost

    def _by_widened_overlap(self) -> Callable[[Thing, Detection], float]:
        by = self.settings.widened_by

        def cost(thing: Thing, seen: Detection) -> float:
            if not self._may_join(thing, seen):
                return FORBIDDEN
            wide = widened(seen.box, by)
            shared = overlap(widened(thing.predicted, by), wide)
            if thing.unseen_ms <= self.settings.coast_ms:  # after a while anybody may be at the old place
                shared = max(shared, overlap(widened(thing.seen_box, by), wide))
            return self._priced(1 - shared, 1 - self.settings.overlap_wide, thing, seen)

        return cost

    def _may_join(self, thing: Thing, seen: Detection) -> bool:
        return thing.kind == seen.kind and size_ratio(thing.seen_box, seen.box) <= self.settings.size_ratio_max

    def _priced(self, cost: float, most: float, thing: Thing, seen: Detection) -> float:
        if thing.label != seen.label:
            cost += self.settings.label_cost
        return cost if cost <= most else FORBIDDEN


def widened(box: Rectangle, by: float) -> tuple[float, float, float, float]:
    """The box with `by` of its sides added on every side."""
    x, y, width, height = box
    return x - by * width, y - by * height, width * (1 + 2 * by), height * (1 + 2 * by)


def _without(items: Iterable[Item], places: set[int]) -> list[Item]:
    return [item for place, item in enumerate(items) if place not in places]
