"""One film of many clips, cut around what was seen, with captions: made with moviepy, which not every installation has.

Each clip is cut and captioned into a piece of its own, so that memory and open decoders do not grow with the number of
clips; the pieces, which share one format, are joined by stream copy (ffmpeg's concat demuxer).
"""

import importlib.util
import logging
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common.errors import ConfigurationError, LookoutError

log = logging.getLogger(__name__)

FPS_MAX = 30
FPS_DEFAULT = 15
JOIN_S = 300
SIDE_MAX = 1920
CRF = "23"
MISSING = "moviepy is not installed here. Install it: pip install 'lookout[exports]'."


class FilmFailed(LookoutError):
    """A clip that cannot be worked on. The text is a sentence."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A thing that was seen: what it is called, and where in its clip, in s of the video."""

    words: str
    first_s: float
    last_s: float


@dataclass(frozen=True, slots=True)
class Scene:
    """One clip on disk. `title`: of its camera; `t0_us`: wall time of its first picture."""

    path: Path
    title: str
    t0_us: int
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Film:
    """What was made."""

    path: Path
    duration_ms: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FilmFormat:
    """What all pieces share."""

    width: int
    height: int
    fps: float


def require_moviepy() -> None:
    """Looked for, not imported: that takes 50 MB, and films are rare. Raises ConfigurationError: it is not there."""
    if importlib.util.find_spec("moviepy") is None:
        raise ConfigurationError(MISSING)


class FilmMaker:
    """`folder`: for its own use, emptied by whoever made it. One thread."""

    def __init__(self, folder: Path, captions: bool, around_s: float | None) -> None:
        require_moviepy()
        self._folder = folder
        self._captions = captions
        self._around_s = around_s
        self._format: FilmFormat | None = None
        self._pieces: list[Path] = []
        self._duration_s = 0.0
        self._notes: list[str] = []

    def add(self, scene: Scene) -> None:
        """Cut and caption one clip. One that cannot be read becomes a note, and the film goes on."""
        import moviepy  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415 - an extra

        try:
            with moviepy.VideoFileClip(str(scene.path), audio=False) as video:
                self._format = self._format or _format_of(video)
                for begin_s, end_s in stretches(scene.shown, float(video.duration), self._around_s):
                    self._write(moviepy, video.subclipped(begin_s, end_s), scene, begin_s)
        except (OSError, ValueError, KeyError, IndexError) as error:
            log.warning("a clip is left out of a film", extra={"clip": scene.path.name, "error": str(error)[:300]})
            self._notes.append(f"{scene.path.stem} could not be read and was left out.")

    def finish(self) -> Film:
        """Join the pieces. Raises FilmFailed."""
        if not self._pieces:
            raise FilmFailed("None of the clips could be read.")
        import imageio_ffmpeg  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415 - comes with moviepy

        listing = self._folder / "pieces.txt"
        listing.write_text("".join(f"file '{piece.name}'\n" for piece in self._pieces), encoding="ascii")
        target = self._folder / "film.mp4"
        words = [
            imageio_ffmpeg.get_ffmpeg_exe(),
            *("-hide_banner", "-loglevel", "error", "-nostdin", "-y"),
            *("-f", "concat", "-safe", "1", "-protocol_whitelist", "file", "-i", str(listing)),
            *("-c", "copy", "-movflags", "+faststart", str(target)),
        ]
        try:
            done = subprocess.run(words, capture_output=True, timeout=JOIN_S, check=False, cwd=self._folder)
        except subprocess.TimeoutExpired as error:
            raise FilmFailed("Joining the film took too long.") from error
        if done.returncode != 0:
            log.error("ffmpeg: %s", done.stderr[-500:].decode("utf-8", "replace"))
            raise FilmFailed("The pieces of the film could not be joined; the worker's log says why.")
        return Film(target, round(self._duration_s * 1000), tuple(self._notes))

    def _write(self, moviepy: Any, cut: Any, scene: Scene, begin_s: float) -> None:
        chosen = self._format
        if chosen is None:
            raise RuntimeError("a piece before the format")
        size = (chosen.width, chosen.height)
        scale = min(chosen.width / cut.w, chosen.height / cut.h)
        layers = [cut.resized(scale).with_position("center")]
        if self._captions:
            layers += _captions(moviepy, cut.duration, scene, begin_s, chosen)
        piece = self._folder / f"piece-{len(self._pieces):05d}.mp4"
        film = moviepy.CompositeVideoClip(layers, size=size, bg_color=(0, 0, 0)).with_duration(cut.duration)
        try:
            film.write_videofile(
                str(piece),
                fps=chosen.fps,
                codec="libx264",
                preset="veryfast",
                audio=False,
                threads=1,
                ffmpeg_params=["-crf", CRF, "-pix_fmt", "yuv420p"],
                logger=None,
            )
        finally:
            film.close()
        self._pieces.append(piece)
        self._duration_s += float(cut.duration)


def stretches(shown: Sequence[Shown], duration_s: float, around_s: float | None) -> list[tuple[float, float]]:
    """What of a clip is shown, in order, without overlap; all of it where nothing was seen or nothing is left out."""
    if around_s is None or not shown:
        return [(0.0, duration_s)]
    wanted = sorted((max(0.0, s.first_s - around_s), min(duration_s, s.last_s + around_s)) for s in shown)
    merged: list[tuple[float, float]] = []
    for begin_s, end_s in wanted:
        if end_s <= begin_s:
            continue
        if merged and begin_s <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end_s))
        else:
            merged.append((begin_s, end_s))
    return merged or [(0.0, duration_s)]


def _format_of(video: Any) -> FilmFormat:
    scale = min(1.0, SIDE_MAX / max(video.w, video.h))
    fps = float(video.fps or FPS_DEFAULT)
    return FilmFormat(_even(video.w * scale), _even(video.h * scale), min(FPS_MAX, max(1.0, round(fps))))


def _even(side: float) -> int:
    """H.264 in yuv420p has even sides."""
    return max(2, int(side) // 2 * 2)


def _captions(moviepy: Any, duration_s: float, scene: Scene, begin_s: float, chosen: FilmFormat) -> list[Any]:
    """Camera and time at the foot for the whole piece; what was seen at the head, while it was."""
    size = max(12, chosen.height // 24)
    at = datetime.fromtimestamp(scene.t0_us / 1_000_000 + begin_s, UTC)
    foot = _text(moviepy, f"{scene.title}  {at:%Y-%m-%d %H:%M:%S} UTC", size, chosen)
    layers = [foot.with_duration(duration_s).with_position((0, chosen.height - foot.h))]
    for one in scene.shown:
        first_s, last_s = max(0.0, one.first_s - begin_s), min(duration_s, one.last_s - begin_s + 0.5)
        if one.words and first_s < last_s:
            head = _text(moviepy, one.words, size, chosen)
            layers.append(head.with_start(first_s).with_duration(last_s - first_s).with_position((0, 0)))
    return layers


def _text(moviepy: Any, words: str, size: int, chosen: FilmFormat) -> Any:
    """Drawn by Pillow, with its own font: no text of a person reaches a command line."""
    plain = "".join(c if c.isprintable() else " " for c in words)[: max(8, 2 * chosen.width // size)]
    return moviepy.TextClip(text=plain, font_size=size, color="white", bg_color="black", margin=(6, 4))
