"""A recorder's clips as continuous spans: what a person calls one recording, and not hundreds of files."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from api_server.clips.records import ClipRecord

BREAK_US = 3_000_000
"""A silence that ends a span, unless the camera's pictures lie further apart than a third of it."""
FRAMES_MISSED = 3


@dataclass(frozen=True, slots=True)
class Span:
    """[start_us, end_us] without a break. `bytes` and `clips`: of what is stored; `duration_ms`: of the pictures."""

    camera: str
    start_us: int
    end_us: int
    duration_ms: int
    bytes: int
    clips: int
    frames: int
    width: int
    height: int
    is_complete: bool

    @property
    def id(self) -> str:
        return f"{self.camera}.{self.start_us // 1000}"


def spans_of(clips: Iterable[ClipRecord]) -> list[Span]:
    """The spans of all cameras, by start. `clips` of one camera in the order of their windows."""
    done: list[Span] = []
    growing: dict[str, Span] = {}
    for clip in clips:
        known = growing.get(clip.camera)
        if known is not None and clip.first_captured_us - known.end_us <= _break_us(clip):
            growing[clip.camera] = _with(known, clip)
            continue
        if known is not None:
            done.append(known)
        growing[clip.camera] = _begun(clip)
    return sorted([*done, *growing.values()], key=lambda span: (span.start_us, span.camera))


def _break_us(clip: ClipRecord) -> int:
    between_us = (clip.last_captured_us - clip.first_captured_us) // max(1, clip.frame_count - 1)
    return max(BREAK_US, FRAMES_MISSED * between_us)


def _begun(clip: ClipRecord) -> Span:
    return Span(
        camera=clip.camera,
        start_us=clip.first_captured_us,
        end_us=clip.last_captured_us,
        duration_ms=clip.duration_ms,
        bytes=clip.video_bytes,
        clips=1,
        frames=clip.frame_count,
        width=clip.width,
        height=clip.height,
        is_complete=clip.complete,
    )


def _with(span: Span, clip: ClipRecord) -> Span:
    return replace(
        span,
        end_us=max(span.end_us, clip.last_captured_us),
        start_us=min(span.start_us, clip.first_captured_us),
        duration_ms=(max(span.end_us, clip.last_captured_us) - min(span.start_us, clip.first_captured_us)) // 1000,
        bytes=span.bytes + clip.video_bytes,
        clips=span.clips + 1,
        frames=span.frames + clip.frame_count,
        is_complete=span.is_complete and clip.complete,
    )
