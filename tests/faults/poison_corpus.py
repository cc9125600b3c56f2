"""Files that are no pictures, or pretend to be larger than they are; and odd ones that a decoder has to survive."""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image

from common.jpeg import MAX_SCANNED_PIXELS, MAX_SCANS, MAX_SEGMENTS, PROGRESSIVE_MAX_PIXELS

START, END = b"\xff\xd8", b"\xff\xd9"
BASELINE, PROGRESSIVE = 0xC0, 0xC2
OTHER_CODINGS = (0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
"""Lossless, hierarchical, arithmetic (ITU-T T.81, table B.1)."""
_SCAN = b"\xff\xda"


@dataclass(frozen=True, slots=True)
class PoisonFile:
    """`is_bad`: must become a dead letter. The others may be mended: they only have to be cheap."""

    name: str
    data: bytes = field(repr=False)
    is_bad: bool = True


def corpus() -> list[PoisonFile]:
    """The same files every time."""
    return [*_no_pictures(), *_cut(), *_headers(), *_real_but_refused(), *_odd()]


def _no_pictures() -> Iterator[PoisonFile]:
    source = np.random.default_rng(7)
    for size in (16, 1_000, 100_000):
        yield PoisonFile(f"garbage of {size} bytes", source.bytes(size))
    for size in (1_000, 100_000):
        yield PoisonFile(f"garbage of {size} bytes in markers", START + source.bytes(size).replace(b"\xff", b"") + END)
    yield PoisonFile("empty", b"")
    yield PoisonFile("zeros", bytes(10_000))
    yield PoisonFile("text", b"this is not a picture\n" * 50)
    picture = np.full((48, 64, 3), 90, np.uint8)
    for ending in ("png", "bmp", "webp"):
        yield PoisonFile(ending, cv2.imencode(f".{ending}", picture)[1].tobytes())
    yield PoisonFile("start only", START)
    yield PoisonFile("start and end", START + END)
    yield PoisonFile("start a thousand times", START * 1_000 + END)
    yield PoisonFile("fill bytes", START + b"\xff" * 100_000 + END)


def _cut() -> Iterator[PoisonFile]:
    whole = encoded(320, 240)
    for percent in (1, 5, 10, 25, 50, 75, 90, 99):
        yield PoisonFile(f"cut at {percent} %", whole[: len(whole) * percent // 100])
    yield PoisonFile("without its end", whole[:-2])


def _headers() -> Iterator[PoisonFile]:
    for width, height in ((30_000, 30_000), (65_535, 65_535), (65_535, 250), (4_001, 4_000), (0, 240), (320, 0)):
        yield PoisonFile(f"claims {width} x {height}", hand_made(frame_header(BASELINE, width, height)))
    yield PoisonFile("progressive, claims 3000 x 2001", hand_made(frame_header(PROGRESSIVE, 3_000, 2_001)))
    for bits in (2, 12, 16):
        yield PoisonFile(f"{bits} bits", hand_made(frame_header(bits=bits)))
    for components in (0, 2, 4, 255):
        yield PoisonFile(f"{components} components", hand_made(frame_header(components=components)))
    for marker in OTHER_CODINGS:
        yield PoisonFile(f"coding {marker:X}", hand_made(frame_header(marker)))
    yield PoisonFile("two frame headers", hand_made(frame_header() + frame_header(BASELINE, 8, 8)))
    yield PoisonFile("no frame header", hand_made(b""))
    yield PoisonFile("segment beyond the file", START + b"\xff\xe1\xff\xff" + bytes(50) + END)
    yield PoisonFile("EXIF bomb", START + segment(0xE1, b"Exif\0\0" + bytes(60)) * (MAX_SEGMENTS + 100) + END)


def _real_but_refused() -> Iterator[PoisonFile]:
    cmyk = io.BytesIO()
    Image.new("CMYK", (320, 240), (10, 20, 30, 40)).save(cmyk, "JPEG")
    yield PoisonFile("real CMYK", cmyk.getvalue())
    progressive = encoded(64, 48, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    for scans in (MAX_SCANS + 1, 1_000):
        yield PoisonFile(f"{scans} scans", with_scans(progressive, scans))
    whole = encoded(320, 240)
    yield PoisonFile("without quantisation tables", without_segments(whole, 0xDB))
    yield PoisonFile("14 kB that refine 6 Mpx a hundred times", refinements(3_000, 2_000, MAX_SCANS))
    for scans in (3, 300):
        yield PoisonFile(f"baseline of {scans} empty scans", empty_scans(4_000, 4_000, scans))


def _odd() -> Iterator[PoisonFile]:
    whole = encoded(320, 240)
    yield PoisonFile("largest baseline", encoded(4_000, 4_000), is_bad=False)
    progressive = encoded(3_000, 2_000, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    yield PoisonFile("largest progressive", progressive, is_bad=False)
    most = MAX_SCANNED_PIXELS // PROGRESSIVE_MAX_PIXELS
    yield PoisonFile("largest progressive, most scans", with_scans(progressive, most), is_bad=False)
    yield PoisonFile("largest progressive, most refinements", refinements(3_000, 2_000, most), is_bad=False)
    yield PoisonFile("smaller progressive, most refinements", refinements(1_200, 1_000, MAX_SCANS), is_bad=False)
    yield PoisonFile("largest baseline in several scans", empty_scans(3_000, 2_000, most), is_bad=False)
    yield PoisonFile("690 bytes that claim 4000 x 4000", resized(encoded(8, 8), 4_000, 4_000), is_bad=False)
    yield PoisonFile("claims less than it holds", resized(whole, 32, 24), is_bad=False)
    yield PoisonFile(
        "1 MiB of metadata", START + segment(0xE1, b"Exif\0\0" + bytes(60_000)) * 18 + whole[2:], is_bad=False
    )
    yield PoisonFile("without Huffman tables", without_segments(whole, 0xC4), is_bad=False)
    source = np.random.default_rng(3)
    for number in range(5):
        spoilt = bytearray(whole)
        for at in source.integers(600, len(whole) - 2, 40):
            spoilt[at] = int(source.integers(0, 256))
        yield PoisonFile(f"spoilt picture data {number}", bytes(spoilt), is_bad=False)


def encoded(width: int, height: int, *options: int) -> bytes:
    """A real picture with something in it."""
    ramp = np.linspace(0, 255, width, dtype=np.uint8)
    picture = np.repeat(np.tile(ramp, (height, 1))[:, :, None], 3, axis=2)
    worked, data = cv2.imencode(".jpg", picture, list(options))
    if not worked:
        raise RuntimeError("OpenCV does not write JPEG")
    return data.tobytes()


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def frame_header(
    marker: int = BASELINE, width: int = 320, height: int = 240, components: int = 3, bits: int = 8
) -> bytes:
    return segment(marker, struct.pack(">BHHB", bits, height, width, components) + b"\x01\x11\x00" * components)


def hand_made(header: bytes) -> bytes:
    """A file with this header and a scan of zeros."""
    scan = segment(0xDA, b"\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00") + bytes(200)
    return START + header + scan + END


def with_scans(progressive: bytes, count: int) -> bytes:
    """The same file with its first scan repeated until there are `count`."""
    first = progressive.index(_SCAN)
    second = progressive.index(_SCAN, first + 2)
    # Between two scans may stand the tables of the next one: they are repeated with it.
    missing = count - progressive.count(_SCAN)
    return progressive[:second] + progressive[first:second] * missing + progressive[second:]


def refinements(width: int, height: int, scans: int) -> bytes:
    """A progressive grey picture whose scans refine coefficients that are all zero: a few bytes each, and a pass over
    all of them (ITU-T T.81, G.1.2.3: one run of ends-of-band covers 32,767 blocks)."""
    blocks = ((width + 7) // 8) * ((height + 7) // 8)
    frame = segment(PROGRESSIVE, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00")
    tables = _ONES + _one_code(0x00, 0x00) + _one_code(0x10, 0xE0)
    first = segment(0xDA, b"\x01\x01\x00\x00\x00\x01") + bytes((blocks + 7) // 8)
    bits, left = "", blocks
    while left > 0:
        run = max(1 << 14, min(left, 32_767))
        bits += "0" + format(run - (1 << 14), "014b")
        left -= run
    bits += "0" * (-len(bits) % 8)
    body = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)).replace(b"\xff", b"\xff\x00")
    band = b"".join(
        segment(0xDA, b"\x01\x01\x00\x01\x3f" + (b"\x10" if n else b"\x01")) + body for n in range(scans - 1)
    )
    return START + tables + frame + first + band + END


def empty_scans(width: int, height: int, scans: int) -> bytes:
    """A baseline picture in scans of one component and no data: ten bytes each, and a pass over the picture."""
    components = b"".join(bytes((number, 0x11, 0)) for number in (1, 2, 3))
    frame = segment(BASELINE, struct.pack(">BHHB", 8, height, width, 3) + components)
    tables = _ONES + _one_code(0x00, 0x00) + _one_code(0x10, 0x00)
    parts = [segment(0xDA, bytes((1, 1 + number % 3, 0, 0, 63, 0))) for number in range(scans)]
    return START + tables + frame + b"".join(parts) + END


def _one_code(table: int, symbol: int) -> bytes:
    """A Huffman table whose only code, `0`, means `symbol`."""
    return segment(0xC4, bytes((table, 1)) + bytes(15) + bytes((symbol,)))


def without_segments(data: bytes, marker: int) -> bytes:
    """The file without the segments of one kind before its picture."""
    at, kept = 2, START
    while data[at + 1] != 0xDA:
        length = 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] != marker:
            kept += data[at : at + length]
        at += length
    return kept + data[at:]


_ONES = segment(0xDB, bytes(1) + b"\x01" * 64)
"""A quantisation table."""


def resized(data: bytes, width: int, height: int) -> bytes:
    """The same file with another claim in its frame header."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]
