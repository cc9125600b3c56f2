"""The roofline: the same decode, model, track, draw and encode in a plain loop, with no Kafka, S3 or threads."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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


def run_plain_loop(
    definition: AnalysisDefinition, jpegs: Sequence[bytes], frames: int, size: tuple[int, int], cameras: int = 1
) -> LoopResult:
    """`frames` frames of all cameras together, in turns as they lie in the topic, searched every one, cut into clips of
    10 s, sealed and thrown away."""
    analyzer = definition.build_analyzer(definition.options) if definition.build_analyzer is not None else None
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder))
        workload = VideoWorkload(definition, analyzer, spool, lambda _message: None, Metrics())
        _loop(workload, definition, jpegs, WARM_UP_FRAMES, size, cameras)
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        _loop(workload, definition, jpegs, frames, size, cameras)
        result = LoopResult(frames, time.process_time() - cpu_s, time.perf_counter() - wall_s)
        spool.close()
    return result


def _loop(
    workload: VideoWorkload,
    definition: AnalysisDefinition,
    jpegs: Sequence[bytes],
    frames: int,
    size: tuple[int, int],
    cameras: int,
) -> None:
    opened: dict[int, tuple[Window, StreamSession]] = {}
    for number in range(frames):
        seq, camera = divmod(number, cameras)
        log_ms = T0_MS + seq * FRAME_MS
        window, session = opened.get(camera, (None, None))
        this = Window(log_ms // CLIP_MS * CLIP_MS, CLIP_MS)
        if session is None or this != window:
            if session is not None:
                _seal(session)
            session = workload.open(WindowOpening(definition.name, f"bench-{camera}", this, ORIGIN, 1))
            opened[camera] = (this, session)
        frame = AdmittedFrame(
            camera=f"bench-{camera}",
            partition=0,
            offset=number,
            log_ms=log_ms,
            headers=make_headers(definition, seq, log_ms, size),
            window=this,
            searched=definition.build_analyzer is not None,
            jpeg=jpegs[(seq + camera * PHASE) % len(jpegs)],
        )
        session.add(frame, workload.analyse(frame))
    for _, session in opened.values():
        _seal(session)


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
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    cv2.setNumThreads(0)
    definition = definition_of(arguments.analysis, arguments.cost_ms)
    jpegs = make_jpegs(scene_of(arguments.analysis), width, height, 100)
    if arguments.wait:
        print("ready", flush=True)
        sys.stdin.readline()
    result = run_plain_loop(definition, jpegs, arguments.frames, (width, height), arguments.cameras)
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
