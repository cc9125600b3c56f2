"""The load: cameras that send frames and know which of them were acknowledged."""

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import simplejpeg

from common.contracts.frame import AnalysisRequest, FrameHeaders, Policy, encode_headers
from common.contracts.identity import make_session
from common.errors import LookoutError
from common.kafka.confluent import ConfluentProducer
from common.kafka.ports import Delivery
from common.settings import KafkaSettings
from common.topics import FRAMES
from tests.faults.stand_in_analysis import ANALYSIS, EVERY_MS

CAMERAS = {"cam-a": 0, "cam-b": 0, "cam-c": 5, "cam-d": 11}
"""Camera -> partition: two share one."""
FPS = 5.0
CLIP_MS = 5_000
SIZE = (320, 240)
GREYS = 40
RETRY_S = 0.3
DRAIN_S = 90.0

Identity = tuple[str, str, int]
"""Camera, session, seq."""


def grey_of(seq: int) -> int:
    """The grey level of a frame's picture: a clip shows which frames it holds."""
    return 20 + 5 * (seq % GREYS)


def make_jpeg(grey: int, size: tuple[int, int] = SIZE) -> bytes:
    """A plain picture of `size` (width, height)."""
    picture = np.full((size[1], size[0], 3), grey, np.uint8)
    data: bytes = simplejpeg.encode_jpeg(picture, 90, colorspace="BGR")
    return data


@dataclass(frozen=True, slots=True)
class Sent:
    """One frame on its way."""

    camera: str
    seq: int
    body: bytes
    clip_ms: int
    size: tuple[int, int]
    version: int
    is_healthy: bool


class Cameras:
    """Sends from one thread; retries what was not acknowledged under the same session and seq, as a client does.

    `clip_ms`, `size`, `version`, `fps`, `policies` may be changed at any moment by the test. Frames are not sent faster
    than they are acknowledged for long: at most `WINDOW` are on their way.
    """

    WINDOW = 400

    def __init__(
        self,
        kafka: KafkaSettings,
        cameras: Mapping[str, int] = CAMERAS,
        analyses: tuple[AnalysisRequest, ...] = (AnalysisRequest(ANALYSIS, EVERY_MS),),
    ) -> None:
        self.fps = FPS
        self.clip_ms = CLIP_MS
        self.size = SIZE
        self.version = 1
        self.policies: dict[str, Policy] = {}
        self.acknowledged: dict[Identity, Delivery] = {}
        self.bad: dict[Identity, Delivery] = {}
        """Frames that were sent to be refused."""
        self.retries = 0
        self.session = {camera: make_session() for camera in cameras}
        self._topic = kafka.topic(FRAMES)
        self._analyses = analyses
        self._partitions = dict(cameras)
        self._seqs = dict.fromkeys(cameras, 0)
        self._jpegs: dict[tuple[int, tuple[int, int]], bytes] = {}
        self._producer = ConfluentProducer(kafka, client_id="fault-cameras")
        self._lock = threading.Lock()  # guards the four below: the producer's thread answers
        self._pending: set[Identity] = set()
        self._again: deque[tuple[float, Sent]] = deque()
        self._off = threading.Event()
        self._thread: threading.Thread | None = None
        self.started_s = self.stopped_s = time.time()

    # The load

    def start(self) -> None:
        self._off.clear()
        self.started_s = time.time()
        self._thread = threading.Thread(target=self._run, name="cameras", daemon=True)
        self._thread.start()

    def stop(self, drain_s: float = DRAIN_S) -> None:
        """Send no more, and wait until all that was sent is acknowledged. AssertionError when it is not."""
        self._off.set()
        if self._thread is not None:
            self._thread.join(30)
            self._thread = None
        self.stopped_s = time.time()
        until_s = time.monotonic() + drain_s
        while True:
            self._send_again()
            with self._lock:
                left = len(self._pending) + len(self._again)
            if not left:
                return
            assert time.monotonic() < until_s, f"{left} frames were not acknowledged in {drain_s:g} s"
            time.sleep(0.05)

    def close(self) -> None:
        self._off.set()
        if self._thread is not None:
            self._thread.join(30)
        self._producer.close()

    def _run(self) -> None:
        begin_s, number = time.monotonic(), 0
        while not self._off.is_set():
            if len(self._pending) < self.WINDOW:
                for camera in self._partitions:
                    self.send(camera)
            self._send_again()
            number += 1
            step_s = 1 / self.fps
            behind_s = time.monotonic() - begin_s - number * step_s
            if behind_s > 1:  # never a burst to make up for a stall: cameras drop what they cannot send
                begin_s, number = time.monotonic(), 0
            self._off.wait(max(0.0, -behind_s))

    # Frames

    def send(self, camera: str, body: bytes | None = None, is_healthy: bool = True) -> int:
        """One frame, not waited for; its seq."""
        with self._lock:
            self._seqs[camera] += 1
            seq = self._seqs[camera]
        jpeg = self._jpeg(seq) if body is None else body
        sent = Sent(camera, seq, jpeg, self.clip_ms, self.size, self.version, is_healthy)
        with self._lock:
            self._pending.add((camera, self.session[camera], seq))
        self._put(sent)
        return seq

    def send_and_wait(self, camera: str, body: bytes | None = None, is_healthy: bool = True) -> Delivery:
        """One frame, acknowledged. AssertionError when it is not within 30 s."""
        seq = self.send(camera, body, is_healthy)
        key = (camera, self.session[camera], seq)
        until_s = time.monotonic() + 30
        while time.monotonic() < until_s:
            found = self.acknowledged.get(key) or self.bad.get(key)
            if found is not None:
                return found
            self._send_again()
            time.sleep(0.005)
        raise AssertionError(f"{key} was not acknowledged")

    def _jpeg(self, seq: int) -> bytes:
        key = (grey_of(seq), self.size)
        if key not in self._jpegs:
            self._jpegs[key] = make_jpeg(*key)
        return self._jpegs[key]

    def _put(self, sent: Sent) -> None:
        now_us = time.time_ns() // 1000
        headers = FrameHeaders(
            session=self.session[sent.camera],
            seq=sent.seq,
            captured_at_us=now_us,
            ingested_at_us=now_us,
            width=sent.size[0],
            height=sent.size[1],
            settings_version=sent.version,
            analyses=self._analyses,
            clip_ms=sent.clip_ms,
            policy=self.policies.get(sent.camera, Policy.EVERY_FRAME),
        )

        def done(delivery: Delivery | None, _error: Exception | None) -> None:
            self._answered(sent, delivery)

        try:
            self._producer.send(
                self._topic,
                sent.camera.encode(),
                sent.body,
                encode_headers(headers),
                self._partitions[sent.camera],
                done,
            )
        except LookoutError:
            self._answered(sent, None)

    def _answered(self, sent: Sent, delivery: Delivery | None) -> None:
        key = (sent.camera, self.session[sent.camera], sent.seq)
        with self._lock:
            if delivery is None:
                self.retries += 1
                self._again.append((time.monotonic() + RETRY_S, sent))
                return
            self._pending.discard(key)
            (self.acknowledged if sent.is_healthy else self.bad)[key] = delivery

    def _send_again(self) -> None:
        while True:
            with self._lock:
                if not self._again or self._again[0][0] > time.monotonic():
                    return
                _, sent = self._again.popleft()
            self._put(sent)
