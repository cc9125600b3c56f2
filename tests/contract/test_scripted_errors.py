"""The Kafka adapter under errors that a broker answers: scripted, by librdkafka's mock cluster. No server is needed."""

import secrets
from collections.abc import Iterator
from functools import partial

import pytest
from confluent_kafka import KafkaError

from common.clock import SystemClock
from common.deadline import Deadline
from common.errors import Transient
from common.kafka.confluent import (
    ConfluentGroupConsumer,
    ConfluentLogReader,
    ConfluentProducer,
    GroupTuning,
    ProducerTuning,
    group_consumer,
)
from common.kafka.confluent.errors import FatalClientError
from common.kafka.ports import Delivery, Position, PositionLost, RecordProducer, TopicPartition
from common.retry import retry_transient
from common.settings import KafkaSettings, load_settings
from tests.contract.group_members import Member, drive
from tests.support.mock_cluster import Api, MockCluster

VALUES = [str(number).encode() for number in range(12)]
SHORT_SESSION_S = 3.0
"""The mock cluster lets a member that joins again wait for this less 1 s."""
LONG_SESSION_S = 20.0
"""Where the membership must not run out, however busy the machine is."""
PRODUCE_ERRORS = (
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.NOT_ENOUGH_REPLICAS,
    KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    KafkaError.KAFKA_STORAGE_ERROR,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.UNKNOWN_PRODUCER_ID,
    KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
)
PASSING_COMMIT_ERRORS = (
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.REQUEST_TIMED_OUT,
)
FETCH_ERRORS = (
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.KAFKA_STORAGE_ERROR,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
)
READER_ERRORS = (
    (Api.OFFSET_FETCH, KafkaError.COORDINATOR_LOAD_IN_PROGRESS),
    (Api.OFFSET_FETCH, KafkaError.UNSTABLE_OFFSET_COMMIT),
    (Api.OFFSET_FETCH, KafkaError.NOT_COORDINATOR),
    (Api.FIND_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE),
    (Api.LIST_OFFSETS, KafkaError.NOT_LEADER_FOR_PARTITION),
)


@pytest.fixture(scope="module")
def shared_cluster() -> Iterator[MockCluster]:
    with MockCluster(brokers=2) as made:
        yield made


@pytest.fixture(scope="module")
def settings(shared_cluster: MockCluster) -> KafkaSettings:
    return load_settings(KafkaSettings, {"KAFKA_BOOTSTRAP_SERVERS": shared_cluster.bootstrap_servers})


@pytest.fixture(scope="module")
def producer(settings: KafkaSettings) -> Iterator[ConfluentProducer]:
    made = ConfluentProducer(settings, ProducerTuning(delivery_timeout_s=4.0))
    yield made
    made.close()


@pytest.fixture(scope="module")
def reader(settings: KafkaSettings) -> Iterator[ConfluentLogReader]:
    made = ConfluentLogReader(settings)
    yield made
    made.close()


@pytest.fixture
def cluster(shared_cluster: MockCluster) -> Iterator[MockCluster]:
    yield shared_cluster
    shared_cluster.clear(*Api)


@pytest.fixture
def partition(cluster: MockCluster) -> TopicPartition:
    topic = "t" + secrets.token_hex(6)
    cluster.create_topic(topic, 1)
    return TopicPartition(topic, 0)


def make_member(
    settings: KafkaSettings, producer: RecordProducer, partition: TopicPartition, session_timeout_s: float
) -> Member:
    """One that has read the first record. Its group is called as its topic."""
    send(producer, partition, b"first")
    tuning = GroupTuning(session_timeout_s=session_timeout_s, heartbeat_s=0.2)
    made = Member(ConfluentGroupConsumer(settings, partition.topic, tuning), partition.topic)
    drive([made], lambda: made.offsets(0) == [0])
    return made


@pytest.fixture
def member(settings: KafkaSettings, producer: ConfluentProducer, partition: TopicPartition) -> Iterator[Member]:
    made = make_member(settings, producer, partition, LONG_SESSION_S)
    yield made
    made.consumer.close()


@pytest.fixture
def brief_member(settings: KafkaSettings, producer: ConfluentProducer, partition: TopicPartition) -> Iterator[Member]:
    made = make_member(settings, producer, partition, SHORT_SESSION_S)
    yield made
    made.consumer.close()


def send(producer: RecordProducer, partition: TopicPartition, value: bytes) -> Delivery:
    return retry_transient(lambda: producer.send_and_wait(partition.topic, None, value, partition=0), Deadline(20.0))


def test_producer_refused_each_value_is_once_in_the_log_or_its_sender_was_told(
    cluster: MockCluster, producer: ConfluentProducer, reader: ConfluentLogReader, partition: TopicPartition
) -> None:
    """OUT_OF_ORDER_SEQUENCE_NUMBER puts the handle beyond use: the adapter goes on with a new one."""
    wanted: list[bytes] = []
    repeated = set()
    for error in PRODUCE_ERRORS:
        cluster.fail(Api.PRODUCE, error, error)
        for number in range(3):
            wanted.append(f"{KafkaError(error).name()} {number}".encode())
            deadline = Deadline(30.0)
            while True:
                try:
                    producer.send_and_wait(partition.topic, None, wanted[-1], partition=0, timeout_s=6.0)
                    break
                except Transient:
                    assert not deadline.is_over, f"{wanted[-1]!r} is refused for ever"
                    repeated.add(wanted[-1])
    end = reader.watermarks(partition).high
    logged = [record.value for record in reader.read(partition, 0, end, timeout_s=20.0)]
    assert list(dict.fromkeys(logged)) == wanted
    assert [value for value in logged if value not in repeated] == [v for v in wanted if v not in repeated]


def test_send_whose_answer_is_late_is_reported_as_transient(
    cluster: MockCluster, settings: KafkaSettings, partition: TopicPartition
) -> None:
    impatient = ConfluentProducer(settings, ProducerTuning(delivery_timeout_s=0.5))
    send(impatient, partition, b"before")
    cluster.delay(Api.PRODUCE, 1_500)
    with pytest.raises(Transient):
        impatient.send_and_wait(partition.topic, None, b"late", partition=0)
    impatient.close()


def test_commit_refused_for_now_is_transient_or_done_and_the_member_keeps_its_partition(
    cluster: MockCluster, member: Member, reader: ConfluentLogReader, partition: TopicPartition
) -> None:
    for error in PASSING_COMMIT_ERRORS:
        cluster.fail(Api.OFFSET_COMMIT, error)
        position = Position(1, f"after {error}")
        retry_transient(partial(member.consumer.commit, {partition: position}), Deadline(20.0))
        found = retry_transient(lambda: reader.committed(partition.topic, [partition]), Deadline(20.0))
        assert found == {partition: position}
    assert [what for what, _ in member.events] == ["assigned"]


@pytest.mark.parametrize("api", [Api.OFFSET_COMMIT, Api.HEARTBEAT], ids=lambda api: api.name)
def test_member_of_another_generation_hears_of_the_loss_and_comes_back(
    cluster: MockCluster, brief_member: Member, producer: ConfluentProducer, partition: TopicPartition, api: Api
) -> None:
    cluster.fail(api, KafkaError.ILLEGAL_GENERATION)
    if api is Api.OFFSET_COMMIT:
        with pytest.raises(Transient):
            brief_member.consumer.commit({partition: Position(1)})
    drive([brief_member], lambda: [what for what, _ in brief_member.events] == ["assigned", "lost", "assigned"])
    landed = send(producer, partition, b"after")
    drive([brief_member], lambda: brief_member.offsets(0) == [0, landed.offset])
    retry_transient(lambda: brief_member.consumer.commit({partition: Position(2)}), Deadline(20.0))


def test_rebalance_told_by_a_heartbeat_takes_nothing_from_the_member_that_stays(
    cluster: MockCluster, brief_member: Member, producer: ConfluentProducer, partition: TopicPartition
) -> None:
    cluster.start_counting()
    cluster.fail(Api.JOIN_GROUP, KafkaError.COORDINATOR_LOAD_IN_PROGRESS)
    cluster.fail(Api.HEARTBEAT, KafkaError.REBALANCE_IN_PROGRESS)
    drive([brief_member], lambda: Api.SYNC_GROUP in cluster.counted())
    landed = send(producer, partition, b"after")
    drive([brief_member], lambda: brief_member.offsets(0) == [0, landed.offset])
    assert [what for what, _ in brief_member.events] == ["assigned"]


def test_fenced_member_is_beyond_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no static membership, so nobody should be told this. The process ends and is started again."""
    monkeypatch.setattr(group_consumer, "CLOSE_TIMEOUT_S", 0.5)  # such a handle does not leave by itself
    # A cluster of its own: the handle would go on fetching, and take the next test's errors for itself.
    with MockCluster(brokers=1) as cluster:
        cluster.create_topic("t", 1)
        settings = load_settings(KafkaSettings, {"KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrap_servers})
        tuning = GroupTuning(session_timeout_s=LONG_SESSION_S, heartbeat_s=0.2)
        member = Member(ConfluentGroupConsumer(settings, "g", tuning), "t")
        drive([member], lambda: bool(member.owned))
        cluster.fail(Api.HEARTBEAT, KafkaError.FENCED_INSTANCE_ID)
        with pytest.raises(FatalClientError):
            drive([member], lambda: False)
        member.consumer.close()


def test_position_said_to_be_out_of_range_is_lost_until_a_seek(
    cluster: MockCluster, member: Member, producer: ConfluentProducer, partition: TopicPartition
) -> None:
    wait_for_end(cluster, member)
    cluster.fail(Api.FETCH, KafkaError.OFFSET_OUT_OF_RANGE)
    with pytest.raises(PositionLost) as lost:
        drive([member], lambda: False)
    assert (lost.value.partition, lost.value.offset) == (partition, 1)
    landed = send(producer, partition, b"after")
    member.consumer.seek(partition, 1)
    drive([member], lambda: member.offsets(0) == [0, landed.offset])


def test_fetch_refused_nothing_is_left_out_and_nothing_comes_twice(
    cluster: MockCluster, member: Member, producer: ConfluentProducer, partition: TopicPartition
) -> None:
    sent = 1
    for error in FETCH_ERRORS:
        cluster.fail(Api.FETCH, error, error)
        for value in VALUES:
            send(producer, partition, value)
        sent += len(VALUES)
        drive_on(member, sent)
    assert member.offsets(0) == list(range(sent))


def test_leader_that_moves_is_followed(
    cluster: MockCluster, member: Member, producer: ConfluentProducer, partition: TopicPartition
) -> None:
    for number, value in enumerate(VALUES):
        cluster.set_leader(partition.topic, 0, 1 + number % 2)
        send(producer, partition, value)
    drive_on(member, len(VALUES) + 1)
    assert member.offsets(0) == list(range(len(VALUES) + 1))


def test_reader_refused_for_now_answers_or_is_transient(
    cluster: MockCluster, member: Member, reader: ConfluentLogReader, partition: TopicPartition
) -> None:
    """Never a position or an end that is not so: a wrong one would be a gap or a replay."""
    position = Position(1, "clock")
    member.consumer.commit({partition: position})
    for api, error in READER_ERRORS:
        cluster.fail(api, error, error)
        deadline = Deadline(30.0)
        assert retry_transient(lambda: reader.committed(partition.topic, [partition]), deadline) == {
            partition: position
        }
        assert retry_transient(lambda: reader.watermarks(partition), deadline).high == 1


def wait_for_end(cluster: MockCluster, member: Member) -> None:
    """Until librdkafka has seen that nothing more is there. In the answer that tells it so, it heeds no error code.

    Its fetches follow one another, so the second one counted comes after that answer.
    """
    cluster.start_counting()
    drive([member], lambda: cluster.counted().get(Api.FETCH, 0) >= 2)


def drive_on(member: Member, records: int) -> None:
    """As `drive`, until so many records have been read; what is Transient passes."""
    deadline = Deadline(45.0)
    while len(member.offsets(0)) < records:
        assert not deadline.is_over, f"{member.events}, {member.offsets(0)}"
        try:
            member.turn()
        except Transient:
            SystemClock().sleep(0.05)
