"""Dead letters and gaps are sent until the broker has them."""

import pytest

from common.clock import FakeClock
from common.errors import ConfigurationError, Transient
from common.kafka.memory.cluster import MemoryCluster
from common.kafka.ports import RecordTooLarge
from consumers.runtime.mailbox import Mailbox
from consumers.runtime.messages import NoticeAnswered
from consumers.runtime.notices import Notice, Notices


class Rig:
    def __init__(self, queue_records: int = 10) -> None:
        self.clock = FakeClock()
        self.cluster = MemoryCluster(self.clock)
        self.cluster.create_topic("dead-letters", 1)
        self.producer = self.cluster.producer(queue_records)
        self.mailbox = Mailbox()
        self.notices = Notices(self.producer, self.mailbox, self.clock)
        self.delivered = 0

    def send(self, generation: int = 1) -> None:
        self.notices.send(Notice(generation, "dead-letters", b"key", b"value", (), self._count))

    def _count(self) -> None:
        self.delivered += 1

    def turn(self) -> None:
        for message in self.mailbox.drain():
            assert isinstance(message, NoticeAnswered)
            self.notices.answered(message)
        self.notices.turn(self.clock.monotonic_s())

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.turn()
            self.clock.advance(0.1)


def test_notice_acknowledged_is_delivered_once() -> None:
    rig = Rig()
    rig.send()
    assert rig.delivered == 0, "only the loop is told, in its own time"
    rig.run(1)
    assert rig.delivered == 1
    assert (len(rig.notices), rig.notices.pending_bytes) == (0, 0)


def test_notice_that_fails_is_sent_again() -> None:
    rig = Rig()
    for _ in range(3):
        rig.producer.fail_next(Transient("no answer"))
    rig.send()
    rig.run(10)
    assert rig.delivered == 1
    assert len(rig.cluster.records("dead-letters")) == 1


def test_notice_with_a_full_queue_waits_and_counts_its_bytes() -> None:
    rig = Rig(queue_records=1)
    rig.producer.holds_deliveries = True
    rig.send()
    rig.send()
    assert rig.notices.pending_bytes == 2 * len(b"value")
    rig.producer.holds_deliveries = False
    rig.producer.deliver()
    rig.run(3)
    assert rig.delivered == 2


def test_notice_of_a_forgotten_assignment_is_not_delivered() -> None:
    rig = Rig()
    rig.producer.holds_deliveries = True
    rig.send(generation=1)
    rig.send(generation=2)
    rig.notices.forget(1)
    rig.producer.deliver()
    rig.run(1)
    assert rig.delivered == 1


def test_notice_that_no_repetition_mends_ends_the_process() -> None:
    rig = Rig()
    rig.producer.fail_next(RecordTooLarge("too large"))
    rig.send()
    with pytest.raises(ConfigurationError):
        rig.run(1)
