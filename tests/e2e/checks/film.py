"""A clip decoded: what a player would see."""

import io
from dataclasses import dataclass

import av
import numpy as np

from camera_client.stripe import StripeMark, read_stripe
from common.contracts.sidecar import Sidecar

PTS_TOLERANCE_MS = 1
"""The container's clock may round a presentation time."""


@dataclass(frozen=True, slots=True)
class Film:
    """What decoding gave, one entry a picture. `pts_ms`: since the clip's start; `marks`: None if unread."""

    codec: str
    pixel_format: str
    width: int
    height: int
    pts_ms: tuple[int, ...]
    marks: tuple[StripeMark | None, ...]


def decode_film(data: bytes) -> Film:
    """Decode every picture. ValueError when it is no film, or breaks off."""
    pts_ms, marks = [], []
    try:
        with av.open(io.BytesIO(data), "r") as container:
            stream = container.streams.video[0]
            context = stream.codec_context
            for frame in container.decode(stream):
                pts_ms.append(round((frame.time or 0.0) * 1000))
                # The luma plane alone: cheap, and all that the stripe needs.
                marks.append(read_stripe(np.asarray(frame.reformat(format="gray").to_ndarray(), np.uint8)))
            return Film(context.name, str(context.pix_fmt), context.width, context.height, tuple(pts_ms), tuple(marks))
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"cannot be decoded: {error}") from error


def film_problems(film: Film, sidecar: Sidecar) -> list[str]:
    """Where the film differs from what its sidecar states: format, size, number of pictures, their times."""
    problems = []
    if (film.codec, film.pixel_format) != ("h264", "yuv420p"):
        problems.append(f"it is {film.codec} {film.pixel_format}, not h264 yuv420p")
    if (film.width, film.height) != (sidecar.width, sidecar.height):
        problems.append(f"it is {film.width}x{film.height}, the sidecar says {sidecar.width}x{sidecar.height}")
    stated = [entry.pts_ms for entry in sidecar.entries if entry.pts_ms is not None]
    if not len(film.pts_ms) == sidecar.frame_count == len(stated):
        problems.append(f"{len(film.pts_ms)} pictures, sidecar says {sidecar.frame_count} and lists {len(stated)}")
    elif any(abs(a - b) > PTS_TOLERANCE_MS for a, b in zip(film.pts_ms, sorted(stated), strict=True)):
        problems.append("the pictures' times are not those of the sidecar")
    return problems


def stripe_problems(film: Film, sidecar: Sidecar) -> list[str]:
    """Where the stripes in the pictures are not those of the frames that the sidecar lists, in its order of time."""
    shown = sorted((entry for entry in sidecar.entries if entry.is_in_clip), key=lambda entry: entry.pts_ms or 0)
    expected = [StripeMark.of(sidecar.camera, entry.session or "", entry.seq or 0) for entry in shown]
    unread = sum(mark is None for mark in film.marks)
    if unread:
        return [f"{unread} of {len(film.marks)} stripes cannot be read"]
    wrong = sum(a != b for a, b in zip(film.marks, expected, strict=False)) + abs(len(film.marks) - len(expected))
    return [f"{wrong} of {len(expected)} pictures are not the frame the sidecar says"] if wrong else []
