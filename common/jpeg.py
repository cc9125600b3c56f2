"""What a JPEG's header claims, read without decoding (ITU-T T.81, annex B).

A 690-byte file can claim 6,000 x 6,000 pixels: the claim is checked before any decoder sees the bytes.
"""

from dataclasses import dataclass

BASELINE_MAX_PIXELS = 16_000_000
PROGRESSIVE_MAX_PIXELS = 6_000_000
MAX_SCANS = 100
MAX_SEGMENTS = 500
"""Before the first scan. Cameras write about ten; metadata of 64 KiB pieces stays far below."""
MAX_FILL_BYTES = 64
_SOF_BASELINE = frozenset({0xC0, 0xC1})
_SOF_PROGRESSIVE = 0xC2
_SOF_ANY = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
_NEVER_IN_HEADER = frozenset({0x00, 0xD8, 0xFF})
"""Stuffing, a second start, and more fill bytes than anybody writes."""
_START_OF_SCAN = 0xDA
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
    """Check markers and header of a whole JPEG file. Raises NotAJpeg; never decodes, and looks at 500 segments at most.

    Refused: no start or end marker, cut segments, other than 8 bits, other than 1 or 3 components, lossless,
    arithmetic or hierarchical coding, more than 16 Mpx baseline or 6 Mpx progressive, more than 100 scans, more than
    500 segments before the picture.
    """
    if data[:2] != b"\xff\xd8":
        raise NotAJpeg("not_jpeg", "The body does not start like a JPEG.")
    if b"\xff\xd9" not in data[-1024:]:
        raise NotAJpeg("jpeg_cut", "The JPEG has no end marker: it is cut.")
    header = _header_before_scan(data)
    if header.is_progressive and data.count(b"\xff\xda") > MAX_SCANS:
        raise NotAJpeg("jpeg_scans", f"The JPEG has more than {MAX_SCANS} scans.")
    return header


def _header_before_scan(data: bytes) -> JpegHeader:
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
            return header
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
        raise NotAJpeg("jpeg_size", f"The JPEG claims {width} x {height} pixels; at most {most} are taken.")
    return JpegHeader(width, height, components, is_progressive)
