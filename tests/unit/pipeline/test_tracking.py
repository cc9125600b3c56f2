import pytest

from common.contracts.detection import Detection
from consumers.pipeline.tracking.geometry import distance, overlap, size_ratio
from consumers.pipeline.tracking.tracker import BoxTracker, TrackerSettings
from consumers.pipeline.tracking.votes import LabelVote, TextVote, top_label


def plate(x: int, text: str | None = None, score: float = 0.8, y: int = 100, w: int = 60, h: int = 20) -> Detection:
    return Detection(box=(x, y, w, h), kind="plate", text=text, score=score)


def face(x: int, scores: dict[str, float], score: float = 0.9) -> Detection:
    return Detection(box=(x, 50, 40, 40), kind="face", label=top_label(scores), score=score, scores=scores)


def tracks(detections: list[Detection]) -> list[int | None]:
    return [d.track for d in detections]


def test_geometry_of_boxes() -> None:
    assert overlap((0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (10, 0, 10, 10)) == 0
    assert overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0
    assert distance((0, 0, 30, 40), (50, 0, 30, 40)) == pytest.approx(1.0)
    assert size_ratio((0, 0, 30, 40), (9, 9, 60, 80)) == pytest.approx(2.0)


def test_tracker_moving_box_keeps_its_track() -> None:
    tracker = BoxTracker()
    for n in range(20):
        assert tracks(tracker.update(n * 100, n * 100_000, [plate(10 + 30 * n)])) == [0]
    assert len(tracker.sightings()) == 1


def test_tracker_fast_box_is_found_by_its_velocity() -> None:
    tracker = BoxTracker()
    tracker.update(0, 0, [plate(0)])
    tracker.update(500, 0, [plate(40)])
    assert tracks(tracker.update(1500, 0, [plate(125)])) == [0]


def test_tracker_equal_text_joins_boxes_far_apart() -> None:
    tracker = BoxTracker()
    tracker.update(0, 0, [plate(0, "AB123CD")])
    assert tracks(tracker.update(500, 0, [plate(250, "AB123CD"), plate(200, "XY987ZZ", y=300)])) == [0, 1]


def test_tracker_crossing_kinds_are_never_joined() -> None:
    tracker = BoxTracker()
    tracker.update(0, 0, [plate(0)])
    other = Detection(box=(0, 100, 60, 20), kind="car", score=0.9)
    assert tracks(tracker.update(100, 0, [other])) == [1]


def test_tracker_two_neighbours_keep_their_numbers_in_any_order() -> None:
    tracker = BoxTracker()
    tracker.update(0, 0, [plate(0), plate(100)])
    assert tracks(tracker.update(100, 0, [plate(104), plate(4)])) == [1, 0]


def test_tracker_lost_track_is_not_revived() -> None:
    tracker = BoxTracker(TrackerSettings(lost_after_ms=1000))
    tracker.update(0, 0, [plate(0)])
    tracker.update(500, 0, [])
    assert tracks(tracker.update(1600, 0, [plate(0)])) == [1]
    assert [s.n for s in tracker.sightings()] == [0, 1]


def test_tracker_carries_last_boxes_until_stale() -> None:
    tracker = BoxTracker(TrackerSettings(carry_ms=300))
    assert tracker.carry(0, 0) == []
    shown = tracker.update(100, 0, [plate(0, "AB123")])
    assert tracker.carry(400, 0) == shown
    assert tracker.carry(401, 0) == []
    tracker.update(500, 0, [])
    assert tracker.carry(501, 0) == []


def test_tracker_text_is_voted_and_reported_once() -> None:
    tracker = BoxTracker()
    readings = ["B305CIL", "8305CIL", "B305CI", "B305C1L", "B305CIL"]
    for n, text in enumerate(readings):
        shown = tracker.update(n * 500, n, [plate(5 * n, text)])
    assert shown[0].text == "B305CIL"
    (sighting,) = tracker.sightings()
    assert sighting.text == "B305CIL"
    assert 0.5 < sighting.confidence < 0.8
    assert sighting.frames == 5


def test_tracker_unread_plate_has_no_text() -> None:
    tracker = BoxTracker()
    (shown,) = tracker.update(0, 0, [plate(0, None)])
    assert shown.text is None
    (sighting,) = tracker.sightings()
    assert (sighting.text, sighting.label, sighting.confidence) == (None, None, 0.8)


def test_tracker_label_flicker_is_smoothed() -> None:
    tracker = BoxTracker()
    happy, sad = {"happy": 0.8, "sad": 0.2}, {"happy": 0.4, "sad": 0.6}
    labels = [tracker.update(n * 100, n, [face(0, sad if n == 5 else happy)])[0].label for n in range(10)]
    assert labels == ["happy"] * 10
    (sighting,) = tracker.sightings()
    assert sighting.label == "happy"
    assert sighting.confidence == pytest.approx(0.76)
    assert sighting.scores == {"happy": 0.76, "sad": 0.24}


def test_tracker_label_that_really_changes_follows() -> None:
    tracker = BoxTracker()
    happy, sad = {"happy": 0.9, "sad": 0.1}, {"happy": 0.1, "sad": 0.9}
    labels = [tracker.update(n * 100, n, [face(0, happy if n < 5 else sad)])[0].label for n in range(20)]
    assert labels[4] == "happy"
    assert labels[-1] == "sad"


def test_tracker_sighting_times_and_best_moment() -> None:
    tracker = BoxTracker()
    tracker.update(0, 1000, [plate(0, score=0.5)])
    tracker.update(100, 900, [plate(2, score=0.9)])
    tracker.update(200, 3000, [plate(4, score=0.91)])
    (sighting,) = tracker.sightings()
    assert (sighting.first_us, sighting.last_us) == (900, 3000)
    assert (sighting.best_pts_ms, sighting.box[0]) == (100, 2), "0.91 is not clearly better than 0.9"


def test_tracker_short_tracks_can_be_left_out_and_numbers_stay_dense() -> None:
    tracker = BoxTracker(TrackerSettings(frames_min=2))
    tracker.update(0, 0, [plate(500), plate(0)])
    tracker.update(100, 0, [plate(0)])
    (sighting,) = tracker.sightings()
    assert (sighting.n, sighting.track) == (0, 1)


def test_text_vote_length_first_then_characters() -> None:
    vote = TextVote()
    assert vote.result() is None
    for text, weight in (("ABC", 0.9), ("ABD", 0.5), ("XBD", 0.5), ("AB", 0.95)):
        vote.add(text, weight)
    result = vote.result()
    assert result is not None
    assert result.value == "ABD"
    assert 0 < result.confidence < 1


def test_label_vote_means_count_missing_labels_as_zero() -> None:
    vote = LabelVote(0)
    assert vote.add(0, {"a": 1.0}) == {"a": 1.0}
    assert vote.add(1, {"b": 1.0}) == {"a": 0.0, "b": 1.0}
    assert vote.means() == {"a": 0.5, "b": 0.5}
    assert top_label({}) is None
    assert top_label({"b": 0.5, "a": 0.5}) == "a"
