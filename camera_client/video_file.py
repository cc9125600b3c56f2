"""A video file as a source: at its real pace, from the beginning again at its end."""

import functools
import logging
from collections.abc import Generator
from pathlib import Path

import av

from camera_client.live import to_picture
from camera_client.source import Shot, SourceEnded
from common.errors import ConfigurationError

log = logging.getLogger(__name__)
# Used for the length of the last frame when the file does not say its rate.
_FRAME_S_DEFAULT = 1 / 25


class VideoFileSource:
    """Decodes forward to the moment asked for and gives the last frame shown by then; only that one is converted."""

    def __init__(self, path: Path, *, once: bool) -> None:
        self._path, self._once = path, once
        self._pass_begin_s = 0.0
        self._frame_s = self._end_s = _FRAME_S_DEFAULT
        self._frames = self._decode()
        self._ahead: tuple[float, av.VideoFrame] | None = self._next()
        if self._ahead is None:
            raise ConfigurationError(f"--source {path}: not a video that can be decoded")

    def shot_at(self, t_s: float) -> Shot | None:
        shown: av.VideoFrame | None = None
        while True:
            if self._ahead is None:
                is_last_shown = self._pass_begin_s + self._end_s > t_s
                if shown is not None and (is_last_shown or self._once):
                    break
                if is_last_shown:
                    return None
                self._rewind()
                continue
            at_s, frame = self._ahead
            if self._pass_begin_s + at_s > t_s:
                break
            shown, self._end_s = frame, at_s + self._frame_s
            self._ahead = self._next()
        return None if shown is None else Shot(functools.partial(to_picture, shown))

    def close(self) -> None:
        self._frames.close()

    def _rewind(self) -> None:
        if self._once:
            raise SourceEnded("the film is over")
        self._pass_begin_s += self._end_s
        self._frames.close()
        self._frames = self._decode()
        self._ahead = self._next()
        if self._ahead is None:
            raise ConfigurationError(f"{self._path} can no longer be decoded")

    def _next(self) -> tuple[float, av.VideoFrame] | None:
        return next(self._frames, None)

    def _decode(self) -> Generator[tuple[float, av.VideoFrame], None, None]:
        """Seconds since the first frame, and the frame. A file that breaks off ends there, with a warning."""
        try:
            container = av.open(str(self._path))
        except (av.FFmpegError, OSError) as error:
            raise ConfigurationError(f"--source {self._path}: {error}") from error
        with container:
            if not container.streams.video:
                return
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            if stream.average_rate:
                self._frame_s = float(1 / stream.average_rate)
            first_s: float | None = None
            last_s = -self._frame_s
            try:
                for frame in container.decode(stream):
                    at_s = frame.time if frame.time is not None else last_s + self._frame_s
                    first_s = at_s if first_s is None else first_s
                    last_s = max(last_s, at_s - first_s)
                    yield last_s, frame
            except av.FFmpegError as error:
                log.warning("film breaks off: %s", error, extra={"file": str(self._path)})
