"""Rule 8: the low mark, and what is committed with it."""

from common.contracts.window import Window
from consumers.runtime.camera_window import Stage
from consumers.runtime.commit_metadata import CommitMetadata
from consumers.runtime.low_mark import LowMark, OffsetHold, low_mark
from tests.unit.runtime.making import CAMERA, T0_MS, add_window, make_assignment

W1, W2, W3 = (Window(T0_MS + n * 5_000, 5_000) for n in range(3))


def test_mark_without_anything_unsettled_is_the_next_to_admit() -> None:
    assert low_mark([], LowMark(7, 99)) == LowMark(7, 99)


def test_mark_is_the_lowest_first_offset_of_any_hold_with_its_clock() -> None:
    holds = [OffsetHold(9, 90), OffsetHold(4, 40), OffsetHold(6, None)]
    assert low_mark(holds, LowMark(20, 200)) == LowMark(4, 40)


def test_mark_later_window_settled_first_stays_at_the_earlier_one() -> None:
    assignment = make_assignment()
    assignment.next_offset = 30
    add_window(assignment, 1, 3, W1, clock_before_ms=None)
    add_window(assignment, 2, 11, W2, clock_before_ms=77)
    del assignment.unsettled[2]
    assert assignment.mark() == LowMark(3, None)
    del assignment.unsettled[1]
    assert assignment.mark().next_offset == 30


def test_mark_unacknowledged_notice_holds_it() -> None:
    assignment = make_assignment()
    assignment.next_offset = 30
    assignment.notices[12] = OffsetHold(12, 50)
    assert assignment.mark() == LowMark(12, 50)


def metadata_of(text: str) -> CommitMetadata:
    metadata = CommitMetadata.from_text(text)
    assert metadata is not None
    return metadata


def test_position_without_progress_counts_this_life_as_an_unclean_end() -> None:
    assignment = make_assignment(next_offset=5)
    assignment.unclean_ends = 2
    assert metadata_of(assignment.position().metadata).unclean_ends == 2


def test_position_after_progress_has_no_unclean_ends() -> None:
    assignment = make_assignment(next_offset=5)
    assignment.unclean_ends = 2
    assignment.next_offset = 6
    assert metadata_of(assignment.position().metadata).unclean_ends == 0
    assignment.next_offset = 5
    assignment.has_progressed = True
    assert metadata_of(assignment.position().metadata).unclean_ends == 0


def test_position_keeps_named_offsets_until_the_mark_passes_them() -> None:
    assignment = make_assignment(next_offset=5)
    assignment.named = {4: 1, 5: 2, 9: 1}
    assignment.naming = 5
    assert metadata_of(assignment.position().metadata).named == {5: 3, 9: 1}


def test_due_windows_are_those_whose_end_the_clock_has_reached() -> None:
    assignment = make_assignment()
    first, second = add_window(assignment, 1, 3, W1), add_window(assignment, 2, 5, W2)
    assert assignment.due_windows(W1.end_ms - 1) == []
    assert assignment.due_windows(W1.end_ms) == [first]
    assert assignment.due_windows(W2.end_ms) == [first, second]


def test_forget_keeps_sealed_windows_up_to_the_first_that_is_not() -> None:
    assignment = make_assignment()
    windows = [add_window(assignment, n, n, Window(T0_MS + n * 5_000, 5_000)) for n in range(4)]
    for window, stage in zip(windows, (Stage.UPLOADING, Stage.SEALED, Stage.CLOSING, Stage.SEALED), strict=True):
        window.stage = stage
    forgotten = assignment.forget()
    assert forgotten == windows[2:]
    assert list(assignment.cameras[CAMERA.encode()].chain) == windows[:2]
    assert assignment.next_end_ms is None
