"""Where more threads stop paying."""

from typing import Any

from benchmarks.knees import knee_of, knees


def row(threads: int, frames_per_s: float, **others: Any) -> dict[str, Any]:
    first = {"analysis": "emotion", "size": "640x480", "processes": 1, "cameras": 4, "partitions": 12, "batch": 1}
    return first | {"threads": threads, "frames_per_s": frames_per_s} | others


def test_knee_of_rows_flat_after_two_threads_is_two() -> None:
    assert knee_of([row(1, 100), row(2, 190), row(4, 196), row(8, 191)])["threads"] == 2


def test_knee_of_rows_that_gain_all_the_way_is_last() -> None:
    assert knee_of([row(1, 20), row(8, 150), row(32, 400)])["threads"] == 32


def test_knee_of_small_gains_that_add_up_is_where_they_do() -> None:
    assert knee_of([row(1, 100), row(2, 104), row(3, 107), row(4, 109)])["threads"] == 3


def test_knees_unsorted_rows_of_two_series_one_sentence_each() -> None:
    said = knees([row(2, 190), row(1, 100), row(2, 30, size="1280x720"), row(1, 29, size="1280x720")])
    assert [line.split(":")[1] for line in said] == [
        " the knee is at 2 threads, 190 frames/s.",
        " the knee is at 1 threads, 29 frames/s.",
    ]


def test_knees_single_row_says_nothing() -> None:
    assert knees([row(1, 100)]) == []
