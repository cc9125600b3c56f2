"""What is asked of Kafka outside the loop."""

import pytest

from common.clock import FakeClock
from common.errors import ConfigurationError
from common.kafka.memory.cluster import MemoryCluster
from common.kafka.ports import Position, TopicPartition, Watermarks
from consumers.runtime.mailbox import Mailbox
from consumers.runtime.messages import LogSeen, PositionFound
from consumers.runtime.scout import RETRY_S, Scout

P0, P1 = TopicPartition("frames", 0), TopicPartition("frames", 1)


class Rig:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.cluster = MemoryCluster(self.clock)
        self.topic_id = self.cluster.create_topic("frames", 2)
        self.mailbox = Mailbox()
        self.scout = Scout(self.cluster.reader(), "recorder", self.mailbox, self.clock)

    def step(self) -> bool:
        errand = self.scout.take()
        if errand is not None:
            self.scout.execute(errand)
        return errand is not None


def test_scout_finds_positions_ends_and_topic_id() -> None:
    rig = Rig()
    rig.cluster.append("frames", 1, b"cam-a", b"x")
    rig.cluster.group("recorder").committed[P1] = Position(1, "metadata")
    rig.scout.find([(P0, 5), (P1, 6)])
    assert rig.step()
    assert rig.mailbox.drain() == [
        PositionFound(P0, 5, None, Watermarks(0, 0), rig.topic_id),
        PositionFound(P1, 6, Position(1, "metadata"), Watermarks(0, 1), rig.topic_id),
    ]


def test_scout_broker_that_is_out_is_asked_again() -> None:
    rig = Rig()
    rig.cluster.is_down = True
    rig.scout.find([(P0, 1)])
    assert rig.step()
    assert not rig.step(), "not at once"
    rig.cluster.is_down = False
    rig.clock.advance(RETRY_S)
    assert rig.step()
    assert len(rig.mailbox.drain()) == 1


def test_scout_looks_are_not_piled_up() -> None:
    rig = Rig()
    for _ in range(5):
        rig.scout.look("frames", [P0])
    assert rig.step()
    assert not rig.step()
    assert rig.mailbox.drain() == [LogSeen(rig.clock.wall_us(), rig.topic_id, {P0: Watermarks(0, 0)})]


def test_scout_finds_go_before_looks() -> None:
    rig = Rig()
    rig.scout.look("frames", [P0])
    rig.scout.find([(P0, 1)])
    rig.step()
    assert isinstance(rig.mailbox.drain()[0], PositionFound)


def test_scout_unknown_topic_is_no_matter_of_trying_again() -> None:
    rig = Rig()
    rig.scout.find([(TopicPartition("nothing", 0), 1)])
    with pytest.raises(ConfigurationError):
        rig.step()
