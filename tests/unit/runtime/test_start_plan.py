"""Rules 14, 16, 19: where a partition is read from."""

from common.kafka.ports import Position, Watermarks
from consumers.runtime.commit_metadata import CommitMetadata
from consumers.runtime.start_plan import GapRange, plan_start

TOPIC = "topic-id"


def position(next_offset: int, **fields: object) -> Position:
    metadata = CommitMetadata(**{"topic_id": TOPIC, "clock_ms": 99, "since_ms": 50, **fields})  # type: ignore[arg-type]
    return Position(next_offset, metadata.to_text())


def test_plan_ordinary_takeover_goes_on_with_clock_and_since() -> None:
    plan = plan_start(position(7, unclean_ends=1, named={8: 2}), Watermarks(0, 20), TOPIC)
    assert (plan.next_offset, plan.clock_ms, plan.since_ms, plan.unclean_ends) == (7, 99, 50, 1)
    assert plan.named == {8: 2}
    assert plan.gap is None
    assert not plan.must_wait


def test_plan_first_start_at_zero_reads_all_and_waits_for_nobody() -> None:
    plan = plan_start(None, Watermarks(0, 20), TOPIC)
    assert (plan.next_offset, plan.clock_ms, plan.gap, plan.must_wait) == (0, None, None, False)


def test_plan_first_start_later_is_a_gap_from_zero() -> None:
    plan = plan_start(None, Watermarks(5, 20), TOPIC)
    assert plan.gap == GapRange(0, 5, "first_start")
    assert plan.next_offset == 5
    assert plan.must_wait


def test_plan_expired_position_is_a_gap_and_begins_since_anew() -> None:
    plan = plan_start(position(7), Watermarks(12, 20), TOPIC)
    assert plan.gap == GapRange(7, 12, "expired")
    assert (plan.next_offset, plan.clock_ms, plan.since_ms) == (12, 99, None)
    assert plan.must_wait


def test_plan_position_at_both_ends_is_no_gap() -> None:
    assert plan_start(position(5), Watermarks(5, 5), TOPIC).gap is None


def test_plan_recreated_topic_is_read_from_its_start_without_the_old_clock() -> None:
    plan = plan_start(position(7), Watermarks(0, 20), "another")
    assert (plan.next_offset, plan.clock_ms, plan.since_ms, plan.gap) == (0, None, None, None)
    assert plan.must_wait
    assert plan_start(position(7), Watermarks(3, 20), "another").gap == GapRange(0, 3, "topic_recreated")


def test_plan_position_past_the_end_is_lost_and_all_is_read_again() -> None:
    plan = plan_start(position(30), Watermarks(2, 20), TOPIC)
    assert plan.next_offset == 2
    assert plan.must_wait


def test_plan_position_set_by_hand_goes_on_there_without_history() -> None:
    plan = plan_start(Position(7, ""), Watermarks(0, 20), TOPIC)
    assert (plan.next_offset, plan.clock_ms, plan.since_ms, plan.gap) == (7, None, None, None)
