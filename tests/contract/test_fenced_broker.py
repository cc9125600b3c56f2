"""The Kafka adapter beside a broker that lists nobody, itself included, for a while: every client comes back."""

import contextlib
import time
from collections.abc import Iterator

import pytest

from common.deadline import Deadline
from common.errors import Transient
from common.kafka.ports import TopicPartition
from common.retry import retry_transient
from infra.native.ports import LOOPBACK
from tests.contract.group_members import Member, drive
from tests.contract.kafka_backends import BrokerBackend, broker_backend
from tests.support.kafka_proxy import KafkaProxy
from tests.support.servers import TestServers

PATIENCE_S = 60.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def proxy(servers: TestServers) -> Iterator[KafkaProxy]:
    host, _, port = servers.bootstrap_servers.rpartition(":")
    if host != LOOPBACK:
        pytest.skip("the proxy puts its port where the broker's own address is 127.0.0.1")
    with KafkaProxy(int(port)) as opened:
        yield opened


@pytest.fixture
def backend(proxy: KafkaProxy) -> Iterator[BrokerBackend]:
    with broker_backend(f"127.0.0.1:{proxy.port}") as opened:
        yield opened


@pytest.fixture
def topic(servers: TestServers) -> Iterator[str]:
    """Made and deleted past the proxy: an admin client would hang like the others, and nobody replaces it."""
    with broker_backend(servers.bootstrap_servers) as direct:
        yield direct.create_topic(1)


def test_clients_come_back_after_answers_without_any_broker(
    topic: str, backend: BrokerBackend, proxy: KafkaProxy
) -> None:
    partition = TopicPartition(topic, 0)
    producer, reader, follower = backend.producer(), backend.reader(), backend.follower([topic])
    producer.send_and_wait(topic, None, b"0", partition=0)
    member = Member(backend.consumer("g"), topic)
    drive([member], lambda: len(member.records) == 1)
    assert reader.watermarks(partition).high == 1

    proxy.hides_brokers = True
    end = time.monotonic() + 15.0
    while time.monotonic() < end:  # everybody asks, and is told that there is nobody
        proxy.drop_all()
        for ask in (member.turn, lambda: follower.poll(0.1), lambda: reader.topic_id(topic)):
            with contextlib.suppress(Transient):
                ask()
    assert proxy.hidden > 0
    proxy.hides_brokers = False

    landed = retry_transient(lambda: producer.send_and_wait(topic, None, b"1", partition=0), Deadline(PATIENCE_S))
    assert retry_transient(lambda: reader.watermarks(partition), Deadline(PATIENCE_S)).high == landed.offset + 1
    values: list[bytes | None] = []
    end = time.monotonic() + PATIENCE_S
    while (landed.offset not in member.offsets(0) or b"1" not in values) and time.monotonic() < end:
        with contextlib.suppress(Transient):
            member.turn()
        with contextlib.suppress(Transient):
            values += [record.value for record in follower.poll(0.1)]
    assert landed.offset in member.offsets(0)
    assert b"1" in values
