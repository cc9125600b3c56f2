"""The producer's bounds, without any broker: nothing listens at the address it is given."""

import os
import threading
import time
from collections.abc import Iterator

import pytest

from common.errors import LookoutError, Transient
from common.kafka.confluent import ConfluentProducer, ProducerTuning
from common.kafka.ports import Delivery, RecordTooLarge
from common.settings import KafkaSettings, load_settings

NOBODY = load_settings(KafkaSettings, {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"})
QUEUE_BYTES = 1024 * 1024


@pytest.fixture
def producer() -> Iterator[ConfluentProducer]:
    producer = ConfluentProducer(NOBODY, ProducerTuning(queue_bytes=QUEUE_BYTES, delivery_timeout_s=1.0))
    yield producer
    producer.close()


def test_a_full_queue_refuses_at_once(producer: ConfluentProducer) -> None:
    sent: list[int] = []

    def flood() -> None:
        for n in range(1_000):
            producer.send("t", None, bytes(10_000), partition=0)
            sent.append(n)

    start = time.monotonic()
    with pytest.raises(Transient, match="queue is full"):
        flood()
    assert 50 <= len(sent) <= 130
    assert time.monotonic() - start < 5.0


def test_a_record_that_is_never_acknowledged_is_told_once_and_from_another_thread(producer: ConfluentProducer) -> None:
    told: list[tuple[Delivery | None, Exception | None, int]] = []
    event = threading.Event()

    def done(delivery: Delivery | None, error: Exception | None) -> None:
        told.append((delivery, error, threading.get_ident()))
        event.set()

    producer.send("t", b"k", b"v", done=done)
    assert event.wait(20.0)
    [(delivery, error, thread)] = told
    assert delivery is None
    assert isinstance(error, Transient)
    assert thread != threading.get_ident()


def test_records_that_are_served_in_turns_are_all_told() -> None:
    tuning = ProducerTuning(queue_bytes=QUEUE_BYTES, delivery_timeout_s=1.0, serve_every_s=0.2)
    producer, told = ConfluentProducer(NOBODY, tuning), threading.Semaphore(0)
    for _ in range(3):
        producer.send("t", b"k", b"v", done=lambda _delivery, _error: told.release())
        assert told.acquire(timeout=20.0)  # it was idle each time
    for _ in range(3):
        producer.send("t", b"k", b"v", done=lambda _delivery, _error: told.release())
    producer.close()
    for _ in range(3):
        assert told.acquire(timeout=0.0), "what is under way at the end is told too"


def test_waiting_for_an_acknowledgement_is_bounded(producer: ConfluentProducer) -> None:
    start = time.monotonic()
    with pytest.raises(Transient):
        producer.send_and_wait("t", None, b"v", partition=0, timeout_s=0.2)
    assert time.monotonic() - start < 5.0


def test_a_record_over_the_clients_limit_is_refused_at_once(producer: ConfluentProducer) -> None:
    with pytest.raises(RecordTooLarge):
        producer.send("t", None, bytes(8 * 1024 * 1024))


def test_flush_says_what_is_left(producer: ConfluentProducer) -> None:
    producer.send("t", None, b"v", partition=0)
    assert producer.flush(0.05) == 1
    assert producer.flush(20.0) == 0  # given up, and told


def test_a_callback_that_raises_does_not_end_the_callbacks(producer: ConfluentProducer) -> None:
    event = threading.Event()

    def broken(_delivery: Delivery | None, _error: Exception | None) -> None:
        raise RuntimeError("a mistake of ours")

    producer.send("t", None, b"1", partition=0, done=broken)
    time.sleep(0.05)
    producer.send("t", None, b"2", partition=0, done=lambda _delivery, _error: event.set())
    assert event.wait(20.0)


def test_a_producer_does_not_work_in_a_child_process(
    producer: ConfluentProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(LookoutError, match="fork"):
        producer.send("t", None, b"v")


def test_a_handle_beyond_use_is_replaced_and_what_it_held_is_told(producer: ConfluentProducer) -> None:
    event = threading.Event()
    errors: list[Exception | None] = []

    def done(_delivery: Delivery | None, error: Exception | None) -> None:
        errors.append(error)
        event.set()

    producer.send("t", None, b"1", partition=0, done=done)
    before = producer._producer
    producer._is_broken = True
    producer.send("t", None, b"2", partition=0)
    assert producer._producer is not before
    assert event.wait(20.0)
    assert isinstance(errors[0], Transient)


def test_close_is_bounded_and_final(producer: ConfluentProducer) -> None:
    producer.send("t", None, b"v", partition=0)
    start = time.monotonic()
    producer.close()
    producer.close()
    assert time.monotonic() - start < 15.0
    with pytest.raises(Transient, match="closed"):
        producer.send("t", None, b"v")
