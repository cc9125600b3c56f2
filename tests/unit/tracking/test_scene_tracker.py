import itertools
from collections import defaultdict

import pytest

from benchmarks.scripted_scene import ACTORS, HEIGHT, LAST, STEP_MS, WIDTH, detections
from common.contracts.detection import Detection
from common.contracts.place import Line, Zone
from common.contracts.track_event import Direction, TrackEvent, TrackEventKind
from consumers.pipeline.analysis import CameraView, KnowsStillness, Scene, TellsEvents
from consumers.pipeline.tracking.geometry import overlap
from consumers.tracking.scene_tracker import SceneTracker

SCENE = Scene(WIDTH, HEIGHT)


def person(x: int, y: int = 100, score: float = 0.8, label: str = "person") -> Detection:
    return Detection(box=(x, y, 40, 100), kind="object", label=label, score=score)


def run(seed: int) -> tuple[dict[str, list[int]], list[TrackEvent], SceneTracker]:
    """Which track numbers each actor had, in order; what was told; the tracker."""
    tracker, numbers = SceneTracker(SCENE), defaultdict(list)
    events: list[TrackEvent] = []
    for n in range(LAST + 1):
        seen = detections(n, seed)
        shown = tracker.update(n * STEP_MS, n * STEP_MS * 1000, [one for _, one in seen])
        for name, one in seen:
            best = max(shown, key=lambda track: overlap(track.box, one.box), default=None)
            if best is not None and best.track is not None and overlap(best.box, one.box) > 0.5:
                numbers[name].append(best.track)
        events += tracker.take_events()
    return numbers, [*events, *tracker.finish()], tracker


@pytest.mark.parametrize("seed", range(8))
def test_scripted_scene_has_no_id_switch_and_tells_every_exit(seed: int) -> None:
    numbers, events, tracker = run(seed)
    switches = {name: sum(a != b for a, b in itertools.pairwise(held)) for name, held in numbers.items()}
    assert switches == {actor.name: 0 for actor in ACTORS}
    assert len(tracker.sightings()) == len(ACTORS)
    left = [event for event in events if event.kind is TrackEventKind.LEFT and event.place == "picture"]
    assert sorted(event.track for event in left) == sorted({held[0] for held in numbers.values()})
    for actor in ACTORS:
        (exit_,) = [event for event in left if event.track == numbers[actor.name][0]]
        assert actor.last * STEP_MS - 1_000 <= exit_.pts_ms <= actor.last * STEP_MS
        assert exit_.label == actor.label


def test_replay_gives_the_same_numbers_and_events() -> None:
    assert run(3)[:2] == run(3)[:2]


def test_tracker_fulfils_both_further_seams() -> None:
    assert isinstance(SceneTracker(SCENE), TellsEvents)
    assert isinstance(SceneTracker(SCENE), KnowsStillness)


def test_doubtful_detection_goes_on_with_a_track_but_begins_none() -> None:
    tracker = SceneTracker(SCENE)
    assert tracker.update(0, 0, [person(100, score=0.3)]) == []
    tracker.update(200, 0, [person(100)])
    assert [one.track for one in tracker.update(400, 0, [person(104, score=0.2), person(400, score=0.2)])] == [0]


def test_thing_seen_once_and_not_surely_is_not_shown() -> None:
    tracker = SceneTracker(SCENE)
    assert tracker.update(0, 0, [person(100, score=0.45)]) == []
    assert tracker.update(200, 0, []) == []
    assert tracker.sightings() == []
    assert tracker.finish() == []


def test_unseen_thing_is_shown_where_it_should_be_for_a_while() -> None:
    tracker = SceneTracker(SCENE)
    for n in range(6):
        tracker.update(n * 200, 0, [person(100 + 20 * n)])
    (coasting,) = tracker.update(1_200, 0, [])
    assert coasting.track == 0
    assert coasting.box[0] == pytest.approx(220, abs=8)
    assert tracker.update(1_800, 0, []) == []


def test_sightings_count_what_was_there_at_once() -> None:
    tracker = SceneTracker(SCENE)
    tracker.update(0, 0, [person(100), person(300), person(500, label="dog")])
    tracker.update(200, 0, [person(100)])
    assert [(one.label, one.at_once) for one in tracker.sightings()] == [("person", 2), ("person", 2), ("dog", 1)]


def test_unwanted_classes_are_neither_tracked_nor_counted() -> None:
    tracker = SceneTracker(SCENE, is_wanted=lambda seen: seen.label == "person")
    assert [one.label for one in tracker.update(0, 0, [person(100), person(300, label="dog")])] == ["person"]


def test_stillness_keeps_tracks_alive() -> None:
    tracker = SceneTracker(SCENE)
    tracker.update(0, 0, [person(100)])
    for n in range(1, 40):
        assert [one.track for one in tracker.stay(n * 200, n * 200_000)] == [0]
    tracker.update(8_000, 8_000_000, [person(102)])
    (sighting,) = tracker.sightings()
    assert (sighting.frames, sighting.last_us) == (2, 8_000_000)


def walk(view: CameraView, xs: list[int], step_ms: int = 200, until: int = 0) -> list[TrackEvent]:
    """A person walks along `xs`; then `until` empty pictures."""
    tracker = SceneTracker(Scene(WIDTH, HEIGHT, view))
    events: list[TrackEvent] = []
    tracker.update(0, 0, [])
    for n in range(1, len(xs) + until + 1):
        seen = [person(xs[n - 1], 200)] if n <= len(xs) else []
        tracker.update(n * step_ms, n * step_ms * 1000, seen)
        events += tracker.take_events()
    return [*events, *tracker.finish()]


MIDDLE = Zone(name="middle", points=((0.4, 0.0), (0.6, 0.0), (0.6, 1.0), (0.4, 1.0)), dwell_s=1.0)


def told(events: list[TrackEvent], place: str) -> list[str]:
    return [event.kind.value for event in events if event.place == place]


def test_zone_tells_entry_dwell_and_exit() -> None:
    events = walk(CameraView(zones=(MIDDLE,)), list(range(20, 600, 15)))
    assert told(events, "middle") == ["entered", "dwelt", "left"]
    left = next(event for event in events if event.kind is TrackEventKind.LEFT and event.place == "middle")
    assert left.stayed_ms == pytest.approx(1_700, abs=400)
    assert told(events, "picture") == ["entered"]


def test_zone_tells_exit_of_who_vanishes_inside() -> None:
    events = walk(CameraView(zones=(MIDDLE,)), [300, 302, 300], until=15)
    assert told(events, "middle") == ["entered", "left"]
    assert told(events, "picture") == ["entered", "left"]


def test_zone_trembling_on_its_border_tells_one_entry() -> None:
    events = walk(CameraView(zones=(MIDDLE,)), [200, 220, 245] + [235, 238] * 10)
    assert told(events, "middle") == ["entered", "dwelt"]


def test_window_begin_tells_who_is_there_already() -> None:
    tracker = SceneTracker(Scene(WIDTH, HEIGHT, CameraView(zones=(MIDDLE,))))
    tracker.update(0, 0, [person(300)])
    assert [(event.kind, event.place) for event in tracker.take_events()] == [
        (TrackEventKind.PRESENT, "picture"), (TrackEventKind.PRESENT, "middle"),
    ]  # fmt: skip


DOWN = Line(name="door", a=(0.5, 0.2), b=(0.5, 0.9))


@pytest.mark.parametrize(
    ("xs", "directions"),
    [
        (list(range(200, 420, 20)), [Direction.TO_LEFT]),
        (list(range(420, 200, -20)), [Direction.TO_RIGHT]),
        ([*range(200, 420, 20), *range(420, 200, -20)], [Direction.TO_LEFT, Direction.TO_RIGHT]),
        ([300 + x for x in (-60, -20, 2, -2, 1, -1, -20, -60)], []),
    ],
)
def test_line_tells_crossings_with_their_direction(xs: list[int], directions: list[Direction]) -> None:
    """Who looks from the line's upper to its lower end has the picture's left on the right hand."""
    events = [event for event in walk(CameraView(lines=(DOWN,)), xs) if event.place == "door"]
    assert [event.direction for event in events] == directions


def test_line_is_not_crossed_beyond_its_ends() -> None:
    short = Line(name="door", a=(0.5, 0.0), b=(0.5, 0.2))
    assert told(walk(CameraView(lines=(short,)), list(range(200, 420, 20))), "door") == []
