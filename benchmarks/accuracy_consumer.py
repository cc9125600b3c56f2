"""Frames that a whole consumer takes in one second of CPU: JPEG in, clip out, the analysis in between.

One thread, no servers: reading from Kafka and storing are not in it (`python -m benchmarks.consumers` has them). The
frames are the media's own, made 640 x 480 and 30 a second.
"""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg

from benchmarks.accuracy_result import Result
from benchmarks.accuracy_truth import Item
from common.contracts.frame import AnalysisRequest, FrameHeaders
from common.contracts.sidecar import Origin
from common.contracts.window import Window, is_searched
from common.contracts.work import AdmittedFrame, WindowClosing, WindowOpening
from common.errors import ConfigurationError
from common.model_registry import find
from consumers.objects.choice import BY_QUALITY
from consumers.pipeline.spool import Spool
from consumers.pipeline.workload import VideoWorkload
from consumers.registry import load_definition

SIZE = 640, 480
FRAMES = 300
RATE = 30
WINDOW = Window(0, 60_000)


@dataclass(frozen=True, slots=True)
class Load:
    """One line of the table. `group`: where its pictures come from; `every_ms` None: every frame is searched."""

    analysis: str
    group: str
    every_ms: int | None
    goal: int
    options: Mapping[str, Any]


LOADS = (
    Load("emotion", "video/neutral_to_happy.mp4", None, 80, {}),
    Load("emotion", "video/neutral_to_happy.mp4", 100, 150, {}),
    Load("license_plate", "dashcam_ro", 200, 55, {"mode": "standard"}),
    Load("objects", "video/people_one_by_one.mp4", None, 28, {}),
    Load("objects", "video/people_one_by_one.mp4", 200, 100, {}),
)


def measure_consumers(items: Sequence[Item]) -> list[Result]:
    """`right` is frames in a second of CPU, `of` the goal."""
    results = []
    for load in LOADS:
        if load.analysis == "objects" and not any(find(model) for model in BY_QUALITY):
            continue
        jpegs = _jpegs([item for item in items if item.file.startswith(load.group)])
        if jpegs:
            often = "every frame" if load.every_ms is None else f"every {load.every_ms} ms"
            rate = round(frames_per_cpu_second(load, jpegs))
            name = f"whole consumer, {load.analysis} {often}, frames/CPU s"
            results.append(Result(name, rate, load.goal, goal=f">= {load.goal}"))
    return results


def frames_per_cpu_second(load: Load, jpegs: Sequence[bytes]) -> float:
    """Raises ConfigurationError where the analysis' models are not there."""
    definition = load_definition(load.analysis)
    if definition.build_analyzer is None:
        raise ConfigurationError(f"{load.analysis} searches nothing.")
    analyzer = definition.build_analyzer({**definition.options, **definition.live_options, **load.options})
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder) / "spool")
        workload = VideoWorkload(definition, analyzer, spool, lambda _message: None)
        frames = [_frame(n, jpegs[n % len(jpegs)], load) for n in range(FRAMES)]
        workload.analyse(frames[0])
        begun_s = time.process_time()
        origin = Origin(topic="frames", topic_id="measured", partition=0)
        session = workload.open(WindowOpening(load.analysis, "cam-measured", WINDOW, origin, 1))
        for frame in frames:
            session.add(frame, workload.analyse(frame))
        clip = session.close(WindowClosing(True, ()))
        spent_s = time.process_time() - begun_s
        clip.discard()
        spool.close()
    return FRAMES / spent_s


def _frame(number: int, jpeg: bytes, load: Load) -> AdmittedFrame:
    at_ms = number * 1000 // RATE
    before_ms = (number - 1) * 1000 // RATE if number else None
    request = (AnalysisRequest(load.analysis, load.every_ms),)
    headers = FrameHeaders("measured-session0", number, at_ms * 1000, at_ms * 1000, *SIZE, 1, request, 60_000)
    searched = is_searched(at_ms, before_ms, load.every_ms)
    return AdmittedFrame("cam-measured", 0, number, at_ms, headers, WINDOW, searched, jpeg)


def _jpegs(items: Sequence[Item]) -> list[bytes]:
    """Pictures one after the other, each still for half a second as a slow camera would send it."""
    jpegs: list[bytes] = []
    for item in items:
        if item.kind == "video":
            pictures = [picture for _, (_, _, picture) in zip(range(FRAMES), item.frames(), strict=False)]
        else:
            pictures = [item.picture()] * (RATE // 2)
        for picture in pictures:
            small = np.asarray(cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA), np.uint8)
            jpegs.append(simplejpeg.encode_jpeg(np.ascontiguousarray(small), 85, colorspace="BGR"))
    return jpegs[:FRAMES]
