"""Sends detection messages to topic `detections`, for live pictures and alerts. Never waits, never fails a frame."""

import logging
import math
import threading
from collections import deque
from typing import Self

from common.clock import Clock, SystemClock
from common.contracts.detection import DetectionMessage
from common.errors import LookoutError
from common.kafka.ports import Delivery, RecordProducer
from common.metrics import Metrics

EVERY_S = 0.1
"""Messages of all cameras are sent together so often. One by one, each wakes the client's thread three times, which
costs more than all else that is done with it; a box is on the live picture 50 ms later on average."""
LATE_MS = 5_000
LATE_EVERY_S = 1.0
"""The same for frames that came so long ago: they are no part of a live picture any more, and who works them off needs
the time. Each sending is a request and an answer for every partition."""
REST_S = 0.2
"""What no later message takes along is sent so long after it was due, at most."""
WAITING_MOST = 2_000
"""Messages, of at most a second: more than a process finds."""
LOG_EVERY = 1_000
STOP_S = 5.0
_log = logging.getLogger(__name__)


class DetectionFeed:
    """Called from pool threads, in each camera's order. What the broker does not take is dropped and counted: a
    detection is of use while it is new, and everything in it is in the clip's sidecar too.

    The thread that brings a message when the time has come sends all that wait: it is at work anyway, and a thread of
    its own would have to be woken. Enter the feed to have one for the rest alone."""

    def __init__(self, producer: RecordProducer, topic: str, metrics: Metrics, clock: Clock | None = None) -> None:
        self._producer = producer
        self._topic = topic
        self._metrics = metrics
        self._clock = clock or SystemClock()
        self._dropped = 0
        self._waiting: deque[DetectionMessage] = deque()  # any thread appends, `_sending` guards the other end
        self._sending = threading.Lock()
        self._sent_s = -math.inf
        self._due_s = math.inf
        """When what waits has to be sent. Any thread writes it; what is lost in a race is sent as a rest."""
        self._has_work = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._send_rests, name="detections", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """What waits is handed to the producer, whose own end sends it."""
        self._stop.set()
        self._has_work.set()
        if self._thread is not None:
            self._thread.join(STOP_S)
        self.send_waiting()

    def __call__(self, message: DetectionMessage) -> None:
        if len(self._waiting) >= WAITING_MOST:
            self._drop("too many wait to be sent")
            return
        now_s = self._clock.monotonic_s()
        is_late = self._clock.wall_us() // 1000 - message.log_ms > LATE_MS
        self._due_s = min(self._due_s, self._sent_s + (LATE_EVERY_S if is_late else EVERY_S))
        self._waiting.append(message)
        if now_s >= self._due_s:
            self.send_waiting()
        elif not self._has_work.is_set():
            self._has_work.set()

    def send_waiting(self) -> None:
        """Hand the producer what has come since; nothing where another thread is at it."""
        if not self._sending.acquire(blocking=False):
            return
        try:
            self._sent_s, self._due_s = self._clock.monotonic_s(), math.inf  # first: what comes now is due anew
            while self._waiting:
                message = self._waiting.popleft()
                try:
                    self._producer.send(self._topic, message.camera.encode(), message.to_json(), done=self._done)
                except LookoutError as error:
                    self._drop(error)
        finally:
            self._sending.release()

    def _send_rests(self) -> None:
        while not self._stop.is_set():
            if not self._waiting:
                self._has_work.wait()
            self._has_work.clear()
            sent_s = self._sent_s
            self._stop.wait(REST_S + min(LATE_EVERY_S, max(0.0, self._due_s - self._clock.monotonic_s())))
            try:
                if self._sent_s == sent_s:  # else it is that one's rest that waits, and not for long
                    self.send_waiting()
            except Exception:  # noqa: BLE001  one message must not end the thread that sends the rest
                _log.exception("a detection could not be sent")

    def _done(self, _delivery: Delivery | None, error: Exception | None) -> None:
        """On the producer's thread."""
        if error is not None:
            self._drop(error)
        else:
            self._metrics.count("lookout_detections_total", outcome="sent")

    def _drop(self, reason: Exception | str) -> None:
        self._metrics.count("lookout_detections_total", outcome="dropped")
        self._dropped += 1  # two threads may count one: it only decides what is logged
        if self._dropped % LOG_EVERY == 1:
            _log.warning("detections are dropped", extra={"dropped": self._dropped, "error": reason})
