"""An idempotent producer on librdkafka."""

import contextlib
import logging
import os
import queue
import threading
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from common.contracts.frame import Headers
from common.deadline import Deadline
from common.errors import LookoutError, Transient
from common.kafka.confluent.config import ProducerTuning, producer_config
from common.kafka.confluent.consumer_handle import RENEW_AFTER_S
from common.kafka.confluent.errors import FatalClientError, client_logger, error_for, error_from
from common.kafka.confluent.failing import Failing
from common.kafka.confluent.records import offset_of, partition_of
from common.kafka.ports import Delivery
from common.settings import KafkaSettings

CLOSE_TIMEOUT_S = 10.0
PURGE_S = 1.0
"""How long a handle beyond use is served, so that senders hear of what it held."""
SERVE_S = 0.1
"""How long the callback thread waits inside librdkafka before it looks whether to stop."""
IDLE_S = 1.0
"""The same, outside librdkafka, while nothing is on its way: woken by what is sent. Errors are heard after it."""

Done = Callable[[Delivery | None, Exception | None], None]
_log = logging.getLogger(__name__)


class ConfluentProducer:
    """Implements `RecordProducer`. A thread of its own serves delivery callbacks, so `done` must be quick.

    Full queue: `send` raises Transient at once. A handle that librdkafka declares beyond use, or that has delivered
    nothing for long (`consumer_handle` says why), is replaced by a new one at the next `send`; what it still held is
    reported as Transient. Of a fatal error librdkafka's `error_cb` hears nothing in this binding: it comes as an
    exception out of `poll` or `flush`, once, on whatever thread that is.
    """

    def __init__(
        self, settings: KafkaSettings, tuning: ProducerTuning | None = None, client_id: str = "lookout-producer"
    ) -> None:
        tuning = tuning or ProducerTuning()
        self._serve_every_s = tuning.serve_every_s
        self._config: dict[str, Any] = producer_config(settings, client_id, tuning)
        self._config["error_cb"] = self._on_error
        self._pid = os.getpid()
        self._lock = threading.Lock()  # guards the handle while it is replaced: `send` comes from any thread
        self._producer = self._make()
        self._is_broken = False
        self._failing = Failing()
        self._stop = threading.Event()
        self._has_work = threading.Event()
        serve = self._serve_in_turns if self._serve_every_s else self._serve
        self._thread = threading.Thread(target=serve, name="kafka-producer", daemon=True)
        self._thread.start()

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
        done: Done | None = None,
    ) -> None:
        doing = f"sending to {topic}"
        if os.getpid() != self._pid:
            raise LookoutError("this producer was made before a fork and does not work here")
        if self._stop.is_set():
            raise Transient(f"{doing}: the producer is closed")
        arguments: dict[str, Any] = {} if partition is None else {"partition": partition}
        if done is not None:
            arguments["on_delivery"] = self._delivery_callback(done, doing)
        try:
            self._usable().produce(topic, value=value, key=key, headers=list(headers), **arguments)
        except BufferError as error:
            raise Transient(f"{doing}: the queue is full") from error
        except KafkaException as error:
            failure = error_from(error, doing)
            if isinstance(failure, FatalClientError):
                self._is_broken = True
                raise Transient(str(failure)) from error
            raise failure from error
        if not self._has_work.is_set():
            self._has_work.set()

    def send_and_wait(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
        timeout_s: float = 10.0,
    ) -> Delivery:
        outcome: queue.SimpleQueue[Delivery | Exception] = queue.SimpleQueue()
        deadline = Deadline(timeout_s)
        self.send(
            topic,
            key,
            value,
            headers,
            partition,
            lambda delivery, error: outcome.put(delivery if delivery is not None else error or Transient("lost")),
        )
        try:
            result = outcome.get(timeout=deadline.remaining_s())
        except queue.Empty as error:
            raise Transient(f"sending to {topic}: no acknowledgement within {timeout_s} s") from error
        if isinstance(result, Exception):
            raise result
        return result

    def flush(self, timeout_s: float) -> int:
        deadline = Deadline(timeout_s)
        while True:
            try:
                return int(self._producer.flush(deadline.remaining_s()))
            except KafkaException as error:  # said once; what it held is reported to its senders after that
                self._note_failure(error)

    def close(self) -> None:
        if self._stop.is_set():
            return
        unsent = self.flush(CLOSE_TIMEOUT_S)
        self._stop.set()
        self._has_work.set()
        self._thread.join(CLOSE_TIMEOUT_S)
        if unsent:
            _log.error("records were not acknowledged before the end", extra={"records": unsent})

    def _make(self) -> Producer:
        try:
            return Producer(self._config, logger=client_logger())
        except KafkaException as error:
            raise error_from(error, "making a producer") from error

    def _usable(self) -> Producer:
        with self._lock:
            if not self._is_broken and self._failing.for_s() < RENEW_AFTER_S:
                return self._producer
            beyond_use, self._producer = self._producer, self._make()
            self._is_broken = False
            self._failing.note_success()
        _log.error("the producer is beyond use and is replaced")
        # Outside the lock: who hears of a lost record may send it again at once.
        beyond_use.purge()
        with contextlib.suppress(KafkaException):
            beyond_use.flush(PURGE_S)
        return self._producer

    def _on_error(self, error: KafkaError) -> None:
        _log.debug("kafka producer", extra={"error": error.str()})

    def _note_failure(self, exception: KafkaException) -> None:
        """What `poll` and `flush` raise."""
        failure = error_from(exception, "producing")
        if isinstance(failure, FatalClientError):
            self._is_broken = True
        _log.error("kafka producer", extra={"error": str(failure)})

    def _serve(self) -> None:
        wait_s, served = SERVE_S, 1
        while not self._stop.is_set():
            if served == 0:
                # Cleared before the look: what is sent after it ends the wait.
                self._has_work.clear()
                is_idle = len(self._producer) == 0 and not self._has_work.wait(IDLE_S)
                wait_s = 0.0 if is_idle else SERVE_S
            served = self._poll(wait_s)

    def _serve_in_turns(self) -> None:
        """The same with a pause before each turn, in which nothing wakes the thread."""
        while not self._stop.is_set():
            if len(self._producer) == 0:
                self._has_work.wait(IDLE_S)
                self._has_work.clear()
            self._stop.wait(self._serve_every_s)
            self._poll(0.0)

    def _poll(self, wait_s: float) -> int:
        """Call what is due; how many were called. The handle may be a new one each time."""
        try:
            return int(self._producer.poll(wait_s))
        except KafkaException as error:
            self._note_failure(error)
        except Exception:  # noqa: BLE001  whatever a callback of ours raises must not end this thread
            # Only a `done` that raises gets here: its record's outcome is lost to its sender, the others' are not.
            _log.exception("a delivery callback failed")
        return 0

    def _delivery_callback(self, done: Done, doing: str) -> Callable[[KafkaError | None, Message], None]:
        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is None:
                self._failing.note_success()
                done(Delivery(partition_of(message).partition, offset_of(message), message.timestamp()[1]), None)
                return
            failure = error_for(error, doing)
            if isinstance(failure, FatalClientError):
                failure = Transient(str(failure))
            if isinstance(failure, Transient):
                self._failing.note_failure()
            done(None, failure)

        return delivered
