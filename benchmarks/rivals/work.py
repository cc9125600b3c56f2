"""The work on one frame, as our own consumer does it: headers, decode, stand-in model, tracker, detections, draw,
ordered encode.

Runs inside a rival's environment: imports nothing of our Kafka and S3 code. Clips are sealed and thrown away, where our
own consumer uploads them too.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from benchmarks.stand_ins import stand_in
from benchmarks.stop_watch import Passed, StopWatch
from common.contracts.frame import decode_headers
from common.contracts.sidecar import Origin
from common.contracts.window import Window
from common.contracts.work import AdmittedFrame, WindowClosing, WindowOpening
from common.metrics import Metrics
from consumers.pipeline.analysed import AnalysedFrame
from consumers.pipeline.spool import Spool
from consumers.pipeline.stream_session import Publish, StreamSession
from consumers.pipeline.workload import VideoWorkload

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Worked:
    """A frame after stage 1. `begun_s`: when that began."""

    frame: AdmittedFrame
    analysed: AnalysedFrame
    begun_s: float


class FrameWork:
    """`analyse` on any thread; `order` on one, each camera's frames in offset order. `publish`: of detections, called
    within `order`."""

    def __init__(self, kind: str, cost_ms: float | None, folder: Path, watch: StopWatch, publish: Publish) -> None:
        cv2.setNumThreads(0)
        self._definition = stand_in(kind, cost_ms)
        if self._definition.build_analyzer is None:
            raise ValueError(f"{kind} searches nothing")
        analyzer = self._definition.build_analyzer({})
        watch.metrics = Metrics()
        self._workload = VideoWorkload(self._definition, analyzer, Spool(folder), publish, watch.metrics)
        self._watch = watch
        self._open: dict[str, tuple[Window, StreamSession]] = {}

    def analyse(self, key: bytes, value: bytes, headers: Headers, partition: int, offset: int, log_ms: int) -> Worked:
        """Stage 1. Every frame is searched."""
        self._watch.begin()
        begun_s = time.perf_counter()
        described = decode_headers(headers)
        frame = AdmittedFrame(
            camera=key.decode(),
            partition=partition,
            offset=offset,
            log_ms=log_ms,
            headers=described,
            window=Window(log_ms // described.clip_ms * described.clip_ms, described.clip_ms),
            searched=True,
            jpeg=value,
        )
        return Worked(frame, self._workload.analyse(frame), begun_s)

    def order(self, worked: Worked) -> None:
        """Stage 2: into the clip of its window; the one before is sealed."""
        frame = worked.frame
        window, session = self._open.get(frame.camera, (None, None))
        if session is None or window != frame.window:
            if session is not None:
                _seal(session)
            origin = Origin(topic="frames", topic_id="rival", partition=frame.partition)
            session = self._workload.open(WindowOpening(self._definition.name, frame.camera, frame.window, origin, 1))
            self._open[frame.camera] = (frame.window, session)
        session.add(frame, worked.analysed)
        now_s, ingested_s = time.perf_counter(), frame.headers.ingested_at_us / 1e6
        self._watch.passed(
            Passed(frame.camera, ingested_s, (now_s - worked.begun_s) * 1000, (time.time() - ingested_s) * 1000)
        )

    def close(self) -> None:
        """Seal what is open."""
        for _, session in self._open.values():
            _seal(session)
        self._open.clear()


def _seal(session: StreamSession) -> None:
    session.close(WindowClosing(complete=True, others=())).discard()
