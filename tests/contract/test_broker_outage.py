"""The Kafka adapter while its broker stands still, and after it has been killed: every wait is bounded."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from common.deadline import Deadline
from common.errors import Transient
from common.kafka.confluent import ConfluentProducer, ProducerTuning
from common.kafka.ports import Position, TopicPartition
from common.retry import retry_transient
from infra.native.servers import ServerGroup
from tests.contract.group_members import Member, drive
from tests.contract.kafka_backends import BrokerBackend, broker_backend

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def servers_of_ours(private_servers: Callable[[], ServerGroup]) -> ServerGroup:
    return private_servers()


@pytest.fixture
def backend(servers_of_ours: ServerGroup) -> Iterator[BrokerBackend]:
    with broker_backend(servers_of_ours.endpoints.bootstrap_servers) as opened:
        yield opened


@pytest.fixture
def stand_still(servers_of_ours: ServerGroup) -> Iterator[Callable[[bool], None]]:
    """Stops the broker's process (True) or lets it go on (False)."""
    pid = servers_of_ours._children["kafka"].pid
    assert pid is not None

    def switch(stopped: bool) -> None:
        os.killpg(pid, signal.SIGSTOP if stopped else signal.SIGCONT)

    yield switch
    switch(False)


def test_nothing_waits_longer_than_told_while_the_broker_stands_still(
    backend: BrokerBackend, stand_still: Callable[[bool], None]
) -> None:
    topic = backend.create_topic(2)
    partition = TopicPartition(topic, 0)
    producer, reader = ConfluentProducer(backend.settings, ProducerTuning(delivery_timeout_s=3.0)), backend.reader()
    producer.send_and_wait(topic, None, b"1", partition=0)
    member = Member(backend.consumer("g"), topic)
    drive([member], lambda: len(member.records) == 1)
    done: list[Exception | None] = []

    stand_still(True)
    for call in (
        lambda: member.consumer.commit({partition: Position(1)}),
        lambda: producer.send_and_wait(topic, None, b"2", partition=0, timeout_s=2.0),
        lambda: reader.watermarks(partition),
        lambda: reader.topic_id(topic),
        lambda: reader.committed("g", [partition]),
    ):
        start = time.monotonic()
        with pytest.raises(Transient):
            call()
        assert time.monotonic() - start < 20.0
    member.consumer.commit_soon({partition: Position(1)}, done.append)
    with pytest.raises(Transient, match="no broker has answered"):
        drive([member], lambda: False, patience_s=60.0)
    end = time.monotonic() + 30.0
    while not done and time.monotonic() < end:
        try:
            member.turn()
        except Transient:
            time.sleep(0.05)
    assert isinstance(done[0], Transient)

    stand_still(False)
    # The session ran out meanwhile: lost, and back again, from wherever the log says.
    drive_through_outage(member, lambda: ("lost", (0, 1)) in member.events and len(member.owned) == 2)
    retry_transient(lambda: member.consumer.commit({partition: Position(1, "after")}), Deadline(30.0))
    assert retry_transient(lambda: reader.committed("g", [partition]), Deadline(30.0)) == {
        partition: Position(1, "after")
    }
    landed = retry_transient(lambda: producer.send_and_wait(topic, None, b"3", partition=1), Deadline(30.0))
    drive_through_outage(member, lambda: member.offsets(1) == [landed.offset])
    producer.close()


def test_clients_come_back_after_the_broker_was_killed(backend: BrokerBackend, servers_of_ours: ServerGroup) -> None:
    topic = backend.create_topic(1)
    partition = TopicPartition(topic, 0)
    producer, follower = backend.producer(), backend.follower([topic])
    producer.send_and_wait(topic, None, b"0", partition=0)
    member = Member(backend.consumer("g"), topic)
    drive([member], lambda: len(member.records) == 1)
    member.consumer.commit({partition: Position(1, "before")})

    servers_of_ours.kill("kafka")
    with pytest.raises(Transient):
        member.consumer.commit({partition: Position(0)})
    servers_of_ours.launch("kafka")
    servers_of_ours.wait_ready("kafka")

    landed = retry_transient(lambda: producer.send_and_wait(topic, None, b"1", partition=0), Deadline(60.0))
    drive_through_outage(member, lambda: landed.offset in member.offsets(0))
    retry_transient(lambda: member.consumer.commit({partition: Position(2, "after")}), Deadline(60.0))
    values: list[bytes | None] = []
    end = time.monotonic() + 60.0
    while b"1" not in values and time.monotonic() < end:
        try:
            values += [record.value for record in follower.poll(0.1)]
        except Transient:
            time.sleep(0.05)
    assert values[0] == b"0"
    assert b"1" in values


def drive_through_outage(member: Member, until: Callable[[], bool]) -> None:
    end = time.monotonic() + 60.0
    while not until():
        assert time.monotonic() < end, f"not within 60 s: {member.events}, {member.records}"
        try:
            member.turn()
        except Transient:
            time.sleep(0.05)
