"""What a member of a consumer group does (`common.kafka.ports.GroupConsumer`)."""

import secrets
import time
from collections.abc import Callable, Sequence

import pytest

from common.errors import ConfigurationError, LookoutError, Transient
from common.kafka.ports import Position, PositionLost, TopicPartition
from tests.contract.group_members import PATIENCE_S, Member, drive, settle
from tests.contract.kafka_backends import KafkaBackend


@pytest.fixture
def group() -> str:
    return "g" + secrets.token_hex(6)


def fill(kafka: KafkaBackend, topic: str, partition: int, records: int) -> None:
    producer = kafka.producer()
    for n in range(records):
        producer.send(topic, b"cam", str(n).encode(), partition=partition)
    assert producer.flush(PATIENCE_S) == 0


def wait_owned(members: Sequence[Member], partitions: int) -> None:
    drive(members, lambda: sum(len(m.owned) for m in members) == partitions)


def test_poll_of_an_assigned_partition_gives_its_records_in_order(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic()
    before_ms = time.time() * 1000
    kafka.producer().send_and_wait(topic, b"cam-1", b"jpeg", [("v", b"1"), ("empty", b"")], partition=2)
    fill(kafka, topic, 2, 30)
    member = Member(kafka.consumer(group), topic)
    drive([member], lambda: len(member.records) == 31)
    first = member.records[0]
    assert (first.topic, first.partition, first.offset, first.key, first.value) == (topic, 2, 0, b"cam-1", b"jpeg")
    assert list(first.headers) == [("v", b"1"), ("empty", b"")]
    assert abs(first.timestamp_ms - before_ms) < 60_000
    assert member.offsets(2) == list(range(31))


def test_poll_gives_records_without_key_and_value(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(1)
    producer = kafka.producer()
    producer.send_and_wait(topic, None, None, [("tick", b"1")], partition=0)
    producer.send_and_wait(topic, b"k", b"", partition=0)
    member = Member(kafka.consumer(group), topic)
    drive([member], lambda: len(member.records) == 2)
    assert [(r.key, r.value) for r in member.records] == [(None, None), (b"k", b"")]


def test_poll_returns_no_more_than_asked_for_and_loses_none(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(2)
    for partition in (0, 1):
        fill(kafka, topic, partition, 50)
    member = Member(kafka.consumer(group), topic)
    end = time.monotonic() + PATIENCE_S
    while len(member.records) < 100 and time.monotonic() < end:
        assert len(member.turn(max_records=7)) <= 7
    assert member.offsets(0) == member.offsets(1) == list(range(50))


def test_poll_of_an_empty_partition_returns_within_its_timeout(kafka: KafkaBackend, group: str) -> None:
    member = Member(kafka.consumer(group), kafka.create_topic(1))
    wait_owned([member], 1)
    start = time.monotonic()
    assert member.turn(timeout_s=0.2) == []
    assert time.monotonic() - start < 5.0


def test_assignment_without_position_gives_nothing_until_seek(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(2)
    for partition in (0, 1):
        fill(kafka, topic, partition, 20)
    member = Member(kafka.consumer(group), topic, start=None)
    wait_owned([member], 2)
    settle([member])
    assert member.records == []
    member.consumer.resume([TopicPartition(topic, 0)])
    member.consumer.seek(TopicPartition(topic, 1), 5)
    drive([member], lambda: len(member.records) == 15)
    settle([member], 0.5)
    assert member.offsets(1) == list(range(5, 20))
    assert member.offsets(0) == []


def test_seek_is_followed_by_exactly_that_offset(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(2)
    for partition in (0, 1):
        fill(kafka, topic, partition, 400)
    member = Member(kafka.consumer(group), topic)
    drive([member], lambda: bool(member.offsets(0)) and bool(member.offsets(1)))
    for target in (300, 10, 350, 3, 200, 201, 0):
        member.consumer.seek(TopicPartition(topic, 0), target)
        member.records.clear()
        drive([member], lambda: len(member.offsets(0)) > 30)
        assert member.offsets(0)[:30] == list(range(target, target + 30))


def test_pause_holds_one_partition_and_resume_goes_on_without_loss(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(2)
    for partition in (0, 1):
        fill(kafka, topic, partition, 10)
    member = Member(kafka.consumer(group), topic)
    drive([member], lambda: len(member.records) == 20)
    member.consumer.pause([TopicPartition(topic, 0)])
    for partition in (0, 1):
        fill(kafka, topic, partition, 10)
    drive([member], lambda: len(member.offsets(1)) == 20)
    settle([member])
    assert member.offsets(0) == list(range(10))
    member.consumer.resume([TopicPartition(topic, 0)])
    drive([member], lambda: len(member.offsets(0)) == 20)
    assert member.offsets(0) == member.offsets(1) == list(range(20))


def test_seek_resumes_a_paused_partition(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(1)
    fill(kafka, topic, 0, 10)
    member = Member(kafka.consumer(group), topic)
    wait_owned([member], 1)
    member.consumer.pause([TopicPartition(topic, 0)])
    member.records.clear()
    member.consumer.seek(TopicPartition(topic, 0), 4)
    drive([member], lambda: len(member.records) >= 6)
    assert member.offsets(0) == [4, 5, 6, 7, 8, 9]


def test_calls_for_partitions_of_others_are_programming_errors(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(1)
    consumer = kafka.consumer(group)
    Member(consumer, topic)
    for call in (consumer.pause, consumer.resume):
        with pytest.raises(ValueError, match="not assigned"):
            call([TopicPartition(topic, 0)])
    with pytest.raises(ValueError, match="not assigned"):
        consumer.seek(TopicPartition(topic, 0), 0)


def test_commit_stores_position_and_metadata(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(2)
    fill(kafka, topic, 0, 10)
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    member = Member(kafka.consumer(group), topic)
    drive([member], lambda: len(member.records) == 10)
    reader = kafka.reader()
    assert reader.committed(group, [first, second]) == {first: None, second: None}
    member.consumer.commit({first: Position(7, '{"clock": 5, "note": "ä"}')})
    assert reader.committed(group, [first, second]) == {first: Position(7, '{"clock": 5, "note": "ä"}'), second: None}
    member.consumer.commit({first: Position(8), second: Position(0)})
    assert reader.committed(group, [first, second]) == {first: Position(8), second: Position(0)}


def test_commit_of_nothing_is_harmless(kafka: KafkaBackend, group: str) -> None:
    member = Member(kafka.consumer(group), kafka.create_topic(1))
    wait_owned([member], 1)
    member.consumer.commit({})


def test_commit_soon_reports_from_inside_a_later_poll_and_in_order(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(1)
    partition = TopicPartition(topic, 0)
    member = Member(kafka.consumer(group), topic)
    wait_owned([member], 1)
    done: list[tuple[int, Exception | None]] = []
    for n in (1, 2, 3):
        member.consumer.commit_soon({partition: Position(n)}, lambda error, n=n: done.append((n, error)))  # type: ignore[misc]
    assert done == []
    drive([member], lambda: len(done) == 3)
    assert done == [(1, None), (2, None), (3, None)]
    assert kafka.reader().committed(group, [partition]) == {partition: Position(3)}


def test_commit_with_too_much_metadata_is_a_configuration_error(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(1)
    partition = TopicPartition(topic, 0)
    member = Member(kafka.consumer(group), topic)
    wait_owned([member], 1)
    with pytest.raises(ConfigurationError):
        member.consumer.commit({partition: Position(1, "x" * 5_000)})
    member.consumer.commit({partition: Position(1, "x" * 1_024)})


def test_join_of_a_member_replays_nothing_and_touches_no_partition_that_stays(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(4)
    for partition in range(4):
        fill(kafka, topic, partition, 25)
    first = Member(kafka.consumer(group), topic)
    first.on_revoked = first.commit_what_is_read
    drive([first], lambda: len(first.records) == 100)
    second = Member(kafka.consumer(group), topic)
    reader = kafka.reader()

    def resume_at_committed(partitions: Sequence[TopicPartition]) -> None:
        positions = reader.committed(group, partitions)
        second.next.update({p: position.next_offset for p, position in positions.items() if position is not None})

    second.on_assigned = resume_at_committed
    drive([first, second], lambda: len(first.owned) == len(second.owned) == 2)
    for partition in range(4):
        fill(kafka, topic, partition, 5)
    drive([first, second], lambda: len(first.records) + len(second.records) == 120)
    settle([first, second], 0.5)
    for partition in range(4):
        assert first.offsets(partition) + second.offsets(partition) == list(range(30))
    moved = [p for name, partitions in first.events if name == "revoked" for p in partitions]
    assert len(moved) == 2
    assert [name for name, _ in first.events].count("assigned") == 1


def test_a_commit_made_while_partitions_are_revoked_is_seen_by_the_next_owner(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(2)
    first = Member(kafka.consumer(group), topic)
    wait_owned([first], 2)
    first.on_revoked = lambda partitions: first.consumer.commit({p: Position(0, "last words") for p in partitions})
    second = Member(kafka.consumer(group), topic)
    found: dict[TopicPartition, Position | None] = {}
    reader = kafka.reader()
    second.on_assigned = lambda partitions: found.update(reader.committed(group, partitions))
    drive([first, second], lambda: bool(second.owned))
    assert list(found.values()) == [Position(0, "last words")]


def test_a_former_owner_can_still_commit(kafka: KafkaBackend, group: str) -> None:
    """Why a position may cover nothing but durable work."""
    topic = kafka.create_topic(2)
    first = Member(kafka.consumer(group), topic)
    wait_owned([first], 2)
    second = Member(kafka.consumer(group), topic)
    drive([first, second], lambda: len(first.owned) == len(second.owned) == 1)
    settle([first, second])
    [foreign] = second.owned
    first.consumer.commit({foreign: Position(0, "from a zombie")})
    assert kafka.reader().committed(group, [foreign]) == {foreign: Position(0, "from a zombie")}


def test_a_partition_that_comes_back_is_not_paused_any_more(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(2)
    for partition in (0, 1):
        fill(kafka, topic, partition, 5)
    first = Member(kafka.consumer(group), topic)
    drive([first], lambda: len(first.records) == 10)
    first.consumer.pause(sorted(first.owned))
    second = Member(kafka.consumer(group), topic)
    drive([first, second], lambda: len(first.owned) == len(second.owned) == 1)
    [moved] = second.owned
    second.consumer.close()
    drive([first], lambda: len(first.owned) == 2)
    first.records.clear()
    for partition in (0, 1):
        fill(kafka, topic, partition, 5)
    drive([first], lambda: len(first.records) == 5)
    settle([first], 0.5)
    assert first.offsets(moved.partition) == [5, 6, 7, 8, 9]
    assert first.offsets(1 - moved.partition) == []


def test_close_tells_the_listener_while_a_commit_is_still_accepted(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(2)
    member = Member(kafka.consumer(group), topic)
    wait_owned([member], 2)
    member.on_revoked = lambda partitions: member.consumer.commit({p: Position(3, "end") for p in partitions})
    member.consumer.close()
    member.consumer.close()
    assert member.events[-1] == ("revoked", (0, 1))
    assert len(member.events) == 2
    partitions = [TopicPartition(topic, n) for n in range(2)]
    assert kafka.reader().committed(group, partitions) == dict.fromkeys(partitions, Position(3, "end"))
    successor = Member(kafka.consumer(group), topic)
    wait_owned([successor], 2)


@pytest.mark.slow
def test_members_that_come_and_go_read_every_record_once(kafka: KafkaBackend, group: str) -> None:
    """Each commits what it has read when partitions are taken from it, and begins where the log says."""
    topic, producer, reader = kafka.create_topic(6), kafka.producer(), kafka.reader()
    members: list[Member] = []
    done: list[Member] = []

    def join() -> Member:
        member = Member(kafka.consumer(group), topic)
        member.on_revoked = member.commit_what_is_read

        def begin_at_committed(partitions: Sequence[TopicPartition]) -> None:
            positions = reader.committed(group, partitions)
            member.next.update({p: 0 if (at := positions[p]) is None else at.next_offset for p in partitions})

        member.on_assigned = begin_at_committed
        members.append(member)
        return member

    def leave(member: Member) -> None:
        members.remove(member)
        done.append(member)
        member.consumer.close()

    sent = 0

    def send(records: int) -> None:
        nonlocal sent
        for _ in range(records):
            producer.send(topic, None, b"x", partition=sent % 6)
            sent += 1

    first = join()
    for step in range(6):
        send(60)
        if step % 2 == 0:
            join()
        elif step == 3:
            leave(first)
        else:
            leave(members[-1])
        settle(members, 1.5 if kafka.name == "broker" else 0.1)
        send(60)
        wait_owned(members, 6)
    assert producer.flush(PATIENCE_S) == 0
    everybody = [*members, *done]
    drive(members, lambda: sum(len(m.records) for m in everybody) >= sent)
    settle(members)
    for partition in range(6):
        assert sorted(offset for m in everybody for offset in m.offsets(partition)) == list(range(sent // 6))


def test_a_member_leaves_although_its_listener_raises(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(1)
    member = Member(kafka.consumer(group), topic)
    wait_owned([member], 1)

    def refuse(_partitions: Sequence[TopicPartition]) -> None:
        raise LookoutError("the listener is broken")

    member.on_revoked = refuse
    with pytest.raises(LookoutError, match="the listener is broken"):
        member.consumer.close()
    successor = Member(kafka.consumer(group), topic)
    start = time.monotonic()
    wait_owned([successor], 1)
    assert time.monotonic() - start < 9.0  # not only when the session of the first has run out


def test_an_expired_position_is_told_and_not_skipped(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(2)
    for partition in (0, 1):
        fill(kafka, topic, partition, 20)
    kafka.expire_to(topic, 0, 12)
    member = Member(kafka.consumer(group), topic)
    with pytest.raises(PositionLost) as caught:
        drive([member], lambda: False)
    assert (caught.value.partition, caught.value.offset) == (TopicPartition(topic, 0), 0)
    drive([member], lambda: len(member.records) == 20)
    settle([member], 0.5)
    assert member.offsets(0) == []
    assert kafka.reader().watermarks(TopicPartition(topic, 0)).low == 12
    member.consumer.seek(TopicPartition(topic, 0), 12)
    drive([member], lambda: len(member.records) == 28)
    assert member.offsets(0) == list(range(12, 20))


def test_positions_that_expire_together_are_all_told(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(3)
    for partition in (0, 1, 2):
        fill(kafka, topic, partition, 20)
    for partition in (1, 2):
        kafka.expire_to(topic, partition, 12)
    member = Member(kafka.consumer(group), topic)
    told: list[int] = []

    def turn_until(is_done: Callable[[], bool]) -> None:
        while not is_done():
            try:
                drive([member], is_done)
            except PositionLost as error:
                told.append(error.partition.partition)

    turn_until(lambda: len(member.owned) == 3)
    time.sleep(1.0)  # records of the one and the errors of the others are fetched, and come in one poll
    turn_until(lambda: len(told) == 2 and member.offsets(0) == list(range(20)))
    assert sorted(told) == [1, 2]


def test_a_position_past_the_end_is_told(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(1)
    fill(kafka, topic, 0, 3)
    member = Member(kafka.consumer(group), topic, start=10)
    with pytest.raises(PositionLost) as caught:
        drive([member], lambda: False)
    assert caught.value.offset == 10


def test_expiry_while_reading_is_told(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(1)
    fill(kafka, topic, 0, 10)
    member = Member(kafka.consumer(group), topic)
    drive([member], lambda: len(member.records) == 10)
    member.consumer.pause([TopicPartition(topic, 0)])
    fill(kafka, topic, 0, 10)
    kafka.expire_to(topic, 0, 15)
    member.consumer.resume([TopicPartition(topic, 0)])
    with pytest.raises(PositionLost) as caught:
        drive([member], lambda: len(member.records) > 10)
    assert caught.value.offset == 10


def read_until_lost(member: Member) -> PositionLost | None:
    """Poll until the member hears that its position is gone, or reads more than it had."""
    had = len(member.records)
    end = time.monotonic() + PATIENCE_S
    while len(member.records) == had and time.monotonic() < end:
        try:
            member.turn()
        except PositionLost as error:
            return error
        except Transient:
            time.sleep(0.05)
    return None


def test_a_topic_made_again_is_told_before_its_records_are_read(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(1)
    fill(kafka, topic, 0, 10)
    member = Member(kafka.consumer(group), topic)
    drive([member], lambda: len(member.records) == 10)
    kafka.recreate_topic(topic)
    fill(kafka, topic, 0, 3)
    caught = read_until_lost(member)
    assert caught is not None
    assert caught.offset == 10
    assert len(member.records) == 10
    member.consumer.seek(TopicPartition(topic, 0), 0)
    drive([member], lambda: len(member.records) == 13)


def test_a_topic_made_again_with_a_longer_log_is_told_or_shown_by_its_id(kafka: KafkaBackend, group: str) -> None:
    """A client that missed the moment goes on at its position, which is in the new log too: only the id differs."""
    topic, reader = kafka.create_topic(1), kafka.reader()
    fill(kafka, topic, 0, 10)
    member = Member(kafka.consumer(group), topic)
    drive([member], lambda: len(member.records) == 10)
    before = reader.topic_id(topic)
    kafka.recreate_topic(topic)
    fill(kafka, topic, 0, 30)
    caught = read_until_lost(member)
    assert reader.topic_id(topic) != before
    assert caught is None or (caught.offset == 10 and len(member.records) == 10)
    member.consumer.seek(TopicPartition(topic, 0), 0)
    drive([member], lambda: {record.offset for record in member.records[10:]} >= set(range(30)))


def test_a_topic_that_does_not_exist_is_a_configuration_error(kafka: KafkaBackend, group: str) -> None:
    member = Member(kafka.consumer(group), "nowhere-" + secrets.token_hex(4))
    with pytest.raises(ConfigurationError):
        drive([member], lambda: False)


def test_an_error_of_the_listener_comes_out_of_poll_and_leaves_the_partitions_unread(
    kafka: KafkaBackend, group: str
) -> None:
    topic = kafka.create_topic(1)
    fill(kafka, topic, 0, 5)
    member = Member(kafka.consumer(group), topic)

    def refuse(_partitions: Sequence[TopicPartition]) -> None:
        raise LookoutError("the listener is broken")

    member.on_assigned = refuse
    with pytest.raises(LookoutError, match="the listener is broken"):
        drive([member], lambda: False)
    settle([member], 0.5)
    assert member.records == []
    member.consumer.seek(TopicPartition(topic, 0), 2)
    drive([member], lambda: len(member.records) == 3)


@pytest.mark.slow
def test_a_member_that_was_thrown_out_hears_lost_and_comes_back(kafka: KafkaBackend, group: str) -> None:
    topic = kafka.create_topic(2)
    partitions = [TopicPartition(topic, n) for n in range(2)]
    member = Member(kafka.consumer(group, impatient=True), topic)
    wait_owned([member], 2)
    kafka.throw_out(member.consumer)
    with pytest.raises(Transient):
        member.consumer.commit({p: Position(1) for p in partitions})
    assert kafka.reader().committed(group, partitions) == dict.fromkeys(partitions)
    drive([member], lambda: ("lost", (0, 1)) in member.events and len(member.owned) == 2)
    assert [name for name, _ in member.events if name != "assigned"] == ["lost"]
    member.commit_what_is_read(partitions)
