"""A PNG is known by its header, and a decoder gets nothing else of it."""

import struct
import zlib

import cv2
import numpy as np
import pytest

from common.png import MAX_CHUNKS, SIGNATURE, NotAPng, PngHeader, bare_png, read_png_header


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def make_png(width: int = 8, height: int = 4, depth: int = 8, colour: int = 2, *, interlace: int = 0) -> bytes:
    """Claims that size; its data are those of one row."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    data = zlib.compress(b"\x00" * 25 * 4)
    return SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND")


def test_header_of_a_real_file_is_its_size() -> None:
    data = cv2.imencode(".png", np.zeros((30, 40, 3), np.uint8))[1].tobytes()
    assert read_png_header(data) == PngHeader(40, 30)
    decoded = cv2.imdecode(np.frombuffer(bare_png(data), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape == (30, 40, 3)


def test_bare_png_has_no_text_and_no_profile() -> None:
    data = make_png()
    bomb = chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 10**6)) + chunk(
        b"iCCP", b"x\0\0" + zlib.compress(b"\0" * 10**6)
    )
    fat = data[:33] + bomb + data[33:]
    assert read_png_header(fat) == PngHeader(8, 4)
    assert bare_png(fat) == data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not_png"),
        (b"\xff\xd8\xff", "not_png"),
        (SIGNATURE, "png_cut"),
        (make_png()[:-1], "png_cut"),
        (SIGNATURE + chunk(b"IHDR", make_png()[16:29]) + chunk(b"IEND"), "png_cut"),
        (SIGNATURE + chunk(b"IDAT", b"x") + chunk(b"IEND"), "png_bad_header"),
        (make_png(6000, 6000), "png_size"),
        (make_png(0, 10), "png_size"),
        (make_png(2**31 - 1, 2**31 - 1), "png_size"),
        (make_png(3000, 3000, 16), "png_size"),
        (make_png(3000, 3000, interlace=1), "png_size"),
        (make_png(depth=3), "png_bad_header"),
        (make_png(colour=5), "png_bad_header"),
        (make_png(interlace=2), "png_bad_header"),
        (SIGNATURE + b"\xff\xff\xff\xffIHDR", "png_cut"),
        (make_png()[:-12] + chunk(b"tEXt") * MAX_CHUNKS + chunk(b"IEND"), "png_bad_header"),
    ],
)
def test_header_that_lies_or_is_cut_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(NotAPng) as refused:
        read_png_header(data)
    assert refused.value.reason == reason
    assert str(refused.value).endswith(".")
