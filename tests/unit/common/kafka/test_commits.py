"""Commits under way."""

from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as ClientPartition

from common.clock import FakeClock
from common.deadline import Deadline
from common.errors import ConfigurationError, Transient
from common.kafka.confluent import commits as commits_module
from common.kafka.confluent.commits import WAITING_MAX, Commits
from common.kafka.ports import Position, TopicPartition

P0, P1 = TopicPartition("t", 0), TopicPartition("t", 1)


class Handle:
    """As much of librdkafka's consumer as a commit needs."""

    def __init__(self) -> None:
        self.sent: list[list[ClientPartition]] = []
        self.refusal: KafkaException | None = None

    def commit(self, offsets: list[ClientPartition], asynchronous: bool) -> None:
        assert asynchronous
        if self.refusal is not None:
            raise self.refusal
        self.sent.append(offsets)


class Outcomes:
    def __init__(self) -> None:
        self.of: dict[str, Exception | None] = {}

    def __call__(self, name: str) -> Any:
        return lambda error: self.of.__setitem__(name, error)


@pytest.fixture
def handle() -> Handle:
    return Handle()


def send(commits: Commits, handle: Handle, positions: dict[TopicPartition, Position], done: Any) -> None:
    commits.send(cast("Consumer", handle), positions, done)


def test_a_commit_goes_out_with_its_metadata_and_is_told_when_answered(handle: Handle) -> None:
    commits, outcomes = Commits(), Outcomes()
    send(commits, handle, {P0: Position(7, "seven")}, outcomes("a"))
    [[sent]] = handle.sent
    assert (sent.topic, sent.partition, sent.offset, sent.metadata) == ("t", 0, 7, "seven")
    commits.finish()
    assert outcomes.of == {}
    commits.on_answer(None, [ClientPartition("t", 0, 7)])
    assert outcomes.of == {}  # only from `finish`
    commits.finish()
    assert outcomes.of == {"a": None}


def test_answers_find_their_commit_by_its_offsets(handle: Handle) -> None:
    commits, outcomes = Commits(), Outcomes()
    for name, positions in (
        ("a", {P0: Position(1)}),
        ("b", {P0: Position(2), P1: Position(5)}),
        ("c", {P0: Position(1)}),
    ):
        send(commits, handle, positions, outcomes(name))
    commits.on_answer(None, [ClientPartition("t", 1, 5), ClientPartition("t", 0, 2)])
    commits.on_answer(KafkaError(KafkaError.REBALANCE_IN_PROGRESS), [ClientPartition("t", 0, 1)])
    commits.finish()
    assert outcomes.of.keys() == {"a", "b"}
    assert isinstance(outcomes.of["a"], Transient)
    assert outcomes.of["b"] is None
    commits.on_answer(None, [ClientPartition("t", 0, 1)])
    commits.on_answer(None, [ClientPartition("t", 0, 99)])  # nobody's: given up before
    commits.finish()
    assert outcomes.of["c"] is None


def test_one_partition_that_failed_fails_the_commit(handle: Handle) -> None:
    commits, outcomes = Commits(), Outcomes()
    send(commits, handle, {P0: Position(1)}, outcomes("a"))

    class Answered:
        topic, partition, offset = "t", 0, 1
        error = KafkaError(KafkaError.OFFSET_METADATA_TOO_LARGE)

    commits.on_answer(None, [cast("ClientPartition", Answered())])
    commits.finish()
    assert isinstance(outcomes.of["a"], ConfigurationError)


def test_an_empty_commit_succeeds_without_being_sent(handle: Handle) -> None:
    commits, outcomes = Commits(), Outcomes()
    send(commits, handle, {}, outcomes("a"))
    commits.finish()
    assert (handle.sent, outcomes.of) == ([], {"a": None})


def test_what_the_handle_refuses_is_told_as_an_outcome(handle: Handle) -> None:
    commits, outcomes = Commits(), Outcomes()
    handle.refusal = KafkaException(KafkaError(KafkaError.NOT_COORDINATOR))
    send(commits, handle, {P0: Position(1)}, outcomes("a"))
    commits.finish()
    assert isinstance(outcomes.of["a"], Transient)


def test_too_many_waiting_commits_are_refused(handle: Handle) -> None:
    commits, outcomes = Commits(), Outcomes()
    for n in range(WAITING_MAX + 1):
        send(commits, handle, {P0: Position(n)}, outcomes(str(n)))
    commits.finish()
    assert list(outcomes.of) == [str(WAITING_MAX)]
    assert isinstance(outcomes.of[str(WAITING_MAX)], Transient)


def test_a_commit_without_answer_is_given_up(handle: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    monkeypatch.setattr(commits_module, "Deadline", lambda seconds: Deadline(seconds, clock))
    commits, outcomes = Commits(), Outcomes()
    send(commits, handle, {P0: Position(1)}, outcomes("a"))
    clock.advance(commits_module.ANSWER_LIMIT_S + 0.1)
    commits.finish()
    assert isinstance(outcomes.of["a"], Transient)
    commits.on_answer(None, [ClientPartition("t", 0, 1)])  # late, and nobody's any more
    commits.finish()


def test_a_callback_may_send_the_next_commit(handle: Handle) -> None:
    commits, outcomes = Commits(), Outcomes()

    def again(_error: Exception | None) -> None:
        send(commits, handle, {P0: Position(2)}, outcomes("second"))

    send(commits, handle, {P0: Position(1)}, again)
    commits.on_answer(None, [ClientPartition("t", 0, 1)])
    commits.finish()
    commits.on_answer(None, [ClientPartition("t", 0, 2)])
    commits.finish()
    assert outcomes.of == {"second": None}
