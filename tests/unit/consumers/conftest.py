"""An analysis `bright` in the registry, and media made by the tests."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from consumers import registry
from tests.unit.pipeline.making import make_picture


@pytest.fixture
def bright(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an analysis that needs no model file."""
    monkeypatch.setitem(registry.PLACES, "bright", "tests.unit.consumers.bright_definition")
    return "bright"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """30 frames in 1.2 s (25 frames/s), 160x120, MPEG-4: a bright spot moves to the right, 4 pixels a frame."""
    return write_video(tmp_path / "moving.avi", 30)


def write_video(path: Path, frames: int, codec: str = "mpeg4", width: int = 160, height: int = 120) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = 2_000_000
        for n in range(frames):
            picture = make_picture(width, height, spot=(8 + 4 * n % (width - 40), 40))
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = n, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
