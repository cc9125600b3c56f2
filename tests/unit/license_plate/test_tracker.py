"""Plates over a window: votes, and one sighting for each passage."""

import pytest

from common.contracts.detection import Detection
from consumers.license_plate.tracker import PlateTracker, differs_by_one


def _plate(text: str, x: int = 100, score: float = 0.9, width: int = 120) -> Detection:
    return Detection(box=(x, 200, width, 30), kind="plate", score=score, text=text)


def _after(*frames: tuple[int, list[Detection]]) -> list[tuple[str | None, int]]:
    tracker = PlateTracker()
    for pts_ms, found in frames:
        tracker.update(pts_ms, pts_ms * 1000, found)
    return [(sighting.text, sighting.frames) for sighting in tracker.sightings()]


def test_misread_character_is_outvoted() -> None:
    frames = [(n * 500, [_plate("AB12CDE" if n != 2 else "AB12CBE")]) for n in range(5)]
    assert _after(*frames) == [("AB12CDE", 5)]


def test_two_cars_are_two_sightings_in_order_of_appearance() -> None:
    first = [(n * 500, [_plate("AB12CDE", 100)]) for n in range(4)]
    second = [(10_000 + n * 500, [_plate("XY98ZWV", 100)]) for n in range(6)]
    assert _after(*first, *second) == [("AB12CDE", 4), ("XY98ZWV", 6)]


def test_car_found_again_after_a_long_gap_is_one_passage() -> None:
    assert _after((0, [_plate("AB12CDE")]), (500, [_plate("AB12CDE")]), (12_000, [_plate("AB12CDE", 400)])) == [
        ("AB12CDE", 3)
    ]


def test_near_reading_beside_a_sure_one_joins_it() -> None:
    frames = [(n * 500, [_plate("AB12CDE")]) for n in range(4)]
    assert _after(*frames, (4_000, [_plate("AB12CD", 1500, score=0.95)])) == [("AB12CDE", 5)]


def test_near_reading_long_after_is_another_car() -> None:
    frames = [(n * 500, [_plate("AB12CDE")]) for n in range(4)]
    assert _after(*frames, (20_000, [_plate("AB12CDF", 1500, score=0.95)])) == [("AB12CDE", 4), ("AB12CDF", 1)]


def test_one_doubtful_reading_is_no_sighting() -> None:
    assert _after((0, [_plate("AB12CDE", score=0.8)])) == []
    assert _after((0, [_plate("AB12CDE", score=0.9)])) == [("AB12CDE", 1)]


def test_sightings_are_numbered_from_zero_and_keep_their_track() -> None:
    tracker = PlateTracker()
    tracker.update(0, 0, [_plate("NOISE77", 900, score=0.5), _plate("AB12CDE", 100, score=0.97)])
    (sighting,) = tracker.sightings()
    assert (sighting.n, sighting.track) == (0, 1)


def test_carried_frame_repeats_the_last_boxes() -> None:
    tracker = PlateTracker()
    shown = tracker.update(0, 0, [_plate("AB12CDE")])
    assert tracker.carry(300, 300_000) == shown


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("AB12", "AB13", True),
        ("AB12", "AB123", True),
        ("AB12", "B12", True),
        ("AB12", "A12", True),
        ("AB12", "AB12", False),
        ("AB12", "BA12", False),
        ("AB12", "AB1234", False),
        ("AB12", "CD12", False),
    ],
)
def test_differs_by_one(a: str, b: str, *, expected: bool) -> None:
    assert differs_by_one(a, b) is expected
    assert differs_by_one(b, a) is expected
