"""Follows `frames` and `detections` from their ends and keeps what is newest; older pictures are of no use here."""

import logging
import threading
from collections.abc import Callable

from pydantic import ValidationError

from common.camera_directory import CameraDirectory
from common.clock import Clock, SystemClock
from common.contracts.detection import DetectionMessage
from common.contracts.frame import decode_headers, is_tick
from common.errors import LookoutError, PoisonRecord
from common.jpeg import NotAJpeg, read_header
from common.kafka.ports import Record, TopicReader
from common.retry import Backoff
from signalling.newest import Newest, Picture

log = logging.getLogger(__name__)

POLL_S = 0.25
FORGET_EVERY_S = 10.0
JOIN_S = 2.0


class LiveFeed:
    """Reads on a thread of its own. After an error a new reader begins at the ends again, with backoff.

    `changed` is called on that thread with the camera of each new picture. It must not block.
    """

    def __init__(
        self,
        make_reader: Callable[[], TopicReader],
        frames_topic: str,
        newest: Newest,
        directory: CameraDirectory,
        changed: Callable[[str], None],
        clock: Clock | None = None,
    ) -> None:
        self._make_reader = make_reader
        self._frames_topic = frames_topic
        self._newest = newest
        self._directory = directory
        self._changed = changed
        self._clock = clock or SystemClock()
        self._problem: str | None = "The frames' ends have not been found yet."
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow_for_ever, name="live-feed", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop reading; waits at most 2 s, and leaves a thread that hangs in Kafka's client behind. Idempotent."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def problem(self) -> str | None:
        """None while pictures can come, else a sentence. Safe on any thread."""
        return self._problem

    def _follow_for_ever(self) -> None:
        delays = Backoff(first_s=0.2, most_s=2.0).delays()
        while not self._stopping.is_set():
            try:
                self._follow()
            except LookoutError as error:
                log.warning("frames cannot be read", extra={"error": str(error)})
            except Exception:
                # Whatever it was, a fresh reader at the end is the answer: nothing is lost but a few pictures.
                log.exception("reading frames failed")
            if self._problem is None:
                delays = Backoff(first_s=0.2, most_s=2.0).delays()
            self._problem = "Frames cannot be read from Kafka at the moment."
            self._stopping.wait(next(delays))

    def _follow(self) -> None:
        """Read until stopped. Raises whatever the reader raises."""
        reader = self._make_reader()
        try:
            self._problem = None
            look_s = self._clock.monotonic_s()
            while not self._stopping.is_set():
                for record in reader.poll(POLL_S):
                    self._take(record)
                if self._clock.monotonic_s() - look_s > FORGET_EVERY_S:
                    look_s = self._clock.monotonic_s()
                    self._newest.forget_old()
        finally:
            reader.close()

    def _take(self, record: Record) -> None:
        if is_tick(record.key, record.value, record.headers) or record.value is None:
            return
        camera = (record.key or b"").decode("ascii", "replace")
        if self._directory.find(camera) is None:
            return
        if record.topic == self._frames_topic:
            picture = read_picture(record, camera, self._clock.monotonic_s())
            if picture is not None:
                self._newest.put_picture(picture)
                self._changed(camera)
        else:
            message = read_detections(record, camera)
            if message is not None:
                self._newest.put_boxes(message)


def read_picture(record: Record, camera: str, now_s: float) -> Picture | None:
    """The frame in a record of `frames`; None when its headers or its JPEG header cannot be read."""
    value = record.value or b""
    try:
        frame = decode_headers(record.headers)
        read_header(value)
    except (PoisonRecord, NotAJpeg) as error:
        log.debug("frame passed over", extra={"camera": camera, "offset": record.offset, "error": str(error)})
        return None
    return Picture(
        camera=camera,
        partition=record.partition,
        offset=record.offset,
        captured_us=frame.captured_at_us,
        log_ms=record.timestamp_ms,
        width=frame.width,
        height=frame.height,
        arrived_s=now_s,
        jpeg=value,
    )


def read_detections(record: Record, camera: str) -> DetectionMessage | None:
    """The message in a record of `detections`; None when it cannot be read or is about another camera than its key."""
    try:
        message = DetectionMessage.model_validate_json(record.value or b"")
    except ValidationError:
        log.debug("detections passed over", extra={"camera": camera, "offset": record.offset})
        return None
    return message if message.camera == camera else None
