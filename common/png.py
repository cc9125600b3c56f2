"""What a PNG's header claims, read without decoding (W3C PNG, third edition), and a copy without its extras.

Ancillary chunks may hold compressed text and profiles of any size: a decoder is given none of them.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PIXELS = 16_000_000
DEEP_MAX_PIXELS = 6_000_000
"""Of 16 bits a sample, or interlaced: the decoder then holds the whole picture at its full depth."""
MAX_CHUNKS = 20_000
"""Encoders write a picture in pieces of 8 KiB or more."""
_CRITICAL = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
"""Colour type -> bits a sample (table 12)."""


class NotAPng(ValueError):
    """`reason` is a short machine-readable word, the text a sentence."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PngHeader:
    """Size in pixels."""

    width: int
    height: int


def read_png_header(data: bytes) -> PngHeader:
    """Check signature, chunks and header of a whole PNG file. Raises NotAPng; never decodes."""
    kinds = [kind for kind, _ in _chunks(data)]
    if not kinds or kinds[0] != b"IHDR" or kinds.count(b"IHDR") != 1:
        raise NotAPng("png_bad_header", "The PNG does not begin with one header.")
    if kinds[-1] != b"IEND" or b"IDAT" not in kinds:
        raise NotAPng("png_cut", "The PNG has no picture, or no end: it is cut.")
    return _header(data[16:29])


def bare_png(data: bytes) -> bytes:
    """The same picture, with nothing in the file but what makes it. Raises NotAPng."""
    read_png_header(data)
    return SIGNATURE + b"".join(chunk for kind, chunk in _chunks(data) if kind in _CRITICAL)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and bytes of every chunk, up to the end marker."""
    if not data.startswith(SIGNATURE):
        raise NotAPng("not_png", "The body does not start like a PNG.")
    at = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        if at + 12 > len(data):
            raise NotAPng("png_cut", "The PNG is cut.")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if length >= 2**31 or end > len(data):
            raise NotAPng("png_cut", "A chunk of the PNG is longer than the file.")
        yield kind, data[at:end]
        if kind == b"IEND":
            return
        at = end
    raise NotAPng("png_bad_header", f"The PNG has more than {MAX_CHUNKS} chunks.")


def _header(body: bytes) -> PngHeader:
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", body)
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise NotAPng("png_bad_header", "The PNG's header describes no picture there is.")
    most = DEEP_MAX_PIXELS if depth == 16 or interlace else MAX_PIXELS
    if width == 0 or height == 0 or width * height > most:
        raise NotAPng("png_size", f"The PNG claims {width} x {height} pixels; at most {most} are taken.")
    return PngHeader(width, height)
