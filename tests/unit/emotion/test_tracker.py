"""Emotions over a window: smoothed, and `unsure` where nothing is."""

from common.contracts.detection import Detection
from consumers.emotion.labels import LABELS, SURE_FROM, UNSURE, decided
from consumers.emotion.tracker import EmotionTracker

BOX = (100, 100, 60, 80)


def _face(label: str, score: float = 0.9) -> Detection:
    rest = (1 - score) / (len(LABELS) - 1)
    scores = {name: score if name == label else rest for name in LABELS}
    shown, best = decided(scores)
    return Detection(box=BOX, kind="face", score=best, label=shown, scores=scores)


def test_one_odd_frame_does_not_change_the_label() -> None:
    tracker = EmotionTracker()
    labels = []
    for number in range(12):
        (shown,) = tracker.update(number * 100, number * 100_000, [_face("fear" if number == 8 else "happy")])
        labels.append(shown.label)
    assert labels == ["happy"] * 12


def test_lasting_change_changes_the_label() -> None:
    tracker = EmotionTracker()
    for number in range(10):
        tracker.update(number * 100, 0, [_face("neutral")])
    for number in range(10, 25):
        (shown,) = tracker.update(number * 100, 0, [_face("happy")])
    assert shown.label == "happy"


def test_evenly_spread_scores_are_unsure() -> None:
    (shown,) = EmotionTracker().update(0, 0, [_face("sad", SURE_FROM - 0.1)])
    assert shown.label == UNSURE
    assert shown.scores is not None


def test_sighting_carries_the_mean_over_the_track() -> None:
    tracker = EmotionTracker()
    for number in range(4):
        tracker.update(number * 100, number * 100_000, [_face("happy" if number else "sad", 0.8)])
    (sighting,) = tracker.sightings()
    assert sighting.label == "happy"
    assert sighting.frames == 4
    assert sighting.scores is not None
    assert sighting.confidence == sighting.scores["happy"]


def test_unsure_track_is_an_unsure_sighting() -> None:
    tracker = EmotionTracker()
    for number, label in enumerate(LABELS):
        tracker.update(number * 100, 0, [_face(label, 0.6)])
    (sighting,) = tracker.sightings()
    assert sighting.label == UNSURE


def test_carried_frame_repeats_the_last_labels() -> None:
    tracker = EmotionTracker()
    (shown,) = tracker.update(0, 0, [_face("happy")])
    assert tracker.carry(33, 33_000) == [shown]
    assert tracker.carry(60_000, 60_000_000) == []
