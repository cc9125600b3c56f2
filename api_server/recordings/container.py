"""Which kind of video file this is, from its first bytes, and what it says of itself. Nothing is decoded.

ISO/IEC 14496-12 (boxes, `mvhd`, `tkhd`, `stsd`), RFC 8794 (EBML), Microsoft's RIFF.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from api_server.recordings.avi import read_avi
from api_server.recordings.codec import of_fourcc
from api_server.recordings.file_facts import FileFacts
from api_server.recordings.matroska import read_matroska

HEAD_BYTES = 64
BOXES_MAX = 10_000
"""Of one level: a file that has more is no recording, and this does not look for its end."""
MOVIE_MAX_BYTES = 64 * 1024 * 1024
"""A `moov` of a day of video has a few MB."""
_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
MEDIA = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "webm": "video/webm",
    "avi": "video/x-msvideo",
}


def container_of(head: bytes) -> str | None:
    """One of `MEDIA`, from the first HEAD_BYTES; None for what is no video file that we take."""
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "webm" if b"webm" in head else "mkv"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if len(head) >= 12 and head[4:8] in _FIRST_BOXES:
        return "mp4" if head[4:8] == b"ftyp" and head[8:12] != b"qt  " else "mov"
    return None


def read_facts(file: IO[bytes], size: int) -> FileFacts:
    """Nothing when its headers are not as they should be. Never reads more than headers."""
    try:
        file.seek(0)
        container = container_of(file.read(HEAD_BYTES))
        if container in ("mkv", "webm"):
            return read_matroska(file, size).plausible()
        return read_avi(file).plausible() if container == "avi" else _read_movie(file, size).plausible()
    except (struct.error, ValueError):
        return FileFacts()


def _read_movie(file: IO[bytes], size: int) -> FileFacts:
    """Of an MP4 or MOV file. Raises ValueError, struct.error when its boxes are not as they should be."""
    movie = next((box for box in boxes(file, 0, size) if box.kind == b"moov"), None)
    if movie is None or movie.end - movie.start > MOVIE_MAX_BYTES:
        return FileFacts()
    duration_ms = width = height = codec = None
    for box in boxes(file, movie.start, movie.end):
        if box.kind == b"mvhd":
            duration_ms = _duration_ms(_read(file, box, 32))
        elif box.kind == b"trak" and not width:
            header = _inside(file, box, b"tkhd")
            width, height = _size(_read(file, header, 104)) if header is not None else (None, None)
            codec = _codec(file, box) if width else None
    return FileFacts(duration_ms, width, height, codec)


@dataclass(frozen=True, slots=True)
class Box:
    """The content of a box: bytes [start, end) of the file."""

    kind: bytes
    start: int
    end: int


def boxes(file: IO[bytes], at: int, end: int) -> Iterator[Box]:
    """The boxes of bytes [at, end), one level. Raises ValueError, struct.error when they are not as they should be."""
    for _ in range(BOXES_MAX):
        if at + 8 > end:
            return
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        start = at + 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            start = at + 16
        elif size == 0:
            size = end - at
        if at + size > end or start > at + size:
            raise ValueError("a box is longer than what holds it")
        yield Box(kind, start, at + size)
        at += size


def _inside(file: IO[bytes], box: Box, *path: bytes) -> Box | None:
    """The first box under `path`, one kind a level."""
    found: Box | None = box
    for kind in path:
        found = next((one for one in boxes(file, found.start, found.end) if one.kind == kind), None) if found else None
    return found


def _codec(file: IO[bytes], track: Box) -> str | None:
    """Of the first sample entry of a track."""
    entries = _inside(file, track, b"mdia", b"minf", b"stbl", b"stsd")
    head = _read(file, entries, 16) if entries is not None else b""
    return of_fourcc(head[12:16]) if len(head) == 16 else None


def _read(file: IO[bytes], box: Box, most: int) -> bytes:
    file.seek(box.start)
    return file.read(min(most, box.end - box.start))


def _duration_ms(header: bytes) -> int | None:
    """Of an `mvhd`: version, flags, two times, time scale, duration."""
    scale, duration = struct.unpack_from(">IQ", header, 20) if header[0] == 1 else struct.unpack_from(">II", header, 12)
    # All ones: not known, as in files that are written in fragments.
    is_known = scale > 0 and 0 < duration < (2**64 - 1 if header[0] == 1 else 2**32 - 1)
    return round(duration * 1000 / scale) if is_known else None


def _size(header: bytes) -> tuple[int | None, int | None]:
    """Of a `tkhd`: its last two fields, 16.16 fixed point; an audio track has zeros."""
    at = 88 if header[0] == 1 else 76
    width, height = struct.unpack_from(">II", header, at)
    return (width >> 16, height >> 16) if width and height else (None, None)
