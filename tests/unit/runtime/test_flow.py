"""Pacing without pause."""

from typing import Any

from consumers.runtime.flow import BACKLOG_RECORDS, LOW_MARK_S, PAUSE_AFTER_S, Flow, Load, Pace
from consumers.runtime.settings import EngineSettings

SETTINGS = EngineSettings(analysis="recorder", threads=2, in_flight_frames=40)


def load(frames: int = 0, **more: Any) -> Load:
    return Load(frames=frames, decoded_bytes=more.pop("decoded_bytes", 0), **more)


def test_flow_with_room_takes_what_fits() -> None:
    assert Flow(SETTINGS).turn(load(30), 0.0).records == 10


def test_flow_full_takes_nothing_and_does_not_pause_at_once() -> None:
    flow = Flow(SETTINGS)
    assert flow.turn(load(40), 0.0) == flow.turn(load(40), PAUSE_AFTER_S - 0.1)
    assert not flow.is_paused


def test_flow_pauses_after_5_s_without_room_only() -> None:
    flow = Flow(SETTINGS)
    flow.turn(load(40), 0.0)
    flow.turn(load(39), 3.0)
    assert not flow.turn(load(40), 4.0).is_paused
    assert not flow.turn(load(40), 8.9).is_paused
    assert flow.turn(load(40), 9.1).is_paused


def test_flow_full_and_admitting_all_the_same_is_no_outage() -> None:
    flow = Flow(SETTINGS)
    for second in range(60):
        assert not flow.turn(load(40, admitted_s=second - 1.0), float(second)).is_paused
    assert flow.turn(load(40, admitted_s=58.0), 63.1).is_paused


def test_flow_resumes_when_two_seconds_of_work_are_left() -> None:
    flow = Flow(SETTINGS)
    flow.turn(load(40), 0.0)
    flow.finished(3.0, 25)  # 5 frames a second over 5 s
    assert flow.turn(load(40), 6.0).is_paused
    assert flow.turn(load(11), 6.1).is_paused
    assert not flow.turn(load(int(5 * LOW_MARK_S)), 6.2).is_paused


def test_flow_one_giant_frame_is_admitted_alone() -> None:
    flow = Flow(SETTINGS)
    assert flow.has_frame_room(0, 10**12)
    assert not flow.has_frame_room(1, 10**12)


def test_flow_full_spool_stops_only_while_something_is_being_stored() -> None:
    flow = Flow(SETTINGS)
    full = SETTINGS.spool_bytes
    assert flow.turn(load(0, spool_bytes=full, storing=1), 0.0).records == 0
    assert flow.turn(load(0, spool_bytes=full, storing=0), 0.1).records > 0


def test_flow_unacknowledged_letters_stop_it() -> None:
    assert Flow(SETTINGS).turn(load(0, notice_bytes=SETTINGS.notice_bytes), 0.0).records == 0


def test_flow_full_backlog_stops_the_taking_and_is_no_outage() -> None:
    flow = Flow(SETTINGS)
    assert flow.is_backlog_full(BACKLOG_RECORDS, 0, was_full=False)
    assert flow.is_backlog_full(1, SETTINGS.backlog_bytes, was_full=False)
    assert not flow.is_backlog_full(BACKLOG_RECORDS - 1, SETTINGS.backlog_bytes - 1, was_full=False)
    assert flow.is_backlog_full(BACKLOG_RECORDS // 2, 0, was_full=True)
    assert not flow.is_backlog_full(BACKLOG_RECORDS // 2 - 1, 0, was_full=True)
    assert flow.turn(load(5, has_full_backlog=True), 0.0) == Pace(0)
    assert flow.turn(load(5), 5.0).records > 0
    assert flow.turn(load(5, has_full_backlog=True), 5.1) == Pace(0)
    assert flow.turn(load(5, has_full_backlog=True), 60.0) == Pace(0)
    assert not flow.is_paused
