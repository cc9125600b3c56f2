"""Records between librdkafka and the loop."""

from common.kafka.confluent.held_records import HeldRecords
from common.kafka.ports import Record, TopicPartition

P0, P1 = TopicPartition("t", 0), TopicPartition("t", 1)


def record(partition: int, offset: int, size: int = 10) -> Record:
    return Record("t", partition, offset, 0, None, bytes(size))


def test_records_come_out_in_the_order_they_went_in() -> None:
    held = HeldRecords(1_000)
    for n in range(5):
        assert held.add(record(n % 2, n))
    assert [r.offset for r in held.take(3)] == [0, 1, 2]
    assert [r.offset for r in held.take(10)] == [3, 4]
    assert held.take(1) == []


def test_what_does_not_fit_is_refused_until_there_is_room() -> None:
    held = HeldRecords(100)
    assert held.add(record(0, 0, 60))
    assert not held.add(record(0, 1, 60))
    assert held.add(record(0, 1, 40))
    held.take(1)
    assert held.add(record(0, 2, 60))
    assert not held.add(record(0, 3, 1))


def test_one_record_always_fits() -> None:
    held = HeldRecords(100)
    assert held.add(record(0, 0, 5_000))
    assert not held.add(record(0, 1, 1))


def test_a_partitions_records_can_be_dropped() -> None:
    held = HeldRecords(100)
    for n in range(4):
        held.add(record(n % 2, 10 + n, 25))
    assert held.drop([P1]) == {P1: 11}
    assert held.drop([P1]) == {}
    assert held.add(record(0, 14, 50))
    assert [r.offset for r in held.take(10)] == [10, 12, 14]
    assert len(held) == 0


def test_a_record_without_value_takes_no_room() -> None:
    held = HeldRecords(10)
    assert all(held.add(Record("t", 0, n, 0, None, None)) for n in range(100))
