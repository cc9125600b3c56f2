"""What only the fake can do: the knobs by which a test makes things happen."""

from collections.abc import Mapping, Sequence

import pytest

from common.clock import FakeClock
from common.errors import ConfigurationError, Transient
from common.kafka.memory import MemoryCluster, MemoryGroupConsumer
from common.kafka.memory.murmur import murmur2
from common.kafka.ports import Delivery, Position, RecordTooLarge, TopicPartition

TOPIC = "frames"
P0, P1, P2, P3 = (TopicPartition(TOPIC, n) for n in range(4))


class Heard:
    """A listener that begins every partition at 0."""

    def __init__(self) -> None:
        self.events: list[tuple[str, tuple[int, ...]]] = []

    def assigned(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int | None]:
        self.events.append(("assigned", tuple(p.partition for p in partitions)))
        return dict.fromkeys(partitions, 0)

    def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        self.events.append(("revoked", tuple(p.partition for p in partitions)))

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        self.events.append(("lost", tuple(p.partition for p in partitions)))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(wall_us=1_000_000_000)


@pytest.fixture
def cluster(clock: FakeClock) -> MemoryCluster:
    cluster = MemoryCluster(clock)
    cluster.create_topic(TOPIC, 4)
    return cluster


def join(cluster: MemoryCluster, group: str = "g") -> tuple[MemoryGroupConsumer, Heard]:
    consumer, heard = cluster.consumer(group), Heard()
    consumer.subscribe([TOPIC], heard)
    return consumer, heard


def test_records_bear_the_clusters_time_also_when_it_steps_back(cluster: MemoryCluster, clock: FakeClock) -> None:
    producer = cluster.producer()
    first = producer.send_and_wait(TOPIC, b"k", b"1", partition=0)
    clock.advance(1.5)
    second = producer.send_and_wait(TOPIC, b"k", b"2", partition=0)
    clock.step_wall(-600)
    third = producer.send_and_wait(TOPIC, b"k", b"3", partition=0)
    assert [d.timestamp_ms for d in (first, second, third)] == [1_000_000, 1_001_500, 401_500]
    assert [r.timestamp_ms for r in cluster.records(TOPIC, 0)] == [1_000_000, 1_001_500, 401_500]


def test_a_rebalance_happens_step_by_step_in_each_members_own_polls(cluster: MemoryCluster) -> None:
    first, heard_first = join(cluster)
    first.poll(1, 0)
    second, heard_second = join(cluster)
    second.poll(1, 0)
    assert heard_second.events == []  # nothing is free until the first was told
    first.poll(1, 0)
    assert heard_first.events == [("assigned", (0, 1, 2, 3)), ("revoked", (2, 3))]
    second.poll(1, 0)
    assert heard_second.events == [("assigned", (2, 3))]


def test_a_test_decides_who_owns_what(clock: FakeClock) -> None:
    cluster = MemoryCluster(clock, rebalances_by_itself=False)
    cluster.create_topic(TOPIC, 4)
    first, heard_first = join(cluster)
    second, heard_second = join(cluster)
    first.poll(1, 0)
    assert heard_first.events == []
    cluster.rebalance("g", {first: [P0, P3], second: [P1]})
    for consumer in (first, second):
        consumer.poll(1, 0)
    assert heard_first.events == [("assigned", (0, 3))]
    assert heard_second.events == [("assigned", (1,))]
    cluster.rebalance("g", {second: [P0, P1, P2]})
    second.poll(1, 0)
    assert heard_second.events[1:] == [("assigned", (2,))]  # partition 0 is still with the first
    first.poll(1, 0)
    second.poll(1, 0)
    assert heard_first.events[1:] == [("revoked", (0, 3))]
    assert heard_second.events[2:] == [("assigned", (0,))]


def test_a_kicked_members_partitions_are_free_at_once_and_it_is_a_zombie_until_it_polls(cluster: MemoryCluster) -> None:
    zombie, heard = join(cluster)
    zombie.poll(1, 0)
    other, heard_other = join(cluster)
    cluster.kick(zombie)
    other.poll(1, 0)
    assert heard_other.events == [("assigned", (0, 1, 2, 3))]
    with pytest.raises(Transient):
        zombie.commit({P0: Position(9)})
    assert heard.events == [("assigned", (0, 1, 2, 3))]
    zombie.poll(1, 0)
    assert heard.events[1:] == [("lost", (0, 1, 2, 3))]
    other.poll(1, 0)
    zombie.poll(1, 0)
    assert heard.events[2:] == [("assigned", (2, 3))]


def test_a_zombies_commit_can_be_let_through(cluster: MemoryCluster) -> None:
    zombie, _ = join(cluster)
    zombie.poll(1, 0)
    cluster.kick(zombie)
    cluster.group("g").takes_commits_of_kicked = True
    zombie.commit({P0: Position(9, "late")})
    assert cluster.committed("g") == {P0: Position(9, "late")}


def test_commits_can_be_made_to_fail(cluster: MemoryCluster) -> None:
    consumer, _ = join(cluster)
    consumer.poll(1, 0)
    cluster.fail_commits(Transient("moved"), Transient("moved again"))
    with pytest.raises(Transient, match="moved"):
        consumer.commit({P0: Position(1)})
    done: list[Exception | None] = []
    consumer.commit_soon({P0: Position(2)}, done.append)
    consumer.commit_soon({P0: Position(3)}, done.append)
    assert done == []
    consumer.poll(1, 0)
    assert isinstance(done[0], Transient)
    assert done[1] is None
    assert cluster.committed("g") == {P0: Position(3)}


def test_positions_can_be_forgotten_as_brokers_do(cluster: MemoryCluster) -> None:
    consumer, _ = join(cluster)
    consumer.poll(1, 0)
    consumer.commit({P0: Position(1)})
    cluster.forget_positions("g")
    assert cluster.reader().committed("g", [P0]) == {P0: None}


def test_while_the_cluster_is_down_nothing_is_read_and_everything_else_is_transient(cluster: MemoryCluster) -> None:
    consumer, heard = join(cluster)
    consumer.poll(1, 0)
    producer, reader = cluster.producer(), cluster.reader()
    producer.send_and_wait(TOPIC, None, b"1", partition=0)
    cluster.is_down = True
    assert consumer.poll(10, 0.01) == []
    for call in (
        lambda: consumer.commit({P0: Position(1)}),
        lambda: producer.send_and_wait(TOPIC, None, b"2", partition=0),
        lambda: reader.watermarks(P0),
        lambda: reader.topic_id(TOPIC),
        lambda: reader.committed("g", [P0]),
        lambda: cluster.follower([TOPIC]),
    ):
        with pytest.raises(Transient):
            call()
    cluster.is_down = False
    assert [r.value for r in consumer.poll(10, 0)] == [b"1"]
    assert heard.events == [("assigned", (0, 1, 2, 3))]


def test_deliveries_can_be_held_and_the_queue_is_bounded(cluster: MemoryCluster) -> None:
    producer = cluster.producer(queue_records=2)
    producer.holds_deliveries = True
    landed: list[Delivery | None] = []
    for n in range(2):
        producer.send(TOPIC, None, str(n).encode(), partition=0, done=lambda delivery, _error: landed.append(delivery))
    with pytest.raises(Transient, match="full"):
        producer.send(TOPIC, None, b"2", partition=0)
    assert landed == []
    assert producer.flush(1.0) == 2
    assert producer.deliver(1) == 1
    assert [d.offset for d in landed if d is not None] == [0]
    producer.close()
    assert [r.value for r in cluster.records(TOPIC, 0)] == [b"0", b"1"]


@pytest.mark.parametrize("appended", [False, True])
def test_an_acknowledgement_can_get_lost_with_or_without_its_record(cluster: MemoryCluster, appended: bool) -> None:
    producer = cluster.producer()
    producer.fail_next(Transient("timed out"), appended=appended)
    with pytest.raises(Transient, match="timed out"):
        producer.send_and_wait(TOPIC, None, b"1", partition=0)
    assert len(cluster.records(TOPIC, 0)) == int(appended)
    assert producer.send_and_wait(TOPIC, None, b"2", partition=0).offset == int(appended)


def test_a_record_over_the_topics_limit_is_refused(cluster: MemoryCluster) -> None:
    cluster.create_topic("small", 1, max_message_bytes=1_000)
    with pytest.raises(RecordTooLarge):
        cluster.producer().send_and_wait("small", None, bytes(1_000), partition=0)


def test_a_topic_exists_once(cluster: MemoryCluster) -> None:
    with pytest.raises(ConfigurationError):
        cluster.create_topic(TOPIC)


def test_records_can_be_asserted_on(cluster: MemoryCluster) -> None:
    cluster.append(TOPIC, 0, b"a", b"1")
    cluster.append(TOPIC, 2, b"b", b"2", [("h", b"x")])
    assert [(r.partition, r.key) for r in cluster.records(TOPIC)] == [(0, b"a"), (2, b"b")]
    assert cluster.records(TOPIC, 2)[0].headers == [("h", b"x")]


@pytest.mark.parametrize(
    ("key", "value"),
    [(b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536), (b"abc", 479470107)],
)
def test_the_key_hash_is_the_one_of_java_clients(key: bytes, value: int) -> None:
    """Expected values: Kafka's own test of its murmur2."""
    assert murmur2(key) == value & 0xFFFFFFFF
