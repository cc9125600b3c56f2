"""Drawn films in every wrapping that people upload, each picture brighter than the one before."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

RATE, FRAMES = 10, 30
STEP = 5
"""By how much each picture is brighter."""
FAST = {"libvpx": {"cpu-used": "8", "deadline": "realtime"}, "libvpx-vp9": {"cpu-used": "8", "deadline": "realtime"}}
FAST |= {"libx265": {"preset": "ultrafast", "x265-params": "log-level=none"}}


def draw(
    path: Path,
    codec: str = "libx264",
    *,
    pixels: str = "yuv420p",
    sound: str | None = None,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    frames: int = FRAMES,
    size: tuple[int, int] = (64, 48),
) -> bytes:
    """A film of `frames` pictures at 10 frames/s; its container is the one of the path's ending."""
    width, height = size
    with av.open(str(path), "w", options=container or {}) as out:
        stream: Any = out.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.options = {**FAST.get(codec, {}), **(options or {})}
        stream.time_base = stream.codec_context.time_base = Fraction(1, RATE)
        heard = out.add_stream(sound, rate=48_000) if sound is not None else None
        for number in range(frames):
            picture = np.full((height, width, 3), number * STEP % 256, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if heard is not None:
            _silence(out, heard)
    return path.read_bytes()


def _silence(out: av.container.OutputContainer, stream: Any) -> None:
    for number in range(FRAMES):
        kind = stream.format.name
        values = np.zeros((1, 1024), np.float32 if kind.startswith("flt") else np.int16)
        frame = av.AudioFrame.from_ndarray(values, format=kind, layout="mono")
        frame.sample_rate, frame.pts = 48_000, number * 1024
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def shown(path: Path) -> list[tuple[int, int]]:
    """When each picture is shown, in ms from the first, and how bright it is."""
    with av.open(str(path), "r") as container:
        found = [(float(f.time or 0), int(f.to_ndarray(format="gray").mean())) for f in container.decode(video=0)]
    return [(round((at - found[0][0]) * 1000), light) for at, light in found]


def codecs(path: Path) -> list[str]:
    """Of each track."""
    with av.open(str(path), "r") as container:
        return [stream.codec_context.codec.canonical_name for stream in container.streams]
