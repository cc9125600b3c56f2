"""Commands that read a topic whole."""

import pytest

from common.clock import FakeClock
from common.errors import Transient
from common.kafka import whole_topic
from common.kafka.memory.cluster import MemoryCluster
from common.kafka.ports import Record, TopicPartition
from common.kafka.whole_topic import read_topic


def make_cluster(records: int) -> MemoryCluster:
    cluster = MemoryCluster(FakeClock(), longest_wait_s=0.0)
    cluster.create_topic("t", 2, 1_000)
    for n in range(records):
        cluster.append("t", n % 2, None, str(n).encode(), [])
    return cluster


def test_read_topic_gives_every_record_of_every_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_topic, "READ_BATCH", 3)
    cluster = make_cluster(20)
    read = list(read_topic(cluster.reader(), "t"))
    assert [(r.partition, r.offset) for r in read] == [(p, o) for p in (0, 1) for o in range(10)]


def test_read_topic_that_the_broker_stops_answering_for_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a log looks like a log with holes: whoever counts what is in it must not get it."""
    monkeypatch.setattr(whole_topic, "READ_TIMEOUT_S", 0.0)
    log = make_cluster(20).reader()
    right = log.read

    def read(partition: TopicPartition, start: int, end: int, timeout_s: float) -> list[Record]:
        return right(partition, start, end, timeout_s)[:-1]

    monkeypatch.setattr(log, "read", read)
    with pytest.raises(Transient, match="offset 10"):
        list(read_topic(log, "t"))
