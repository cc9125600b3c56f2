"""The default tracker: greedy matching by overlap, centre distance and text. Small, deterministic, no model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from common.contracts.detection import Detection, Sighting
from consumers.pipeline.tracking.geometry import distance, overlap, size_ratio
from consumers.pipeline.tracking.track import Track


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """How boxes of successive searched frames are joined.

    `overlap_min`: joined at once from this intersection over union. `distance_max`: joined without overlap when the
    centres are this near (in mean diagonals, after prediction). `text_distance_max`: the same for two boxes that
    carry an equal text of at least `text_chars_min` characters: half a second apart, a car has left its box.
    `size_ratio_max`: never joined when one box is this much larger. `lost_after_ms`: a track not seen for longer
    ends. `carry_ms`: boxes are drawn this long after they were seen. `smoothing_ms`: of per-label scores.
    `frames_min`: a track of fewer searched frames is no sighting.
    """

    overlap_min: float = 0.2
    distance_max: float = 0.75
    text_distance_max: float = 6.0
    text_chars_min: int = 4
    size_ratio_max: float = 2.5
    lost_after_ms: int = 2_000
    carry_ms: int = 1_500
    smoothing_ms: float = 400.0
    frames_min: int = 1


@dataclass(frozen=True, slots=True)
class _Pair:
    """`track` and `seen` are places in their lists; a higher `affinity` is joined first."""

    affinity: float
    track: int
    seen: int


class BoxTracker:
    """Implements `consumers.pipeline.analysis.Tracker`. One per window; one thread at a time."""

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._settings = settings or TrackerSettings()
        self._active: list[Track] = []
        self._all: list[Track] = []
        self._shown: list[Detection] = []
        self._shown_pts_ms = 0

    def update(self, pts_ms: int, captured_us: int, detections: Sequence[Detection]) -> list[Detection]:
        self._active = [t for t in self._active if pts_ms - t.last_pts_ms <= self._settings.lost_after_ms]
        track_of = {pair.seen: self._active[pair.track] for pair in self._matches(pts_ms, detections)}
        shown = []
        for place, seen in enumerate(detections):
            track = track_of.get(place) or self._begin(pts_ms, captured_us, seen)
            shown.append(track.add(pts_ms, captured_us, seen))
        self._shown, self._shown_pts_ms = shown, pts_ms
        return list(shown)

    def carry(self, pts_ms: int, captured_us: int) -> list[Detection]:  # noqa: ARG002 - the seam's signature
        return list(self._shown) if pts_ms - self._shown_pts_ms <= self._settings.carry_ms else []

    def sightings(self) -> list[Sighting]:
        lasting = [track for track in self._all if track.frames >= self._settings.frames_min]
        return [track.sighting(n) for n, track in enumerate(lasting)]

    def _begin(self, pts_ms: int, captured_us: int, seen: Detection) -> Track:
        track = Track(len(self._all), pts_ms, captured_us, seen, self._settings.smoothing_ms)
        self._all.append(track)
        self._active.append(track)
        return track

    def _matches(self, pts_ms: int, detections: Sequence[Detection]) -> Iterable[_Pair]:
        pairs = []
        for t, track in enumerate(self._active):
            predicted = track.predicted(pts_ms)
            for s, seen in enumerate(detections):
                affinity = self._affinity(track, predicted, seen)
                if affinity is not None:
                    pairs.append(_Pair(affinity, t, s))
        # Ties go to the older track and the earlier detection, so that a replay numbers tracks alike.
        pairs.sort(key=lambda pair: (-pair.affinity, pair.track, pair.seen))
        tracks: set[int] = set()
        taken: set[int] = set()
        for pair in pairs:
            if pair.track not in tracks and pair.seen not in taken:
                tracks.add(pair.track)
                taken.add(pair.seen)
                yield pair

    def _affinity(self, track: Track, predicted: Sequence[float], seen: Detection) -> float | None:
        settings = self._settings
        if track.kind != seen.kind or size_ratio(track.box, seen.box) > settings.size_ratio_max:
            return None
        shared = max(overlap(predicted, seen.box), overlap(track.box, seen.box))
        apart = min(distance(predicted, seen.box), distance(track.box, seen.box))
        if seen.text and seen.text == track.text and len(seen.text) >= settings.text_chars_min:
            return 2.0 + shared - apart if apart <= settings.text_distance_max else None
        if shared >= settings.overlap_min or apart <= settings.distance_max:
            return shared - apart
        return None
