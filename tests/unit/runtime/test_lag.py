"""How far behind cameras are said to be, and that cameras long gone are forgotten."""

from collections import deque

from common.contracts.consumer_status import CameraLag
from common.contracts.sidecar import Origin
from common.contracts.window import Window
from common.contracts.work import WindowOpening
from common.kafka.ports import TopicPartition
from consumers.runtime.assignment import Assignment, CameraState
from consumers.runtime.camera_window import CameraWindow
from consumers.runtime.identities import Identities
from consumers.runtime.lag import camera_lags, lag_messages, lag_s, partition_status
from consumers.runtime.log_clock import LogClock
from consumers.runtime.ownership import LoopSigns, Ownership
from consumers.runtime.strands import Strand, WindowWork

PARTITION = TopicPartition("frames", 3)
ORIGIN = Origin(topic="frames", topic_id="t", partition=3)
NOW_US = 1_000_000_000


def make_assignment(next_offset: int = 100, end_offset: int = 100, clock_ms: int | None = 990_000) -> Assignment:
    assignment = Assignment(PARTITION, 1, Ownership(LoopSigns(0.0, 10.0), 60))
    assignment.next_offset, assignment.end_offset, assignment.clock = next_offset, end_offset, LogClock(clock_ms)
    return assignment


def meet(assignment: Assignment, camera: str, heard_s: float = 0.0) -> CameraState:
    state = CameraState(camera, Strand(PARTITION, 1, camera), Identities(ORIGIN), heard_s=heard_s)
    assignment.cameras[camera.encode()] = state
    return state


def open_window(state: CameraState, records: int, first_log_ms: int) -> None:
    span = Window(first_log_ms, 10_000)
    work = WindowWork(1, WindowOpening("recorder", state.camera, span, ORIGIN, 1))
    window = CameraWindow(1, state.camera, span, 90, None, first_log_ms, work)
    window.records = records
    state.chain.append(window)


def lag(messages: int, seconds: float, camera: str = "cam-a") -> CameraLag:
    return CameraLag(camera=camera, partition=3, lag_messages=messages, lag_s=seconds)


def test_camera_with_an_open_window_is_behind_by_its_records() -> None:
    assignment = make_assignment()
    open_window(meet(assignment, "cam-a"), 7, first_log_ms=985_000)
    meet(assignment, "cam-b")
    assert camera_lags(assignment, NOW_US) == [lag(7, 15.0), lag(0, 0.0, "cam-b")]


def test_what_is_not_read_may_be_any_cameras() -> None:
    """The page said that a camera was behind by nothing while an hour of its frames lay in the log."""
    assignment = make_assignment(next_offset=100, end_offset=600)
    open_window(meet(assignment, "cam-a"), 7, first_log_ms=985_000)
    meet(assignment, "cam-b")
    assert camera_lags(assignment, NOW_US) == [lag(507, 15.0), lag(500, 10.0, "cam-b")]
    assert partition_status(assignment, NOW_US).lag_s == 10.0


def test_first_record_after_a_long_silence_is_not_as_old_as_the_silence() -> None:
    assignment = make_assignment(next_offset=100, end_offset=101, clock_ms=10_000)
    assert lag_s(assignment, NOW_US) == 990.0
    assignment.caught_up_us = NOW_US - 2_000_000
    assert lag_s(assignment, NOW_US) == 2.0


def test_partition_read_to_its_end_or_without_a_clock_is_behind_by_no_seconds() -> None:
    assert lag_s(make_assignment(), NOW_US) == 0.0
    waiting = make_assignment(next_offset=0, end_offset=5, clock_ms=None)
    assert (lag_messages(waiting), lag_s(waiting, NOW_US)) == (5, 0.0)


def test_camera_unheard_of_for_long_is_forgotten() -> None:
    assignment = make_assignment()
    meet(assignment, "gone", heard_s=5.0)
    meet(assignment, "here", heard_s=50.0)
    assignment.forget_cameras(unheard_since_s=10.0)
    assert list(assignment.cameras) == [b"here"]


def test_camera_with_something_outstanding_is_kept() -> None:
    assignment = make_assignment()
    open_window(meet(assignment, "unsettled"), 1, first_log_ms=985_000)
    meet(assignment, "in-flight").strand.in_flight = 1
    meet(assignment, "collected").strand.collected = 1
    meet(assignment, "asked-for").identities = None
    parked = meet(assignment, "parked")
    parked.parked = deque([parked.chain])  # type: ignore[list-item]
    assignment.forget_cameras(unheard_since_s=10.0)
    assert len(assignment.cameras) == 5
