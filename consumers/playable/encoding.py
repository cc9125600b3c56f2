"""An upload that no browser plays, encoded anew as clips are: H.264 in MP4, its pictures alone."""

import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import av

from common.errors import EncoderFailure
from consumers.pipeline.clip_size import ClipSize
from consumers.pipeline.encoder.clip_writer import ClipWriter
from consumers.pipeline.media_file import to_bgr
from consumers.playable.look import open_upload

PIXELS_MAX = 4096 * 2304
"""Of one picture: decoder, scaler and encoder hold some twenty of them."""
DURATION_MAX_MS = 24 * 3_600_000
BROKEN_MAX = 1_000
"""Packets that do not decode and are left out."""
LOOK_EVERY = 100
"""Pictures between two looks at the pace."""
SURE_S = 60.0
"""Work after which the pace says something of the rest."""


class CannotEncode(Exception):
    """The text is the second half of a sentence."""


class Pace:
    """Whether an upload of `duration_ms` (None: nobody knows) will be done in `work_s`, from how it goes."""

    def __init__(self, duration_ms: int | None, work_s: float) -> None:
        self._duration_ms = duration_ms
        self._work_s = work_s
        self._begun_s = time.monotonic()
        self._pictures = 0

    def look(self, at_ms: int) -> None:
        """After a picture. Raises CannotEncode: rather soon than after half an hour."""
        self._pictures += 1
        spent_s = time.monotonic() - self._begun_s
        if self._duration_ms is None or at_ms <= 0 or self._pictures % LOOK_EVERY or spent_s < SURE_S:
            return
        whole_s = spent_s * self._duration_ms / at_ms
        if whole_s > self._work_s:
            raise CannotEncode(f"it would take some {math.ceil(whole_s / 60)} min of work")


def encode(file: IO[bytes], path: Path, pace: Pace) -> int:
    """Writes `path`; when its last picture is shown, in ms. Raises CannotEncode."""
    writer: ClipWriter | None = None
    size: ClipSize | None = None
    last_ms = 0
    try:
        with open_upload(file) as source:
            for last_ms, frame in _timed(source):
                picture = to_bgr(frame)
                if size is None or writer is None:
                    size = ClipSize.of(picture)
                    writer = ClipWriter(path, size.width, size.height)
                writer.write(size.place(picture)[0], last_ms)
                pace.look(last_ms)
        if writer is None:
            raise CannotEncode("none of its pictures can be decoded")
        writer.finish()
    except (av.error.FFmpegError, EncoderFailure, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")  # the worker's log has it; a person gets the word of the library
        raise CannotEncode(f"its pictures or the encoder fail ({_word(error)})") from error
    return last_ms


def _word(error: BaseException) -> str:
    """What went wrong first, in a few words."""
    while error.__cause__ is not None:
        error = error.__cause__
    return getattr(error, "strerror", None) or type(error).__name__


def _timed(source: Any) -> Iterator[tuple[int, Any]]:
    """Pictures with their times in ms from the first, each at least 1 ms after the one before. Raises CannotEncode."""
    is_stored_in_order = source.format.name == "avi"
    first_ms = step_ms = 0
    last_ms = -1
    for frame in _frames(source):
        # AVI says when a picture is decoded, which is when the one that comes out then is shown.
        at = frame.dts if is_stored_in_order else frame.pts
        at_ms = round(float(at * frame.time_base) * 1000) if at is not None else first_ms + last_ms + step_ms
        if last_ms < 0:
            first_ms = at_ms
        now_ms = max(last_ms + 1, at_ms - first_ms)
        if now_ms > DURATION_MAX_MS:
            raise CannotEncode("it is longer than 24 hours")
        step_ms, last_ms = now_ms - max(0, last_ms), now_ms
        yield now_ms, frame


def _frames(source: Any) -> Iterator[Any]:
    stream = source.streams.video[0]
    stream.codec_context.thread_count = 1
    broken = 0
    for packet in source.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError as error:
            broken += 1
            if broken > BROKEN_MAX:
                raise CannotEncode(f"more than {BROKEN_MAX} of its packets are broken") from error
            continue
        for frame in frames:
            if frame.width * frame.height > PIXELS_MAX:
                raise CannotEncode(f"its pictures have {frame.width} x {frame.height} pixels, too many")
            yield frame
