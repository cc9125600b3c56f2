"""The pictures of one stretch of a stored video."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

import av

from common.contracts.segment_job import Source
from common.errors import Transient
from consumers.jobs.plan import UnusableVideo
from consumers.pipeline.analysis import Picture
from consumers.pipeline.media_file import to_bgr


@dataclass(frozen=True, slots=True)
class StretchFrame:
    """`pts_ms`: from the start of the stretch."""

    pts_ms: int
    picture: Picture = field(repr=False)


def read_stretch(file: BinaryIO, source: Source) -> Iterator[StretchFrame]:
    """Decode [pts_a_ms, pts_b_ms), times from the video's first frame. Raises UnusableVideo, and what `file` raises."""
    try:
        with av.open(file, mode="r", metadata_errors="replace") as container:
            stream = cast(Any, container.streams.video[0])
            stream.codec_context.thread_count = 1
            to_ms = float(stream.time_base) * 1000
            first = _first_pts(container, stream)
            container.seek(first + round(source.pts_a_ms / to_ms), backward=True, stream=stream)
            last_ms = -1
            for frame in container.decode(stream):
                at_ms = round((frame.pts - first) * to_ms) if frame.pts is not None else last_ms + 1
                if at_ms < source.pts_a_ms:
                    continue
                if source.pts_b_ms is not None and at_ms >= source.pts_b_ms:
                    return
                last_ms = max(last_ms + 1, at_ms - source.pts_a_ms)
                yield StretchFrame(last_ms, to_bgr(frame))
    except av.error.FFmpegError as error:
        if isinstance(error.__cause__, Transient):
            raise error.__cause__ from error
        raise UnusableVideo(f"The video cannot be decoded: {error.strerror}.") from error


def _first_pts(container: Any, stream: Any) -> int:
    """Presentation time of the first frame, in the stream's time base: the same zero as `read_facts` counts from."""
    if stream.start_time is not None:
        return int(stream.start_time)
    for packet in container.demux(stream):
        if packet.pts is not None:
            return int(packet.pts)
    raise UnusableVideo("The video has no frame with a time.")
