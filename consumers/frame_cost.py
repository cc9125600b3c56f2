"""What one frame costs from JPEG to clip, without a model, beside the sum of its parts in a plain loop.

CPU time of this process, one thread, OpenCV's threads off. Parts and pipeline take turns frame by frame, so that a busy
machine slows both alike.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import simplejpeg

from common.contracts.detection import Detection, DetectionMessage, ModelInfo
from common.contracts.frame import AnalysisRequest, FrameHeaders
from common.contracts.sidecar import Origin
from common.contracts.window import Window
from common.contracts.work import AdmittedFrame, WindowClosing, WindowOpening
from consumers.pipeline.analysis import AnalysisDefinition, Picture
from consumers.pipeline.draw import draw_detections, draw_time
from consumers.pipeline.encoder.clip_writer import ENCODER_OPTIONS
from consumers.pipeline.spool import Spool
from consumers.pipeline.workload import VideoWorkload

WIDTH, HEIGHT = 640, 480
FRAME_MS = 100
WINDOW = Window(0, 300_000)
PARTS = ("decode", "draw", "convert", "encode")
BOX = (200, 120, 120, 160)
MODEL = ModelInfo(name="none", version="0", sha256="")


class FreeAnalyzer:
    """Finds the same box in every picture, at no cost."""

    model = MODEL

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        return [[Detection(box=BOX, kind="box", score=0.9)] for _ in pictures]


@dataclass(frozen=True, slots=True)
class FrameCost:
    """CPU milliseconds a frame (medians over the rounds), and memory of an open stream in MB."""

    frames: int
    rounds: int
    parts_ms: dict[str, float]
    pipeline_ms: float
    stream_mb: float

    @property
    def sum_of_parts_ms(self) -> float:
        return sum(self.parts_ms.values())


def measure(frames: int, rounds: int) -> FrameCost:
    """Takes about 10 ms x frames x rounds."""
    cv2.setNumThreads(0)
    jpegs = make_scene(frames)
    rounds_done = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            plain, pipeline = PlainLoop(Path(folder) / "plain.mp4"), Pipeline(Path(folder))
            for n, jpeg in enumerate(jpegs):
                plain.add(n, jpeg)
                pipeline.add(n, jpeg)
            plain.close()
            pipeline.close()
            rounds_done.append((plain.spent_s, pipeline.spent_s))
        stream_mb = stream_memory(jpegs[:40], Path(folder))
    to_ms = 1000 / len(jpegs)
    medians = {part: to_ms * statistics.median(parts[part] for parts, _ in rounds_done) for part in PARTS}
    return FrameCost(frames, rounds, medians, to_ms * statistics.median(whole for _, whole in rounds_done), stream_mb)


def make_scene(frames: int) -> list[bytes]:
    """A textured background that stands still, camera noise, and things that move: what a fixed camera sees."""
    random = np.random.default_rng(7)
    texture = cv2.GaussianBlur(random.integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8), (0, 0), 6)
    background = cv2.normalize(texture, None, 30, 220, cv2.NORM_MINMAX)  # type: ignore[call-overload]
    noise = random.normal(0, 2.5, (8, HEIGHT, WIDTH, 3)).astype(np.int16)
    jpegs = []
    for n in range(frames):
        picture = background.copy()
        cv2.rectangle(picture, (n * 5 % WIDTH, 200), (n * 5 % WIDTH + 90, 260), (40, 60, 200), -1)
        cv2.circle(picture, (320 + int(150 * np.sin(n / 9)), 120), 45, (90, 200, 220), -1)
        noisy = np.clip(picture.astype(np.int16) + noise[n % 8], 0, 255).astype(np.uint8)
        jpegs.append(simplejpeg.encode_jpeg(noisy, 85, colorspace="BGR"))
    return jpegs


class PlainLoop:
    """The same decode, draw, convert and encode, each timed alone, with nothing between them."""

    def __init__(self, path: Path) -> None:
        self.spent_s = dict.fromkeys(PARTS, 0.0)
        self._found = FreeAnalyzer().analyze([np.zeros((1, 1, 3), np.uint8)])[0]
        self._container = av.open(str(path), "w", options={"movflags": "+faststart"})
        stream: Any = self._container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.thread_count = 1
        stream.codec_context.options = ENCODER_OPTIONS
        self._stream = stream

    def add(self, number: int, jpeg: bytes) -> None:
        picture = self._timed("decode", simplejpeg.decode_jpeg, jpeg, "BGR")
        self._timed("draw", self._draw, picture, number)
        planes = self._timed("convert", cv2.cvtColor, picture, cv2.COLOR_BGR2YUV_I420)
        self._timed("encode", self._encode, planes, number)

    def close(self) -> None:
        self._timed("encode", self._finish)

    def _draw(self, picture: Picture, number: int) -> None:
        draw_detections(picture, self._found)
        draw_time(picture, number * FRAME_MS * 1000)

    def _encode(self, planes: Any, number: int) -> None:
        frame = av.VideoFrame.from_numpy_buffer(planes, format="yuv420p")
        frame.pts, frame.time_base = number * FRAME_MS, Fraction(1, 1000)
        self._container.mux(self._stream.encode(frame))

    def _finish(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def _timed(self, part: str, call: Callable[..., Any], *arguments: Any) -> Any:
        begun = time.process_time()
        result = call(*arguments)
        self.spent_s[part] += time.process_time() - begun
        return result


class Pipeline:
    """Both stages of the real thing, and the sealed clip."""

    def __init__(self, folder: Path, camera: str = "cam-measured") -> None:
        self.spent_s = 0.0
        self._spool = Spool(folder / "spool")
        self._workload = VideoWorkload(_definition(), FreeAnalyzer(), self._spool, _ignore)
        origin = Origin(topic="frames", topic_id="measured", partition=0)
        self._session = self._workload.open(WindowOpening("free", camera, WINDOW, origin, 1))

    def add(self, number: int, jpeg: bytes) -> None:
        frame = _admitted(number, jpeg)
        begun = time.process_time()
        self._session.add(frame, self._workload.analyse(frame))
        self.spent_s += time.process_time() - begun

    def close(self) -> None:
        begun = time.process_time()
        clip = self._session.close(WindowClosing(True, ()))
        self.spent_s += time.process_time() - begun
        clip.discard()
        self._spool.close()

    def abandon(self) -> None:
        self._session.abandon()
        self._spool.close()


def stream_memory(jpegs: Sequence[bytes], folder: Path, streams: int = 8) -> float:
    """Growth of resident memory (MB) by each further open stream; the first, with what is loaded once, is left out."""
    opened: list[Pipeline] = []
    before_mb = 0.0
    for number in range(streams + 1):
        opened.append(Pipeline(folder, f"cam-measured-{number}"))
        for n, jpeg in enumerate(jpegs):
            opened[-1].add(n, jpeg)
        if number == 0:
            before_mb = _resident_mb()
    grown_mb = _resident_mb() - before_mb
    for one in opened:
        one.abandon()
    return grown_mb / streams


def _ignore(_message: DetectionMessage) -> None:
    """Nobody watches."""


def _definition() -> AnalysisDefinition:
    return AnalysisDefinition("free", "Free", ("box",), None, build_analyzer=lambda _options: FreeAnalyzer())


def _admitted(number: int, jpeg: bytes) -> AdmittedFrame:
    at_ms, request = number * FRAME_MS, (AnalysisRequest("free", FRAME_MS),)
    headers = FrameHeaders("measured-session0", number, at_ms * 1000, at_ms * 1000, WIDTH, HEIGHT, 1, request, 300_000)
    return AdmittedFrame("cam-measured", 0, number, at_ms, headers, WINDOW, True, jpeg)


def _resident_mb() -> float:
    """Linux: second field of /proc/self/statm, in pages (proc(5))."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
