"""The tracker of `people` and `objects`: chosen classes only, tracks, counts, and what happens at zones and lines."""

from collections import Counter
from collections.abc import Callable, Sequence

from common.contracts.detection import Detection, Sighting
from common.contracts.track_event import TrackEvent
from consumers.pipeline.analysis import Scene
from consumers.tracking.byte_tracker import ByteSettings, ByteTracker
from consumers.tracking.events import PlaceWatch
from consumers.tracking.thing import Thing

CARRY_MS = 1_500
"""Boxes are drawn this long after the picture in which they were found."""
THINGS_MAX = 4_000
"""Things of one window that can become sightings: its memory is bounded. Later ones are drawn and no more."""


class SceneTracker:
    """Implements `consumers.pipeline.analysis.Tracker` and `TellsEvents`. One per window; one thread at a time.

    Its state is a function of the window's searched pictures and of `scene`, which is fixed when the window opens: a
    replay of the same frames gives the same tracks, numbers and events. `is_wanted`: whether a detection is of a
    class that the camera's settings ask for.
    """

    def __init__(
        self, scene: Scene, settings: ByteSettings | None = None, is_wanted: Callable[[Detection], bool] | None = None
    ) -> None:
        self._tracker = ByteTracker(settings)
        self._watch = PlaceWatch(scene.camera.zones, scene.camera.lines, scene.width, scene.height)
        self._is_wanted = is_wanted
        self._all: dict[int, Thing] = {}
        self._shown: list[Detection] = []
        self._shown_pts_ms = 0
        self._events: list[TrackEvent] = []

    def update(self, pts_ms: int, captured_us: int, detections: Sequence[Detection]) -> list[Detection]:
        wanted = [seen for seen in detections if self._is_wanted is None or self._is_wanted(seen)]
        ended = self._tracker.update(pts_ms, captured_us, wanted)
        return self._settle(pts_ms, ended)

    def stay(self, pts_ms: int, captured_us: int) -> list[Detection]:
        """A picture in which nothing moved, so that nobody searched it: everything is where it was."""
        self._tracker.stay(pts_ms, captured_us)
        return self._settle(pts_ms, ())

    def carry(self, pts_ms: int, captured_us: int) -> list[Detection]:  # noqa: ARG002 - the seam's signature
        return list(self._shown) if pts_ms - self._shown_pts_ms <= CARRY_MS else []

    def take_events(self) -> list[TrackEvent]:
        taken, self._events = self._events, []
        return taken

    def finish(self) -> list[TrackEvent]:
        """Exits of what was unseen for so long at the window's end that it has left."""
        coast_ms = self._tracker.settings.coast_ms
        gone = [
            thing
            for thing in self._tracker.active
            if thing.is_confirmed and thing.is_lost and self._shown_pts_ms - thing.seen_pts_ms > coast_ms
        ]
        return [*self.take_events(), *self._watch.close(gone)]

    def sightings(self) -> list[Sighting]:
        return [thing.sighting(n) for n, thing in enumerate(self._all.values())]

    def _settle(self, pts_ms: int, ended: Sequence[Thing]) -> list[Detection]:
        things = [thing for thing in self._tracker.active if thing.is_confirmed]
        for thing in things:
            if len(self._all) < THINGS_MAX:
                self._all.setdefault(thing.number, thing)
        self._events += self._watch.look(things, ended, pts_ms)
        self._shown, self._shown_pts_ms = self._tracker.shown(pts_ms), pts_ms
        counts = Counter(seen.label for seen in self._shown)
        for seen in self._shown:
            if seen.track in self._all:
                thing = self._all[seen.track]
                thing.most_at_once = max(thing.most_at_once, counts[seen.label])
        return list(self._shown)
