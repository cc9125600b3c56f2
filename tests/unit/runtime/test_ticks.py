"""Rule 4: when a silent partition is asked for the time."""

from common.clock import FakeClock
from common.contracts.frame import is_tick
from common.contracts.window import Window
from common.errors import Transient
from common.kafka.memory.cluster import MemoryCluster
from consumers.runtime.assignment import Assignment, Phase
from consumers.runtime.log_clock import LogClock
from consumers.runtime.tally import Tally
from consumers.runtime.ticks import Ticker, is_tick_due
from tests.unit.runtime.making import T0_MS, add_window, make_assignment, make_record

END_MS = T0_MS + 5_000
LONG_AGO_MS = 0
"""A worker's wall clock that is of no use: only the monotonic one can decide."""


def open_window(log_ms: int = T0_MS, heard_s: float = 100.0) -> Assignment:
    assignment = make_assignment()
    add_window(assignment, 1, 0, Window(T0_MS, 5_000))
    assignment.clock = LogClock(log_ms)
    assignment.heard_s = heard_s
    assignment.next_offset = assignment.end_offset = 1
    return assignment


def test_tick_without_open_window_is_not_due() -> None:
    assert not is_tick_due(make_assignment(), 1e6, END_MS * 2)


def test_tick_is_due_half_a_second_after_the_rest_of_the_window() -> None:
    assignment = open_window(log_ms=T0_MS + 2_000)
    assert not is_tick_due(assignment, 103.4, LONG_AGO_MS)
    assert is_tick_due(assignment, 103.6, LONG_AGO_MS)


def test_tick_is_due_by_the_wall_clock_once_silent() -> None:
    assignment = open_window()
    assert not is_tick_due(assignment, 100.4, END_MS + 10_000)
    assert is_tick_due(assignment, 100.6, END_MS + 10_000)
    assert not is_tick_due(assignment, 100.6, END_MS + 400)


def test_tick_is_not_due_while_the_log_is_known_to_go_on() -> None:
    assignment = open_window(log_ms=END_MS - 1)
    assignment.end_offset = 50
    assert not is_tick_due(assignment, 102.0, END_MS + 10_000)
    assert is_tick_due(assignment, 105.6, LONG_AGO_MS), "but a whole window of silence is too long in any case"


def test_tick_is_not_due_with_a_backlog_or_while_not_reading() -> None:
    assignment = open_window()
    assignment.backlog.append(make_record(1))
    assert not is_tick_due(assignment, 1e6, END_MS * 2)
    assignment.backlog.clear()
    assignment.phase = Phase.DRAINING
    assert not is_tick_due(assignment, 1e6, END_MS * 2)


def make_ticker() -> tuple[Ticker, MemoryCluster, Tally]:
    clock = FakeClock((END_MS + 60_000) * 1_000)
    cluster, tally = MemoryCluster(clock), Tally()
    cluster.create_topic("frames", 1)
    producer = cluster.producer(queue_records=1)
    return Ticker(producer, "frames", clock, tally), cluster, tally


def test_ticker_writes_a_tick_and_backs_off() -> None:
    ticker, cluster, tally = make_ticker()
    assignment = open_window()
    for tenth in range(200):
        ticker.turn([assignment], 101.0 + tenth / 10)
    records = cluster.records("frames", 0)
    assert all(is_tick(r.key, r.value, r.headers) for r in records)
    assert 4 <= len(records) == tally.ticks <= 6, "after 0, 0.5, 1.5, 3.5, 7.5, 15.5 s"


def test_ticker_next_window_begins_without_backoff() -> None:
    ticker, cluster, _ = make_ticker()
    assignment = open_window()
    for tenth in range(60):
        ticker.turn([assignment], 101.0 + tenth / 10)
    before = len(cluster.records("frames"))
    assignment.next_end_ms = END_MS + 1
    ticker.turn([assignment], 107.01)
    assert len(cluster.records("frames")) == before + 1


def test_ticker_full_queue_is_no_error() -> None:
    ticker, cluster, tally = make_ticker()

    class Full:
        def send(self, *_: object, **__: object) -> None:
            raise Transient("full")

    ticker._producer = Full()  # type: ignore[assignment]
    ticker.turn([open_window()], 110.0)
    assert tally.ticks == 0
    assert cluster.records("frames") == []
