"""What a JPEG's header claims, read without decoding (ITU-T T.81, annex B).

A 690-byte file can claim 6,000 x 6,000 pixels: the claim is checked before any decoder sees the bytes.
"""

import re
from dataclasses import dataclass

BASELINE_MAX_PIXELS = 16_000_000
PROGRESSIVE_MAX_PIXELS = 6_000_000
MAX_SCANS = 100
MAX_SCANNED_PIXELS = 120_000_000
"""Pixels times scans of a picture in several scans: each scan may cost a pass over all of them (measured: 1 ms a
million, whatever it holds), and a scan of 20 bytes is a scan. Usual progressive pictures have 6 or 10."""
MAX_SEGMENTS = 500
"""Before the first scan. Cameras write about ten; metadata of 64 KiB pieces stays far below."""
MAX_LATER_SEGMENTS = 500
"""From the first scan on: every scan may bring tables of its own. A file with more counts as one of too many scans."""
MAX_FILL_BYTES = 64
_SOF_BASELINE = frozenset({0xC0, 0xC1})
_SOF_PROGRESSIVE = 0xC2
_SOF_ANY = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
_NEVER_IN_HEADER = frozenset({0x00, 0xD8, 0xFF})
"""Stuffing, a second start, and more fill bytes than anybody writes."""
_START_OF_SCAN = 0xDA
_SCAN_MARKER = b"\xff\xda"
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]", re.DOTALL)
"""Of a segment behind a scan's data: neither a stuffed byte, nor fill, nor a marker that stands alone."""
_END = 0xD9


class NotAJpeg(ValueError):
    """`reason` is a short machine-readable word, the text a sentence."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """Size in pixels, number of colour components (1 or 3), and whether the picture is built up in several scans."""

    width: int
    height: int
    components: int
    is_progressive: bool


def read_header(data: bytes) -> JpegHeader:
    """Check markers and header of a whole JPEG file. Raises NotAJpeg; never decodes, and looks at 500 segments before
    the picture at most.

    Refused: no start or end marker, cut segments, other than 8 bits, other than 1 or 3 components, lossless,
    arithmetic or hierarchical coding, more than 16 Mpx in one scan or 6 Mpx in several (the decoder then holds all
    coefficients), more than 100 scans or 120 million scanned pixels, more than 500 segments before the picture.
    """
    if data[:2] != b"\xff\xd8":
        raise NotAJpeg("not_jpeg", "The body does not start like a JPEG.")
    if b"\xff\xd9" not in data[-1024:]:
        raise NotAJpeg("jpeg_cut", "The JPEG has no end marker: it is cut.")
    header, at = _header_before_scan(data)
    pixels = header.width * header.height
    scans = 1 + _further_scans(data, at)
    if scans > MAX_SCANS:
        raise NotAJpeg("jpeg_scans", f"The JPEG has more than {MAX_SCANS} scans.")
    if scans > 1 and pixels > PROGRESSIVE_MAX_PIXELS:
        raise _too_large(header.width, header.height, PROGRESSIVE_MAX_PIXELS)
    if scans > 1 and pixels * scans > MAX_SCANNED_PIXELS:
        raise NotAJpeg("jpeg_scans", f"The JPEG has {scans} scans of {pixels} pixels, which takes too long to decode.")
    return header


def _further_scans(data: bytes, at: int) -> int:
    """Scans behind the first, whose data begin at `at`. Where there are too many segments: too many scans.

    Markers are followed, not counted: a thumbnail or a second picture behind the end has scans of its own.
    """
    if data.find(_SCAN_MARKER, at) < 0:  # one scan, as cameras write: nothing to follow
        return 0
    count = 0
    for _ in range(MAX_LATER_SEGMENTS):
        found = _MARKER.search(data, at)
        if found is None or data[found.start() + 1] == _END:
            return count
        at = found.end()
        if data[at - 1] == _START_OF_SCAN:
            count += 1
        at += max(2, int.from_bytes(data[at : at + 2], "big"))
    return MAX_SCANS


def _header_before_scan(data: bytes) -> tuple[JpegHeader, int]:
    """The frame header, and where the data of the first scan begin."""
    header: JpegHeader | None = None
    at = 2
    for _ in range(MAX_SEGMENTS):
        at, marker = _next_marker(data, at)
        if marker == _END:
            raise NotAJpeg("jpeg_empty", "The JPEG ends before its picture begins.")
        if marker in _NEVER_IN_HEADER:
            raise NotAJpeg("jpeg_bad_header", "The JPEG has a marker where none can be.")
        if marker in _WITHOUT_LENGTH:
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2 or at + length > len(data):
            raise NotAJpeg("jpeg_cut", "A segment of the JPEG is longer than the file.")
        if marker in _SOF_ANY:
            if header is not None:
                raise NotAJpeg("jpeg_bad_header", "The JPEG has two frame headers.")
            header = _frame_header(marker, data[at + 2 : at + length])
        at += length
        if marker == _START_OF_SCAN:
            if header is None:
                raise NotAJpeg("jpeg_bad_header", "The JPEG has no frame header.")
            return header, at
    raise NotAJpeg("jpeg_bad_header", f"The JPEG has more than {MAX_SEGMENTS} segments before its picture.")


def _next_marker(data: bytes, at: int) -> tuple[int, int]:
    if data[at : at + 1] != b"\xff":
        raise NotAJpeg("jpeg_bad_header", "The JPEG's segments do not follow one another.")
    end = at + MAX_FILL_BYTES
    while data[at : at + 1] == b"\xff" and at < end:
        at += 1
    if at >= len(data):
        raise NotAJpeg("jpeg_cut", "The JPEG is cut in its header.")
    return at + 1, data[at]


def _frame_header(marker: int, body: bytes) -> JpegHeader:
    if marker not in _SOF_BASELINE and marker != _SOF_PROGRESSIVE:
        raise NotAJpeg("jpeg_coding", "Only baseline and progressive Huffman JPEGs are taken.")
    if len(body) < 6:
        raise NotAJpeg("jpeg_cut", "The JPEG's frame header is cut.")
    bits, components = body[0], body[5]
    if len(body) != 6 + 3 * components:
        raise NotAJpeg("jpeg_bad_header", "The JPEG's frame header does not describe its components.")
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    if bits != 8:
        raise NotAJpeg("jpeg_bits", "Only JPEGs of 8 bits a sample are taken.")
    if components not in (1, 3):
        raise NotAJpeg("jpeg_components", "Only grey and three-component JPEGs are taken.")
    is_progressive = marker == _SOF_PROGRESSIVE
    most = PROGRESSIVE_MAX_PIXELS if is_progressive else BASELINE_MAX_PIXELS
    if width == 0 or height == 0 or width * height > most:
        raise _too_large(width, height, most)
    return JpegHeader(width, height, components, is_progressive)


def _too_large(width: int, height: int, most: int) -> NotAJpeg:
    return NotAJpeg("jpeg_size", f"The JPEG claims {width} x {height} pixels; at most {most} are taken.")
