"""What is in an uploaded file, and whether Chromium, Firefox and Safari play it. No picture is asked for.

What browsers play: developer.mozilla.org, "Media container formats", "Web video codec guide".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

import av

from common.contracts.playable import Media
from consumers.playable.layout import Layout, layout_of

DEMUXERS = "mov,matroska,avi"
"""No playlist, no format that names other files: an upload is one file."""
PIXELS_MAX = 64_000_000
"""What a file claims beyond this is not worked on. Decoders are told so too: opening a file lets them have a look."""
EIGHT_BIT = frozenset({"yuv420p", "yuvj420p"})
TEN_BIT = EIGHT_BIT | {"yuv420p10le"}
PICTURES: Mapping[str, frozenset[str]] = {"h264": EIGHT_BIT, "vp8": EIGHT_BIT, "vp9": TEN_BIT, "av1": TEN_BIT}
"""Codec to the pixel formats of it that are played: other profiles are for studios."""
MADE_AS: Mapping[str, Media] = {"h264": "video/mp4", "vp9": "video/mp4", "av1": "video/mp4", "vp8": "video/webm"}
SOUNDS: Mapping[Media, frozenset[str]] = {
    "video/mp4": frozenset({"aac", "mp3", "opus"}),
    "video/webm": frozenset({"opus", "vorbis"}),
}


class UnusableVideo(Exception):
    """Nobody can work on the file, and no query can. The text is a sentence for the person who uploaded it."""


@dataclass(frozen=True, slots=True)
class Found:
    """Of the first video track. `sound`: codec of the first sound track, None without one; `duration_ms`: as the file
    says, None where it says nothing. `has_reordered`: pictures may be stored in another order than they are shown."""

    layout: Layout
    codec: str
    pixel_format: str | None
    width: int
    height: int
    duration_ms: int | None
    sound: str | None
    has_reordered: bool = False

    @property
    def has_played_codec(self) -> bool:
        return self.pixel_format in PICTURES.get(self.codec, frozenset())

    @property
    def plays_as_it_is(self) -> bool:
        """An MP4 whose index stands behind its pictures does: browsers fetch its end with a Range. One in fragments
        plays without a length and jumps badly, and a WebM without a length, as browsers record them, does too."""
        if not self.has_played_codec:
            return False
        if self.layout is Layout.WEBM:
            return self.codec != "h264" and self.duration_ms is not None
        return self.layout is Layout.MP4 and self.codec != "vp8"

    @property
    def made_as(self) -> Media | None:
        """What its packets are copied into; None where browsers do not play them, and where only a decoder can tell
        when they are shown: AVI does not say."""
        is_timed = self.layout is not Layout.AVI or not self.has_reordered
        return MADE_AS.get(self.codec) if self.has_played_codec and is_timed else None

    @property
    def kept_sound(self) -> bool:
        return self.made_as is not None and self.sound in SOUNDS[self.made_as]


def open_upload(file: IO[bytes]) -> Any:
    """A PyAV container, from the file's start. Raises av.error.FFmpegError, and what `file` raises."""
    file.seek(0)
    options = {"format_whitelist": DEMUXERS, "max_pixels": str(PIXELS_MAX)}
    return av.open(file, mode="r", options=options, metadata_errors="replace")


def look(file: IO[bytes], size: int) -> Found:
    """Raises UnusableVideo."""
    layout = layout_of(file, size)
    if layout is None:
        raise UnusableVideo("This is no video file that can be taken.")
    try:
        with open_upload(file) as container:
            return _found(container, layout)
    except av.error.FFmpegError as error:
        raise UnusableVideo(f"The file cannot be read as a video: {error.strerror}.") from error


def _found(container: Any, layout: Layout) -> Found:
    if not container.streams.video:
        raise UnusableVideo("The file has no video track.")
    stream = container.streams.video[0]
    context = stream.codec_context
    if context is None or stream.time_base is None or not context.width or not context.height:
        raise UnusableVideo("The video track is of an unknown kind, or has no time base or no size.")
    if context.width * context.height > PIXELS_MAX:
        raise UnusableVideo(f"Its pictures claim {context.width} x {context.height} pixels, too many.")
    sounds = [s for s in container.streams.audio if s.codec_context is not None]
    return Found(
        layout=layout,
        codec=context.codec.canonical_name,
        pixel_format=context.pix_fmt,
        width=context.width,
        height=context.height,
        duration_ms=_duration_ms(container, stream),
        sound=sounds[0].codec_context.codec.canonical_name if sounds else None,
        has_reordered=bool(context.has_b_frames),
    )


def _duration_ms(container: Any, stream: Any) -> int | None:
    if stream.duration:
        return max(0, round(float(stream.duration * stream.time_base) * 1000))
    return max(0, round(container.duration / 1000)) if container.duration else None
