"""What happens to one POSTed frame, from its headers to the broker's acknowledgement. Knows nothing of HTTP servers."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from common.camera_directory import CameraDirectory
from common.clock import Clock
from common.contracts.camera_settings import CameraSettings
from common.contracts.frame import FrameHeaders, Policy, encode_headers
from common.contracts.identity import parse_seq
from common.errors import LookoutError, Transient
from common.jpeg import NotAJpeg, read_header
from common.kafka.ports import Delivery, RecordProducer
from common.metrics import Metrics
from producer_service.admission import Admission
from producer_service.assigned_identity import AssignedIdentities
from producer_service.authorization import authorize
from producer_service.broker_gate import BrokerGate
from producer_service.camera_flows import CameraFlows
from producer_service.disk_guard import DiskGuard
from producer_service.frame_claim import FrameClaim, judge_captured_at, read_claim
from producer_service.refusal import (
    DISK_FULL,
    KAFKA_REFUSED,
    KAFKA_UNAVAILABLE,
    LENGTH_REQUIRED,
    NOT_IMAGE_JPEG,
    TOO_LARGE,
    Refusal,
    not_a_jpeg,
)

log = logging.getLogger(__name__)

ACK_S = 5.0
"""How long a request waits for the broker. Longer than a leader election, shorter than a client's own patience."""
JPEG_TYPE = "image/jpeg"

ReadBody = Callable[[int], bytes]
"""Reads exactly so many bytes of the request's body, or raises Refusal."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A frame taken. `delivery` is None when it is only queued (policy `live`)."""

    session: str
    seq: int
    retry_recognised: bool
    delivery: Delivery | None


class _Acknowledgement:
    """The broker's answer, handed from the producer's thread to the request's."""

    def __init__(self) -> None:
        self.has_come = threading.Event()
        self.delivery: Delivery | None = None
        self.error: Exception | None = None


class Ingest:
    """Takes frames on the server's request threads: one wait for an acknowledgement on each, at most `ACK_S`."""

    def __init__(
        self,
        *,
        directory: CameraDirectory,
        producer: RecordProducer,
        topic: str,
        max_frame_bytes: int,
        disk: DiskGuard,
        gate: BrokerGate,
        admission: Admission,
        metrics: Metrics,
        flows: CameraFlows,
        clock: Clock,
        ack_s: float = ACK_S,
    ) -> None:
        self._directory = directory
        self._producer = producer
        self._topic = topic
        self._max_frame_bytes = max_frame_bytes
        self._disk = disk
        self._gate = gate
        self._admission = admission
        self._metrics = metrics
        self._flows = flows
        self._clock = clock
        self._ack_s = ack_s
        self._assigned = AssignedIdentities()

    def authorize(self, camera: str, headers: Mapping[str, str]) -> CameraSettings:
        """The camera's settings, if the request may act for it. Raises Refusal."""
        return authorize(self._directory, camera, headers.get("Authorization"))

    def take(self, camera: str, headers: Mapping[str, str], read_body: ReadBody) -> Accepted:
        """Take one frame. Raises Refusal. What can be refused without the body is refused before it is read.

        1. who: settings read, camera known, token right; 2. what is announced: length, type, identity; 3. whether the
        server can take anything: disk, Kafka; 4. whether this camera may send more now; 5. the picture; 6. Kafka.
        """
        settings = self.authorize(camera, headers)  # 1
        length = self._check_announced(headers)  # 2
        claim = read_claim(headers)
        problem = self._disk.problem()  # 3
        if problem is not None:
            raise Refusal(DISK_FULL, problem)
        self._gate.enter()
        with self._admission.admit(camera):  # 4
            jpeg = read_body(length)  # 5
            frame = self._describe(settings, claim, jpeg)
            delivery = self._send(settings, frame, jpeg)  # 6
        self._flows.note(camera, frame)
        return Accepted(frame.session, frame.seq, claim.identity is not None, delivery)

    def _check_announced(self, headers: Mapping[str, str]) -> int:
        announced = headers.get("Content-Length")
        if not announced or headers.get("Transfer-Encoding") is not None:
            raise Refusal(LENGTH_REQUIRED, "Send Content-Length; chunked bodies are not taken.")
        # The server has checked that it is a number; a missing check there must not become an exception here.
        length = parse_seq(announced)
        if length is None or length > self._max_frame_bytes:
            raise Refusal(TOO_LARGE, f"A frame may have at most {self._max_frame_bytes} bytes.")
        if headers.get("Content-Type", "").partition(";")[0].strip().lower() != JPEG_TYPE:
            raise Refusal(NOT_IMAGE_JPEG, f"Send the frame as Content-Type: {JPEG_TYPE}.")
        if headers.get("Content-Encoding", "identity").lower() != "identity":
            raise Refusal(NOT_IMAGE_JPEG, "Send the JPEG as it is, without Content-Encoding.")
        return length

    def _describe(self, settings: CameraSettings, claim: FrameClaim, jpeg: bytes) -> FrameHeaders:
        try:
            picture = read_header(jpeg)
        except NotAJpeg as error:
            raise not_a_jpeg(error.reason, str(error)) from error
        ingested_at_us = self._clock.wall_us()
        captured_at_us, flag = judge_captured_at(claim.captured_at, ingested_at_us)
        session, seq = claim.identity or self._assigned.assign(settings.camera)
        return FrameHeaders(
            session=session,
            seq=seq,
            captured_at_us=captured_at_us,
            ingested_at_us=ingested_at_us,
            width=picture.width,
            height=picture.height,
            settings_version=settings.version,
            analyses=settings.allowed_requests(ingested_at_us),
            clip_ms=settings.clip_ms,
            policy=settings.policy,
            captured_flag=flag,
            traceparent=claim.traceparent,
        )

    def _send(self, settings: CameraSettings, frame: FrameHeaders, jpeg: bytes) -> Delivery | None:
        answer = _Acknowledgement()
        is_live = settings.policy is Policy.LIVE

        def done(delivery: Delivery | None, error: Exception | None) -> None:
            # On the producer's thread. Records whose request has long been answered come here too, and open the gate.
            if delivery is not None:
                self._metrics.count("lookout_frame_bytes_total", len(jpeg))
                self._gate.succeeded()
            else:
                self._heard_failure(error)
                if is_live:
                    self._metrics.count("lookout_frames_received_total", outcome="lost_after_202")
            answer.delivery, answer.error = delivery, error
            answer.has_come.set()

        try:
            self._producer.send(
                self._topic, settings.camera.encode(), jpeg, encode_headers(frame), settings.partition, done
            )
        except LookoutError as error:
            self._heard_failure(error)
            raise _refusal_for(error, settings.camera) from error
        if is_live:
            return None
        if not answer.has_come.wait(self._ack_s):
            self._gate.failed()
            raise Refusal(KAFKA_UNAVAILABLE, _UNKNOWN_OUTCOME)
        if answer.delivery is None:
            raise _refusal_for(answer.error, settings.camera) from answer.error
        return answer.delivery

    def _heard_failure(self, error: Exception | None) -> None:
        # What Kafka refuses about one frame (too large, a partition that is not there) says nothing about the next.
        if isinstance(error, Transient):
            self._gate.failed()


_UNKNOWN_OUTCOME = (
    "Kafka has not acknowledged the frame. It may have been stored: send it again with the same session and seq."
)


def _refusal_for(error: Exception | None, camera: str) -> Refusal:
    if error is None or isinstance(error, Transient):
        return Refusal(KAFKA_UNAVAILABLE, _UNKNOWN_OUTCOME)
    log.error("kafka refused a frame", extra={"camera": camera, "error": str(error)})
    return Refusal(KAFKA_REFUSED, "Kafka refuses this camera's frames; the server's log says why.")
