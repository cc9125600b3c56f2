"""Frames, windows and a model made for the pipeline's tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import simplejpeg

from common.contracts.detection import Detection, DetectionMessage, ModelInfo
from common.contracts.frame import AnalysisRequest, FrameHeaders
from common.contracts.sidecar import Origin
from common.contracts.window import Window, window_of
from common.contracts.work import AdmittedFrame, WindowClosing, WindowOpening
from consumers.pipeline.analysis import AnalysisDefinition, Picture
from consumers.pipeline.sealed_clip import SpooledClip
from consumers.pipeline.spool import Spool
from consumers.pipeline.workload import VideoWorkload

CAMERA = "demo-face"
SESSION = "session-0123456789"
START_MS = 1_700_000_000_000
CLIP_MS = 10_000
ORIGIN = Origin(topic="frames", topic_id="dG9waWMtaWQtMTIzNDU2", partition=3)
MODEL = ModelInfo(name="bright", version="1", sha256="0" * 64)
CLOSING = WindowClosing(complete=True, others=())


def make_picture(width: int = 64, height: int = 48, value: int = 60, spot: tuple[int, int] | None = None) -> Picture:
    """A plain picture, with a bright square of a quarter of its height at `spot` (x, y)."""
    picture = np.full((height, width, 3), value, np.uint8)
    if spot is not None:
        side = max(1, height // 4)
        picture[spot[1] : spot[1] + side, spot[0] : spot[0] + side] = 250
    return picture


def make_jpeg(picture: Picture, quality: int = 92) -> bytes:
    data: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(picture), quality, colorspace="BGR")
    return data


def make_frame(
    offset: int,
    picture: Picture | None = None,
    *,
    jpeg: bytes | None = None,
    log_ms: int | None = None,
    captured_us: int | None = None,
    ingested_us: int | None = None,
    searched: bool = True,
    session: str = SESSION,
    seq: int | None = None,
    sampled_out: bool = False,
) -> AdmittedFrame:
    """Frame `offset` of a camera with 10 frames/s; log, capture and ingest times agree unless given."""
    log_ms = START_MS + offset * 100 if log_ms is None else log_ms
    picture = make_picture() if picture is None else picture
    headers = FrameHeaders(
        session=session,
        seq=offset if seq is None else seq,
        captured_at_us=log_ms * 1000 if captured_us is None else captured_us,
        ingested_at_us=log_ms * 1000 if ingested_us is None else ingested_us,
        width=picture.shape[1],
        height=picture.shape[0],
        settings_version=7,
        analyses=(AnalysisRequest("bright", 100),),
        clip_ms=CLIP_MS,
    )
    jpeg = make_jpeg(picture) if jpeg is None else jpeg
    window = window_of(log_ms, CLIP_MS)
    return AdmittedFrame(CAMERA, ORIGIN.partition, offset, log_ms, headers, window, searched, jpeg, sampled_out)


def make_opening(analysis: str = "bright", window: Window | None = None, origin: Origin = ORIGIN) -> WindowOpening:
    return WindowOpening(analysis, CAMERA, window or Window(START_MS, CLIP_MS), origin, 7)


class BrightAnalyzer:
    """Finds the bounding box of what is brighter than 200. Raises for pictures that are all black."""

    model = MODEL

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        return [self._find(picture) for picture in pictures]

    def _find(self, picture: Picture) -> list[Detection]:
        if not picture.any():
            raise RuntimeError("a black picture")
        ys, xs = np.nonzero(picture.min(axis=2) > 200)
        if len(xs) == 0:
            return []
        x, y, w, h = cv2.boundingRect(np.stack([xs, ys], axis=1).astype(np.int32))
        return [Detection(box=(x, y, w, h), kind="spot", label="bright", score=0.9, scores={"bright": 0.9, "dim": 0.1})]


def build_bright(_options: Any = None) -> BrightAnalyzer:
    return BrightAnalyzer()


BRIGHT = AnalysisDefinition(
    name="bright", title="Bright spots", kinds=("spot",), default_every_ms=100, build_analyzer=build_bright
)
CLEAN = AnalysisDefinition(name="recorder", title="Recorder", kinds=(), default_every_ms=None)


@dataclass
class Bench:
    """A workload with its spool and what it published."""

    workload: VideoWorkload
    spool: Spool
    published: list[DetectionMessage]

    def seal(
        self,
        frames: Sequence[AdmittedFrame],
        closing: WindowClosing = CLOSING,
        opening: WindowOpening | None = None,
    ) -> SpooledClip:
        """All frames through both stages, and the window closed."""
        session = self.workload.open(opening or make_opening())
        for frame in frames:
            session.add(frame, self.workload.analyse(frame))
        return session.close(closing)


def build_bench(folder: Path, definition: AnalysisDefinition = BRIGHT, limit_bytes: int = 10**9) -> Bench:
    published: list[DetectionMessage] = []
    spool = Spool(folder / "spool", limit_bytes)
    analyzer = definition.build_analyzer({}) if definition.build_analyzer else None
    return Bench(VideoWorkload(definition, analyzer, spool, published.append), spool, published)


def decode_clip(path: Path) -> list[tuple[int, Picture]]:
    """(time in ms, BGR picture) of every frame, by PyAV alone."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [
            (round(float(frame.time or 0) * 1000), np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
            for frame in container.decode(stream)
        ]
