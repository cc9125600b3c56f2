"""The pictures and sound of an upload, packet by packet, in a container that browsers play. Nothing is decoded."""

from pathlib import Path
from typing import IO, Any

import av

from common.contracts.playable import Media
from consumers.pipeline.encoder.mp4_boxes import check_streamable
from consumers.playable.look import open_upload

PACKETS_MAX = 2_000_000
"""18 hours at 30 frames/s, 7 with sound: the index of so many takes 150 MB before it is written."""
_FORMATS: dict[Media, tuple[str, dict[str, str]]] = {
    "video/mp4": ("mp4", {"movflags": "+faststart"}),
    "video/webm": ("webm", {"cues_to_front": "1"}),
}


class CannotCopy(Exception):
    """The packets do not fit; another way has to be tried. The text says why."""


def copy_packets(file: IO[bytes], media: Media, path: Path, *, with_sound: bool) -> int:
    """Writes `path`, index first; how long the pictures last, in ms. Raises CannotCopy; what is at `path` then is
    worthless."""
    name, options = _FORMATS[media]
    try:
        with open_upload(file) as source:
            video = source.streams.video[0]
            tracks = [video, *(list(source.streams.audio)[:1] if with_sound else [])]
            with av.open(str(path), "w", format=name, options=options) as out:
                duration_ms = _copy(source, video, {t.index: out.add_stream_from_template(t) for t in tracks}, out)
        _check(path, media)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise CannotCopy(str(error)) from error
    return duration_ms


def _copy(source: Any, video: Any, targets: dict[int, Any], out: Any) -> int:
    first: int | None = None
    end = count = 0
    for packet in source.demux(*(t for t in source.streams if t.index in targets)):
        if packet.size == 0:
            continue  # the end of a track
        count += 1
        if count > PACKETS_MAX:
            raise CannotCopy(f"it has more than {PACKETS_MAX} packets")
        if packet.pts is None:
            raise CannotCopy("it does not say when its pictures are shown")
        if packet.stream.index == video.index:
            first = packet.pts if first is None else min(first, packet.pts)
            end = max(end, packet.pts + (packet.duration or 0))
        packet.stream = targets[packet.stream.index]
        out.mux(packet)
    if first is None:
        raise CannotCopy("it has no picture")
    return max(0, round(float((end - first) * video.time_base) * 1000))


def _check(path: Path, media: Media) -> None:
    """That what was written opens, and its first picture decodes. Raises ValueError, av.error.FFmpegError."""
    if media == "video/mp4":
        check_streamable(path)
    with av.open(str(path), "r", options={"protocol_whitelist": "file"}) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        if next(iter(container.decode(stream)), None) is None:
            raise ValueError("its first picture does not decode")
