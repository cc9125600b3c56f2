"""From a moment to a JPEG: the seam between the sources of pictures and the agent that sends them."""

from typing import Protocol

from camera_client.demo.scene import Scene
from camera_client.jpeg_band import RowJpeg, encode_rows, replace_top
from camera_client.picture import QUALITY_DEFAULT, encode_jpeg, fit
from camera_client.source import Source
from camera_client.stripe import StripeMark, draw_stripe, make_band

CACHE_MAX_BYTES = 48 * 1024 * 1024
"""A scene of 32 s at 10 frames/s takes 10 MB; what does not fit is painted again."""


class Shutter(Protocol):
    """Called by the capture thread only. May block for one decode and one encode."""

    def shoot(self, tick: int, mark: StripeMark) -> bytes | None:
        """The JPEG of tick number `tick` since the start, None when there is nothing new. Raises SourceEnded."""
        ...

    def close(self) -> None: ...


class SourceShutter:
    """Pictures of a source; JPEG files go out byte for byte unless a size, a quality or a stripe is asked for."""

    def __init__(
        self, source: Source, fps: float, *, quality: int | None, size: tuple[int, int] | None, stripe: bool
    ) -> None:
        self._source, self._fps = source, fps
        self._quality, self._size, self._has_stripe = quality or QUALITY_DEFAULT, size, stripe
        self._may_pass_on = quality is None and size is None and not stripe

    def shoot(self, tick: int, mark: StripeMark) -> bytes | None:
        shot = self._source.shot_at(tick / self._fps)
        if shot is None:
            return None
        if self._may_pass_on and shot.jpeg is not None:
            return shot.jpeg
        picture = shot.picture()
        if self._size is not None:
            picture = fit(picture, *self._size)
        if self._has_stripe:
            draw_stripe(picture, mark)
        return encode_jpeg(picture, self._quality)

    def close(self) -> None:
        self._source.close()


class SceneShutter:
    """A demo scene. It repeats, so each picture is painted and encoded once; afterwards a frame costs its stripe."""

    def __init__(self, scene: Scene, fps: float, quality: int) -> None:
        self._scene, self._fps, self._quality = scene, fps, quality
        self._ticks_a_loop = max(1, round(scene.loop_s * fps))
        self._cache: dict[int, tuple[RowJpeg, int]] = {}
        self._cached_bytes = 0

    def shoot(self, tick: int, mark: StripeMark) -> bytes | None:
        body, width = self._body(tick % self._ticks_a_loop)
        return replace_top(body, make_band(width, mark), self._quality)

    def close(self) -> None:
        self._cache.clear()

    def _body(self, tick: int) -> tuple[RowJpeg, int]:
        known = self._cache.get(tick)
        if known is not None:
            return known
        picture = self._scene.paint(tick / self._fps)
        made = encode_rows(picture, self._quality), picture.shape[1]
        size = sum(map(len, made[0].rows))
        if self._cached_bytes + size <= CACHE_MAX_BYTES:
            self._cache[tick] = made
            self._cached_bytes += size
        return made
