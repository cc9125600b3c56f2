"""Pictures and videos from a file on this machine, for the commands that need no server."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from common.errors import LookoutError
from common.jpeg import NotAJpeg, read_header
from consumers.pipeline.analysis import Picture

PIXELS_MAX = 64_000_000
"""A picture of 190 MB: what a file claims beyond this is not decoded."""
PROTOCOLS = "file"
"""A playlist may name addresses; only files are opened."""
_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, -180: cv2.ROTATE_180, -90: cv2.ROTATE_90_CLOCKWISE}


class UnreadableMedia(LookoutError):
    """The file holds no picture and no video that can be decoded. The text is a sentence."""


@dataclass(frozen=True, slots=True)
class MediaFrame:
    """One picture of a file. `number` counts from 0, `time_s` from the first frame; `is_still`: a picture file."""

    number: int
    time_s: float
    is_still: bool
    picture: Picture = field(repr=False)


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file to read. Reading it twice opens it twice."""

    path: Path

    def frames(self) -> Iterator[MediaFrame]:
        """Every picture, upright. Raises UnreadableMedia, also half way through a video that is damaged."""
        try:
            with self.path.open("rb") as file:
                start = file.read(2)
                jpeg = start + file.read() if start == b"\xff\xd8" else None
        except OSError as error:
            raise UnreadableMedia(f"The file cannot be opened: {error.strerror}.") from error
        if jpeg is not None:
            yield MediaFrame(0, 0.0, True, _decode_jpeg(jpeg))
        else:
            yield from self._decode()

    def frame_count(self) -> int | None:
        """What the container says, or makes likely by duration and rate; None when it says nothing."""
        with contextlib.suppress(av.error.FFmpegError, OSError, IndexError), self._open() as container:
            stream = container.streams.video[0]
            if stream.frames:
                return int(stream.frames)
            if container.duration and stream.average_rate:
                return int(container.duration / 1_000_000 * stream.average_rate)
        return None

    def _open(self) -> Any:
        return av.open(str(self.path), "r", options={"protocol_whitelist": PROTOCOLS}, metadata_errors="replace")

    def _decode(self) -> Iterator[MediaFrame]:
        try:
            with self._open() as container:
                stream = _video_stream(container)
                is_still = container.format.name.endswith("_pipe") or container.format.name == "image2"
                first_s: float | None = None
                for number, frame in enumerate(container.decode(stream)):
                    time_s = float(frame.time) if frame.time is not None else number / float(stream.average_rate or 25)
                    first_s = time_s if first_s is None else first_s
                    yield MediaFrame(number, time_s - first_s, is_still, to_bgr(frame))
        except (av.error.FFmpegError, OSError, ValueError) as error:
            text = getattr(error, "strerror", None) or str(error)
            raise UnreadableMedia(f"The file cannot be decoded: {text}.") from error
        if first_s is None:
            raise UnreadableMedia("The file holds no picture.")


def to_bgr(frame: Any) -> Picture:
    """A decoded frame as BGR, turned upright.

    The common format is converted by OpenCV, which is several times faster than libswscale as PyAV uses it; the values
    of full-range and other formats are left to libswscale.
    """
    if frame.format.name == "yuv420p" and frame.width % 2 == 0 and frame.height % 2 == 0:
        picture = np.asarray(cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGR_I420), np.uint8)
    else:
        picture = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    turn = _TURNS.get(frame.rotation)
    if turn is not None:
        picture = np.asarray(cv2.rotate(picture, turn), np.uint8)
    return np.ascontiguousarray(picture)


def _video_stream(container: Any) -> Any:
    if not container.streams.video:
        raise ValueError("there is no video track in it")
    stream = container.streams.video[0]
    pixels = stream.codec_context.width * stream.codec_context.height
    if pixels > PIXELS_MAX:
        raise ValueError(f"it claims {pixels} pixels, at most {PIXELS_MAX} are taken")
    return stream


def _decode_jpeg(data: bytes) -> Picture:
    """As a viewer shows it: with its EXIF orientation."""
    try:
        read_header(data)
    except NotAJpeg as error:
        raise UnreadableMedia(str(error)) from error
    decoded = None
    with contextlib.suppress(cv2.error):
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise UnreadableMedia("The JPEG cannot be decoded.")
    return np.asarray(decoded, np.uint8)
