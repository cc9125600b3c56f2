"""Watches tracks at zones and lines: who came, went, stayed, crossed.

A thing stands where the middle of its box's lower edge is. A border is passed only when the thing is `MARGIN` beyond
it, so that a box that trembles on a border enters once. All state begins with the window (DESIGN 5, rule 5): a thing
that is there at a window's first searched picture is `present`, and its stay counts from then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from common.contracts.detection import Box
from common.contracts.place import WHOLE_PICTURE, Line, Point, Zone
from common.contracts.track_event import Direction, TrackEvent, TrackEventKind
from consumers.tracking.places import crosses, depth_in, offset_from
from consumers.tracking.thing import Thing

MARGIN = 0.01
"""Of the picture's sides."""


@dataclass(slots=True)
class _Stay:
    """Since when a thing is in a zone."""

    since_us: int
    since_pts_ms: int
    has_dwelt: bool = False


@dataclass(slots=True)
class _Watched:
    """What is known of one thing. `sides`: for each line the last side it was surely on, and where."""

    is_announced: bool = False
    stays: dict[str, _Stay] = field(default_factory=dict)
    sides: dict[str, tuple[bool, Point]] = field(default_factory=dict)


class PlaceWatch:
    """One per window; one thread at a time. `width`, `height`: of the picture that boxes are in."""

    def __init__(self, zones: Sequence[Zone], lines: Sequence[Line], width: int, height: int) -> None:
        self._zones = tuple(zones)
        self._lines = tuple(lines)
        self._width, self._height = max(1, width), max(1, height)
        self._watched: dict[int, _Watched] = {}
        self._began_pts_ms: int | None = None

    def look(self, things: Sequence[Thing], ended: Sequence[Thing], pts_ms: int) -> list[TrackEvent]:
        """What happened at this searched picture. `things`: confirmed ones; `ended`: tracks that are given up."""
        if self._began_pts_ms is None:
            self._began_pts_ms = pts_ms
        events: list[TrackEvent] = []
        for thing in ended:
            events += self._gone(thing)
        for thing in things:
            if not thing.is_lost:
                events += self._seen(thing)
        return events

    def close(self, gone: Sequence[Thing]) -> list[TrackEvent]:
        """The window ends: `gone` are unseen for so long that they have left; the others go on in the next window."""
        return [event for thing in gone for event in self._gone(thing)]

    def _seen(self, thing: Thing) -> list[TrackEvent]:
        watched = self._watched.setdefault(thing.number, _Watched())
        events = []
        if not watched.is_announced:
            watched.is_announced = True
            events.append(self._came(thing, watched, WHOLE_PICTURE, thing.first_us, thing.first_pts_ms))
        point = self._foot(thing.seen_box)
        for zone in self._zones:
            events += self._at_zone(thing, watched, zone, point)
        for line in self._lines:
            events += self._at_line(thing, watched, line, point)
        return events

    def _at_zone(self, thing: Thing, watched: _Watched, zone: Zone, point: Point) -> list[TrackEvent]:
        depth = depth_in(zone, point)
        stay = watched.stays.get(zone.name)
        if stay is None:
            if depth <= MARGIN:
                return []
            return [self._came(thing, watched, zone.name, thing.seen_us, thing.seen_pts_ms)]
        if depth < -MARGIN:
            return [self._went(thing, watched, zone.name)]
        stayed_ms = (thing.seen_us - stay.since_us) // 1000
        if zone.dwell_s is None or stay.has_dwelt or stayed_ms < zone.dwell_s * 1000:
            return []
        stay.has_dwelt = True
        return [self._event(TrackEventKind.DWELT, thing, zone.name, stayed_ms=stayed_ms)]

    def _at_line(self, thing: Thing, watched: _Watched, line: Line, point: Point) -> list[TrackEvent]:
        offset = offset_from(line, point)
        if abs(offset) <= MARGIN:
            return []
        is_right = offset > 0
        before = watched.sides.get(line.name)
        watched.sides[line.name] = is_right, point
        if before is None or before[0] == is_right or not crosses(line, before[1], point):
            return []
        direction = Direction.TO_RIGHT if is_right else Direction.TO_LEFT
        return [self._event(TrackEventKind.CROSSED, thing, line.name, direction=direction)]

    def _came(self, thing: Thing, watched: _Watched, place: str, at_us: int, pts_ms: int) -> TrackEvent:
        watched.stays[place] = _Stay(at_us, pts_ms)
        was_there = pts_ms == self._began_pts_ms
        kind = TrackEventKind.PRESENT if was_there else TrackEventKind.ENTERED
        return TrackEvent(kind=kind, place=place, track=thing.number, label=thing.label, at_us=at_us, pts_ms=pts_ms)

    def _went(self, thing: Thing, watched: _Watched, place: str) -> TrackEvent:
        stay = watched.stays.pop(place)
        stayed_ms = max(0, thing.seen_us - stay.since_us) // 1000
        return self._event(TrackEventKind.LEFT, thing, place, stayed_ms=stayed_ms)

    def _gone(self, thing: Thing) -> list[TrackEvent]:
        watched = self._watched.pop(thing.number, None)
        if watched is None:
            return []
        zones = [zone.name for zone in self._zones if zone.name in watched.stays]
        return [self._went(thing, watched, place) for place in (*zones, WHOLE_PICTURE)]

    def _event(
        self,
        kind: TrackEventKind,
        thing: Thing,
        place: str,
        *,
        direction: Direction | None = None,
        stayed_ms: int | None = None,
    ) -> TrackEvent:
        return TrackEvent(
            kind=kind,
            place=place,
            track=thing.number,
            label=thing.label,
            at_us=thing.seen_us,
            pts_ms=thing.seen_pts_ms,
            direction=direction,
            stayed_ms=stayed_ms,
        )

    def _foot(self, box: Box) -> Point:
        x, y, width, height = box
        return (x + width / 2) / self._width, min(y + height, self._height) / self._height
