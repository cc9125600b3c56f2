"""`consumers annotate` beside a one-pass PyAV loop: `python -m benchmarks.annotate_cost`.

A 300-frame 640x480 H.264 file, a detector that costs nothing, the same boxes drawn, the same encoder settings. CPU time
of this process; the two take turns. The loop is the one PyAV's documentation leads to: decode, `to_ndarray`, draw,
`from_ndarray`, encode, mux. A second one converts colours by OpenCV, as `annotate` does: nothing can be much below it.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import simplejpeg

from benchmarks.pictures import FRAME_MS, make_jpegs
from consumers.annotated_file import annotate_file
from consumers.frame_cost import FreeAnalyzer
from consumers.offline import Offline
from consumers.pipeline.analysis import AnalysisDefinition, Picture
from consumers.pipeline.draw import draw_detections
from consumers.pipeline.encoder.clip_writer import ENCODER_OPTIONS, ClipWriter

FRAMES = 300
WIDTH, HEIGHT = 640, 480


@dataclass(frozen=True, slots=True)
class AnnotateCost:
    """CPU ms a frame, medians over the rounds; `ratio`: median of each round's, against the usual loop."""

    annotate_ms: float
    loop_ms: float
    bare_loop_ms: float
    ratio: float


def make_file(path: Path, frames: int = FRAMES) -> None:
    """A film of the demo scene with a face, 10 frames/s."""
    writer = ClipWriter(path, WIDTH, HEIGHT)
    for number, jpeg in enumerate(make_jpegs("face", WIDTH, HEIGHT, frames)):
        writer.write(simplejpeg.decode_jpeg(jpeg, "BGR"), number * FRAME_MS)
    writer.finish()


def run_loop(source: Path, target: Path, *, is_bare: bool) -> None:
    """Decode, draw, encode in one pass. `is_bare`: colours by OpenCV, else as PyAV does it."""
    found = FreeAnalyzer().analyze([_NO_PICTURE])[0]
    with av.open(str(source)) as film, av.open(str(target), "w", options={"movflags": "+faststart"}) as container:
        stream: Any = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.options = ENCODER_OPTIONS
        stream.codec_context.time_base = film.streams.video[0].time_base
        for frame in film.decode(video=0):
            if is_bare:
                picture: Any = cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGR_I420)
            else:
                picture = frame.to_ndarray(format="bgr24")
            draw_detections(picture, found)
            if is_bare:
                planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
                drawn = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            else:
                drawn = av.VideoFrame.from_ndarray(picture, format="bgr24")
            drawn.pts, drawn.time_base = frame.pts, frame.time_base
            container.mux(stream.encode(drawn))
        container.mux(stream.encode(None))


_NO_PICTURE: Picture = np.zeros((1, 1, 3), np.uint8)


def measure(rounds: int) -> AnnotateCost:
    """About 6 s a round."""
    cv2.setNumThreads(0)
    definition = AnalysisDefinition("free", "Free", ("box",), None, build_analyzer=lambda _options: FreeAnalyzer())
    offline = Offline(definition, FreeAnalyzer())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "film.mp4"
        make_file(source)
        ways: dict[str, Callable[[], object]] = {
            "loop": lambda: run_loop(source, folder / "loop.mp4", is_bare=False),
            "annotate": lambda: annotate_file(offline, source, folder / "annotated.mp4", None, is_quiet=True),
            "bare": lambda: run_loop(source, folder / "bare.mp4", is_bare=True),
        }
        spent: dict[str, list[float]] = {way: [] for way in ways}
        for number in range(rounds + 1):
            for way, run in ways.items():
                begun_s = time.process_time()
                run()
                if number:  # the first round fills caches
                    spent[way].append((time.process_time() - begun_s) * 1000 / FRAMES)
    medians = {way: statistics.median(times) for way, times in spent.items()}
    ratios = [annotate / loop for annotate, loop in zip(spent["annotate"], spent["loop"], strict=True)]
    return AnnotateCost(medians["annotate"], medians["loop"], medians["bare"], statistics.median(ratios))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.annotate_cost", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    cost = measure(parser.parse_args(arguments).rounds)
    print(
        f"annotate {cost.annotate_ms:.2f} ms a frame, one-pass PyAV loop {cost.loop_ms:.2f} ms: {cost.ratio:.3f} x; "
        f"the loop with colours by OpenCV {cost.bare_loop_ms:.2f} ms"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
