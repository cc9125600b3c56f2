"""A folder of pictures, or one picture, as a source: one a tick in the order of their names, over and over."""

import functools
import logging
from pathlib import Path

import cv2
import numpy as np

from camera_client.picture import Picture
from camera_client.source import Shot, SourceEnded
from common.errors import ConfigurationError
from common.jpeg import NotAJpeg, read_header

log = logging.getLogger(__name__)

PICTURE_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


class FolderSource:
    """Files are read when their turn comes: the folder may be large. What is no picture is left out with a warning."""

    def __init__(self, path: Path, fps: float, *, once: bool) -> None:
        self._fps, self._once = fps, once
        files = [path] if path.is_file() else sorted(p for p in path.iterdir() if p.suffix.lower() in PICTURE_ENDINGS)
        self._files = [file for file in files if file.is_file()]
        if not self._files:
            raise ConfigurationError(f"--source {path}: no pictures in it ({', '.join(sorted(PICTURE_ENDINGS))})")
        self._bad: set[Path] = set()
        self._last = -1

    def shot_at(self, t_s: float) -> Shot | None:
        turn = round(t_s * self._fps)
        if turn == self._last:
            return None
        # Every picture has its turn, also when the clock has skipped some ticks.
        self._last += 1
        if self._once and self._last >= len(self._files):
            raise SourceEnded("every picture of the folder was sent")
        if len(self._bad) == len(self._files):
            raise ConfigurationError("none of the files is a picture that can be read")
        return self._read(self._files[self._last % len(self._files)])

    def close(self) -> None:
        pass

    def _read(self, file: Path) -> Shot | None:
        try:
            data = file.read_bytes()
        except OSError as error:
            self._leave_out(file, str(error))
            return None
        try:
            header = read_header(data)
        except NotAJpeg:
            # Another format: it has to be decoded to be sent.
            picture = _decode(data)
            if picture is None:
                self._leave_out(file, "not a picture")
                return None
            return Shot(lambda: picture)
        log.debug("picture read", extra={"file": file.name, "width": header.width, "height": header.height})
        return Shot(functools.partial(_decode_jpeg, data, file), data)

    def _leave_out(self, file: Path, reason: str) -> None:
        if file not in self._bad:
            log.warning("picture left out: %s", reason, extra={"file": str(file)})
            self._bad.add(file)


def _decode(data: bytes) -> Picture | None:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    return None if picture is None else np.asarray(picture, np.uint8)


def _decode_jpeg(data: bytes, file: Path) -> Picture:
    picture = _decode(data)
    if picture is None:
        raise ConfigurationError(f"{file} is not a JPEG that can be decoded")
    return picture
