"""What a Matroska or WebM file says of itself, from the elements before its pictures. Nothing is decoded.

RFC 8794 (EBML), RFC 9559 (Matroska: `Segment`, `Info`, `Tracks`).
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from api_server.recordings.codec import of_matroska
from api_server.recordings.file_facts import FileFacts

_SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_SCALE, _DURATION = 0x2AD7B1, 0x4489
_TRACK, _KIND, _CODEC, _VIDEO, _WIDTH, _HEIGHT = 0xAE, 0x83, 0x86, 0xE0, 0xB0, 0xBA
_IS_VIDEO = 1
_USUAL_SCALE_NS = 1_000_000
ELEMENTS_MAX = 1_000
"""Of one level: what comes before the pictures has few."""
VALUE_MAX_BYTES = 64


@dataclass(frozen=True, slots=True)
class _Element:
    """Bytes [start, end) of the file are its content."""

    id: int
    start: int
    end: int


def read_matroska(file: IO[bytes], size: int) -> FileFacts:
    """Raises ValueError, struct.error when its elements are not as they should be."""
    segment = next((one for one in _elements(file, 0, size) if one.id == _SEGMENT), None)
    duration_ms: int | None = None
    track = FileFacts()
    for one in _elements(file, segment.start, segment.end) if segment is not None else ():
        if one.id == _CLUSTER:
            break
        if one.id == _INFO:
            duration_ms = _duration_ms(file, one)
        elif one.id == _TRACKS:
            track = _first_video(file, one)
    return FileFacts(duration_ms, track.width, track.height, track.codec)


def _duration_ms(file: IO[bytes], info: _Element) -> int | None:
    said = {one.id: _value(file, one) for one in _elements(file, info.start, info.end)}
    scale_ns = int.from_bytes(said[_SCALE][:8], "big") if _SCALE in said else _USUAL_SCALE_NS
    raw = said.get(_DURATION, b"")
    if len(raw) not in (4, 8):
        return None
    (length,) = struct.unpack(">f" if len(raw) == 4 else ">d", raw)
    length_ms = float(length) * scale_ns / 1e6
    return round(length_ms) if math.isfinite(length_ms) else None


def _first_video(file: IO[bytes], tracks: _Element) -> FileFacts:
    for track in _elements(file, tracks.start, tracks.end):
        if track.id != _TRACK:
            continue
        inner = {one.id: one for one in _elements(file, track.start, track.end)}
        if _KIND not in inner or _number(file, inner[_KIND]) != _IS_VIDEO:
            continue
        video = inner.get(_VIDEO)
        picture = {one.id: one for one in _elements(file, video.start, video.end)} if video is not None else {}
        width, height = (_number(file, picture[side]) if side in picture else 0 for side in (_WIDTH, _HEIGHT))
        codec = of_matroska(_value(file, inner[_CODEC])) if _CODEC in inner else None
        return FileFacts(None, width or None, height or None, codec)
    return FileFacts()


def _elements(file: IO[bytes], at: int, end: int) -> Iterator[_Element]:
    """Of bytes [at, end), one level. One of unknown length reaches to the end."""
    for _ in range(ELEMENTS_MAX):
        if at >= end:
            return
        file.seek(at)
        head = file.read(12)
        id_bytes = _width_of(head, 0, 4)
        length_bytes = _width_of(head, id_bytes, 8)
        start = at + id_bytes + length_bytes
        raw = int.from_bytes(head[id_bytes : id_bytes + length_bytes], "big")
        mask = (1 << 7 * length_bytes) - 1
        is_unknown = raw & mask == mask
        stop = end if is_unknown else start + (raw & mask)
        if stop > end:
            if not is_unknown and start < end:
                stop = end  # a file that was cut: what is there is looked at
            else:
                raise ValueError("an element is longer than what holds it")
        yield _Element(int.from_bytes(head[:id_bytes], "big"), start, stop)
        at = stop


def _width_of(head: bytes, at: int, most: int) -> int:
    """Of a number of variable width: one more than the zeros before its first one."""
    width = 9 - head[at].bit_length() if at < len(head) else 9
    if width > most or at + width > len(head):
        raise ValueError("no element")
    return width


def _value(file: IO[bytes], element: _Element) -> bytes:
    file.seek(element.start)
    return file.read(min(VALUE_MAX_BYTES, element.end - element.start))


def _number(file: IO[bytes], element: _Element) -> int:
    return int.from_bytes(_value(file, element)[:8], "big")
