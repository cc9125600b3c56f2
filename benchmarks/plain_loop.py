"""The roofline: the same decode, model, track, draw and encode in a plain loop, with no Kafka, S3 or threads."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import cv2

from benchmarks.pictures import make_jpegs
from benchmarks.stand_ins import DEFAULT_COST_MS, stand_in
from common.contracts.frame import AnalysisRequest, FrameHeaders
from common.contracts.sidecar import Origin
from common.contracts.window import Window
from common.contracts.work import AdmittedFrame, WindowClosing, WindowOpening
from common.metrics import Metrics
from consumers.pipeline.analysis import AnalysisDefinition
from consumers.pipeline.spool import Spool
from consumers.pipeline.stream_session import StreamSession
from consumers.pipeline.workload import VideoWorkload
from consumers.registry import load_definition

CLIP_MS = 10_000
FRAME_MS = 100
"""Log time between two frames of a camera: 10 frames/s."""
PHASE = 7
"""Pictures by which each camera is ahead of the one before: no two show the same at the same time."""
ORIGIN = Origin(topic="frames", topic_id="bench", partition=0)
WARM_UP_FRAMES = 20
T0_MS = 1_700_000_000_000 // CLIP_MS * CLIP_MS


@dataclass(frozen=True, slots=True)
class LoopResult:
    """`frames` went through; CPU of the whole process, wall time of the loop."""

    frames: int
    cpu_s: float
    wall_s: float

    @property
    def per_cpu_s(self) -> float:
        return self.frames / self.cpu_s

    @property
    def per_wall_s(self) -> float:
        return self.frames / self.wall_s

    @property
    def cpu_ms(self) -> float:
        """CPU ms a frame."""
        return self.cpu_s / self.frames * 1000


class PlainLoop:
    """Frames of all cameras together, in turns as they lie in the topic, searched every one, cut into clips of 10 s,
    sealed and thrown away. One thread; leave it to seal what is open."""

    def __init__(
        self, definition: AnalysisDefinition, jpegs: Sequence[bytes], size: tuple[int, int], cameras: int = 1
    ) -> None:
        analyzer = definition.build_analyzer(definition.options) if definition.build_analyzer is not None else None
        self._folder = tempfile.TemporaryDirectory()
        self._spool = Spool(Path(self._folder.name))
        self._workload = VideoWorkload(definition, analyzer, self._spool, lambda _message: None, Metrics())
        self._definition = definition
        self._jpegs = jpegs
        self._size = size
        self._cameras = cameras
        self._number = 0
        self._opened: dict[int, tuple[Window, StreamSession]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.seal()
        self._spool.close()
        self._folder.cleanup()

    def warm_up(self) -> None:
        """The first frames of caches and models, and from then on a new film."""
        self.run(WARM_UP_FRAMES)
        self.seal()

    def run(self, frames: int) -> None:
        """So many more frames."""
        for _ in range(frames):
            self._add()

    def run_for(self, seconds: float) -> int:
        """Frames for so long, by the wall; how many."""
        until_s, before = time.perf_counter() + seconds, self._number
        while time.perf_counter() < until_s:
            self._add()
        return self._number - before

    def seal(self) -> None:
        """Seal what is open, and begin again with the first frame."""
        for _, session in self._opened.values():
            _seal(session)
        self._opened.clear()
        self._number = 0

    def _add(self) -> None:
        seq, camera = divmod(self._number, self._cameras)
        log_ms = T0_MS + seq * FRAME_MS
        window, session = self._opened.get(camera, (None, None))
        this = Window(log_ms // CLIP_MS * CLIP_MS, CLIP_MS)
        if session is None or this != window:
            if session is not None:
                _seal(session)
            session = self._workload.open(WindowOpening(self._definition.name, f"bench-{camera}", this, ORIGIN, 1))
            self._opened[camera] = (this, session)
        frame = AdmittedFrame(
            camera=f"bench-{camera}",
            partition=0,
            offset=self._number,
            log_ms=log_ms,
            headers=make_headers(self._definition, seq, log_ms, self._size),
            window=this,
            searched=self._definition.build_analyzer is not None,
            jpeg=self._jpegs[(seq + camera * PHASE) % len(self._jpegs)],
        )
        session.add(frame, self._workload.analyse(frame))
        self._number += 1


def run_plain_loop(loop: PlainLoop, frames: int) -> LoopResult:
    """So many frames, sealing included."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    loop.run(frames)
    loop.seal()
    return LoopResult(frames, time.process_time() - cpu_s, time.perf_counter() - wall_s)


def take_turns(loop: PlainLoop) -> None:
    """For each line on standard input, seconds, work for so long and answer with a JSON line."""
    for line in sys.stdin:
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        frames = loop.run_for(float(line))
        spent = {"cpu_s": time.process_time() - cpu_s, "wall_s": time.perf_counter() - wall_s}
        print(json.dumps({"frames": frames, **spent}), flush=True)


def _seal(session: StreamSession) -> None:
    session.close(WindowClosing(complete=True, others=())).discard()


def make_headers(
    definition: AnalysisDefinition, seq: int, log_ms: int, size: tuple[int, int], every_ms: int = 1
) -> FrameHeaders:
    """A frame of a camera that is searched every `every_ms`, by default on every picture."""
    interval_ms = every_ms if definition.build_analyzer is not None else None
    return FrameHeaders(
        session="bench-session-0000000000",
        seq=seq,
        captured_at_us=log_ms * 1000,
        ingested_at_us=log_ms * 1000,
        width=size[0],
        height=size[1],
        settings_version=1,
        analyses=(AnalysisRequest(definition.name, interval_ms),),
        clip_ms=CLIP_MS,
    )


def main() -> int:
    """`python -m benchmarks.plain_loop ANALYSIS [--frames N] [--size WxH] [--cost-ms MS]`: one JSON line."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("analysis")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--cost-ms", type=float, default=None)
    parser.add_argument("--cameras", type=int, default=1, help="that take turns")
    parser.add_argument("--wait", action="store_true", help="say ready, and begin when a line comes on standard input")
    parser.add_argument("--turns", action="store_true", help="work for as many seconds as each line says")
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    cv2.setNumThreads(0)
    definition = definition_of(arguments.analysis, arguments.cost_ms)
    jpegs = make_jpegs(scene_of(arguments.analysis), width, height, 100)
    with PlainLoop(definition, jpegs, (width, height), arguments.cameras) as loop:
        loop.warm_up()
        if arguments.wait or arguments.turns:
            print("ready", flush=True)
        if arguments.turns:
            take_turns(loop)
            return 0
        if arguments.wait:
            sys.stdin.readline()
        result = run_plain_loop(loop, arguments.frames)
    print(
        json.dumps({"frames": result.frames, "cpu_s": result.cpu_s, "wall_s": result.wall_s, "cpu_ms": result.cpu_ms})
    )
    return 0


def definition_of(analysis: str, cost_ms: float | None = None) -> AnalysisDefinition:
    """A stand-in or an analysis of the product. Raises ConfigurationError for neither."""
    return stand_in(analysis, cost_ms) if analysis in DEFAULT_COST_MS else load_definition(analysis)


def scene_of(analysis: str) -> str:
    """The demo scene an analysis has something to find in."""
    return "cars" if analysis == "license_plate" else "face"


if __name__ == "__main__":
    sys.exit(main())
