"""How a video file is laid out, from its outermost structures alone: a demuxer does not tell.

ISO/IEC 14496-12 (`ftyp`, `moov`, `mvex`), RFC 8794 (EBML).
"""

import struct
from collections.abc import Iterator
from enum import StrEnum
from typing import IO

HEAD_BYTES = 64
BOXES_MAX = 10_000
_QUICKTIME = b"qt  "


class Layout(StrEnum):
    """`mp4`: with one index for the whole. `fragmented`: an MP4 in pieces, each with an index of its own. `quicktime`:
    MP4's ancestor. `webm`: the Matroska that browsers take."""

    MP4 = "mp4"
    FRAGMENTED = "fragmented"
    QUICKTIME = "quicktime"
    WEBM = "webm"
    MATROSKA = "matroska"
    AVI = "avi"


def layout_of(file: IO[bytes], size: int) -> Layout | None:
    """None for what is none of these. Raises OSError of the file."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return Layout.WEBM if b"webm" in head else Layout.MATROSKA
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return Layout.AVI
    if head[4:8] != b"ftyp" or head[8:12] == _QUICKTIME:
        return Layout.QUICKTIME if len(head) >= 8 and head[4:8].isascii() else None
    movie = next(((start, end) for kind, start, end in _boxes(file, 0, size) if kind == b"moov"), None)
    if movie is not None and any(kind == b"mvex" for kind, _, _ in _boxes(file, *movie)):
        return Layout.FRAGMENTED
    return Layout.MP4


def _boxes(file: IO[bytes], at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of each box in bytes [at, end). Ends where they are not as they should be."""
    for _ in range(BOXES_MAX):
        file.seek(at)
        head = file.read(16)
        if at + 8 > end or len(head) < 8:
            return
        size, kind = struct.unpack_from(">I4s", head)
        start = at + 8
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack_from(">Q", head, 8)
            start = at + 16
        elif size == 0:
            size = end - at
        if at + size > end or start > at + size:
            return
        yield kind, start, at + size
        at += size
