"""Cutting recorded video into parts at key frames, so that every part can be decoded on its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import av

from common.contracts.segment_job import PARTS_MAX, PartJob, PlanJob, Source
from common.errors import LookoutError

PART_MS = 15_000
"""Length aimed at: short enough that a kill repeats little and that parts spread over workers, long enough that opening
a video and an encoder costs little beside it."""
MAX_DURATION_MS = 24 * 3_600_000


class UnusableVideo(LookoutError):
    """The video cannot be worked on; the text is a sentence for the person who asked."""


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """Read from packets without decoding. Times in ms from the first frame; `end_ms` is after the last frame."""

    key_frames_ms: tuple[int, ...]
    end_ms: int
    frame_count: int
    width: int
    height: int


def read_facts(file: BinaryIO) -> VideoFacts:
    """Demux the first video stream. Raises UnusableVideo; OSError and Transient of the file pass through."""
    try:
        with av.open(file, mode="r", metadata_errors="replace") as container:
            if not container.streams.video:
                raise UnusableVideo("The file has no video track.")
            stream = container.streams.video[0]
            if stream.time_base is None or not stream.codec_context.width:
                raise UnusableVideo("The video track has no time base or no size.")
            to_ms = float(stream.time_base) * 1000
            times: list[int] = []
            keys: list[int] = []
            for packet in container.demux(stream):
                if packet.pts is None:
                    continue
                times.append(packet.pts)
                if packet.is_keyframe:
                    keys.append(packet.pts)
            width, height = stream.codec_context.width, stream.codec_context.height
    except av.error.FFmpegError as error:
        raise UnusableVideo(f"The file cannot be read as a video: {error.strerror}.") from error
    if not times or not keys:
        raise UnusableVideo("The video has no frame that can be decoded on its own.")
    first = min(times)
    spacing = (max(times) - first) / max(1, len(times) - 1)
    end_ms = round((max(times) - first + spacing) * to_ms) + 1
    if end_ms > MAX_DURATION_MS:
        raise UnusableVideo("The video is longer than 24 hours.")
    return VideoFacts(tuple(sorted({round((k - first) * to_ms) for k in keys})), end_ms, len(times), width, height)


def cut(facts: VideoFacts, source: Source, part_ms: int = PART_MS) -> list[Source]:
    """Stretches of `source`, in order, without overlap or hole; each but the first begins at a key frame."""
    end_ms = min(facts.end_ms, source.pts_b_ms if source.pts_b_ms is not None else facts.end_ms)
    starts = [source.pts_a_ms]
    for key_ms in facts.key_frames_ms:
        if key_ms - starts[-1] >= part_ms and key_ms < end_ms:
            starts.append(key_ms)
    ends = [*starts[1:], end_ms]
    return [
        source.model_copy(update={"pts_a_ms": a, "pts_b_ms": b}) for a, b in zip(starts, ends, strict=True) if b > a
    ]


def plan_parts(job: PlanJob, facts: Sequence[VideoFacts], part_ms: int = PART_MS) -> list[PartJob]:
    """The part jobs of a plan: the same plan always gives the same parts. Raises UnusableVideo."""
    stretches = [s for source, fact in zip(job.sources, facts, strict=True) for s in cut(fact, source, part_ms)]
    if not stretches:
        raise UnusableVideo("Nothing was recorded in that time.")
    if len(stretches) > PARTS_MAX:
        raise UnusableVideo(f"The query needs {len(stretches)} parts, more than {PARTS_MAX}. Ask for less time.")
    jobs = []
    offset_ms = 0
    for part, stretch in enumerate(stretches):
        jobs.append(
            PartJob(
                work=job.work,
                part=part,
                parts=len(stretches),
                source=stretch,
                offset_ms=offset_ms,
                width=facts[0].width,
                height=facts[0].height,
            )
        )
        offset_ms += (stretch.pts_b_ms or 0) - stretch.pts_a_ms
    return jobs
