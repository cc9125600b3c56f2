"""Several processes of one run: how long they took together, and how cameras are shared out among them."""

from typing import Any

from benchmarks.joining import in_turns_of
from benchmarks.trial import span_s


def test_span_of_processes_that_begin_apart_is_from_the_first_to_the_last() -> None:
    reports: list[dict[str, Any]] = [
        {"begun_s": 100.0, "work_s": 8.0},
        {"begun_s": 103.0, "work_s": 7.0},
        {"begun_s": None, "work_s": 0.0},
    ]
    assert span_s(reports, "work_s") == 10.0
    assert span_s(reports[:1], "work_s") == 8.0


def test_span_of_processes_without_a_frame_is_none() -> None:
    assert span_s([{"begun_s": None, "work_s": 0.0}], "work_s") == 0.0


def test_cameras_in_turns_of_unequal_shares_are_as_many_for_each_as_can_be() -> None:
    places = in_turns_of([(0, 1, 2), (3,), (4, 5)])
    assert places == [0, 3, 4, 1, 5, 2]
