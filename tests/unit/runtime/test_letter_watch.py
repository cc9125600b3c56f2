"""When dead letters stop the consumer."""

import pytest

from consumers.runtime.letter_watch import IN_A_ROW, DeadLetterFlood, LetterWatch


def feed(watch: LetterWatch, camera: str, letters: int, good: int = 0) -> None:
    for _ in range(letters):
        watch.seen(camera, is_letter=True)
    for _ in range(good):
        watch.seen(camera, is_letter=False)


def test_watch_fifty_in_a_row_from_two_cameras_are_a_flood() -> None:
    watch = LetterWatch()
    feed(watch, "cam-a", 25)
    feed(watch, "cam-b", 24)
    with pytest.raises(DeadLetterFlood):
        feed(watch, "cam-b", 1)


def test_watch_good_frame_ends_the_row() -> None:
    watch = LetterWatch()
    feed(watch, "cam-a", 0, good=400)
    feed(watch, "cam-a", 30)
    feed(watch, "cam-b", 19, good=1)
    feed(watch, "cam-b", 30)
    assert not watch.quarantined


def test_watch_one_camera_alone_is_quarantined_and_the_rest_goes_on() -> None:
    watch = LetterWatch()
    feed(watch, "cam-a", IN_A_ROW)
    assert watch.quarantined == {"cam-a"}
    feed(watch, "cam-a", 10_000)
    feed(watch, "cam-b", 5, good=100)


def test_watch_stray_letter_of_another_camera_does_not_make_it_a_flood() -> None:
    watch = LetterWatch()
    feed(watch, "cam-a", 30)
    feed(watch, "cam-b", 1)
    feed(watch, "cam-a", 30)
    assert watch.quarantined == {"cam-a"}


def test_watch_quarantined_camera_comes_back_with_a_good_frame() -> None:
    watch = LetterWatch()
    feed(watch, "cam-a", IN_A_ROW, good=1)
    assert not watch.quarantined


def test_watch_a_fifth_of_the_last_five_hundred_is_a_flood_once_a_hundred_were_seen() -> None:
    watch = LetterWatch()
    for _ in range(24):
        feed(watch, "cam-a", 1)
        feed(watch, "cam-b", 1, good=2)
    feed(watch, "cam-a", 1)
    feed(watch, "cam-b", 1, good=2)
    with pytest.raises(DeadLetterFlood):
        feed(watch, "cam-a", 1)


def test_watch_a_fifth_from_one_camera_is_a_quarantine() -> None:
    watch = LetterWatch()
    for _ in range(200):
        feed(watch, "cam-a", 1)
        feed(watch, "cam-b", 0, good=3)
    assert watch.quarantined == {"cam-a"}


def test_watch_old_letters_leave_the_window() -> None:
    watch = LetterWatch()
    feed(watch, "cam-a", 19)
    feed(watch, "cam-b", 19, good=500)
    feed(watch, "cam-a", 19)
    feed(watch, "cam-b", 19, good=500)
