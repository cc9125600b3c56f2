"""What a JPEG's header claims."""

import contextlib
import struct
import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.jpeg import (
    BASELINE_MAX_PIXELS,
    MAX_FILL_BYTES,
    MAX_SCANNED_PIXELS,
    MAX_SCANS,
    MAX_SEGMENTS,
    PROGRESSIVE_MAX_PIXELS,
    JpegHeader,
    NotAJpeg,
    read_header,
)

START, END = b"\xff\xd8", b"\xff\xd9"
BASELINE, EXTENDED, PROGRESSIVE = 0xC0, 0xC1, 0xC2


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def frame_header(
    marker: int = BASELINE, width: int = 64, height: int = 48, components: int = 3, bits: int = 8
) -> bytes:
    return segment(marker, struct.pack(">BHHB", bits, height, width, components) + b"\x01\x11\x00" * components)


SCAN = segment(0xDA, b"\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00") + bytes(100)


def jpeg(*parts: bytes) -> bytes:
    """A file of hand-made segments."""
    return START + b"".join(parts) + END


def encoded(width: int = 64, height: int = 48, *options: int, grey: bool = False) -> bytes:
    """A real picture, as OpenCV writes it."""
    shape = (height, width) if grey else (height, width, 3)
    picture = np.random.default_rng(1).integers(0, 255, shape, dtype=np.uint8)
    worked, data = cv2.imencode(".jpg", picture, list(options))
    assert worked
    return data.tobytes()


def reason_of(data: bytes) -> str:
    with pytest.raises(NotAJpeg) as caught:
        read_header(data)
    assert str(caught.value).endswith(".")
    return caught.value.reason


def test_the_header_of_a_real_picture_is_read() -> None:
    assert read_header(encoded(641, 479)) == JpegHeader(641, 479, 3, False)
    assert read_header(encoded(64, 48, grey=True)) == JpegHeader(64, 48, 1, False)
    assert read_header(encoded(64, 48, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)) == JpegHeader(64, 48, 3, True)
    assert read_header(encoded(64, 48, cv2.IMWRITE_JPEG_RST_INTERVAL, 2)) == JpegHeader(64, 48, 3, False)


def test_bytes_behind_the_end_marker_are_tolerated_as_cameras_pad() -> None:
    assert read_header(encoded() + bytes(500)).width == 64
    assert reason_of(encoded() + bytes(2_000)) == "jpeg_cut"


def test_extended_sequential_of_8_bits_is_taken() -> None:
    assert read_header(jpeg(frame_header(EXTENDED), SCAN)) == JpegHeader(64, 48, 3, False)


@pytest.mark.parametrize(
    "data", [b"", b"\xff", START, b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xd8\xff" + bytes(50), b" " + encoded()]
)
def test_what_does_not_start_like_a_jpeg_is_none(data: bytes) -> None:
    assert reason_of(data) in ("not_jpeg", "jpeg_cut")


def test_a_picture_cut_anywhere_is_refused() -> None:
    data = encoded()
    for length in [*range(2, 700, 7), len(data) // 2, len(data) - 1]:
        assert reason_of(data[:length]) == "jpeg_cut"


def test_a_segment_longer_than_the_file_is_refused() -> None:
    assert reason_of(START + b"\xff\xe0\xff\xff" + bytes(10) + END) == "jpeg_cut"
    assert reason_of(START + b"\xff\xe0\x00\x01" + bytes(10) + END) == "jpeg_cut"
    assert reason_of(START + b"\xff\xe0\x00\x00" + bytes(10) + END) == "jpeg_cut"


def test_a_header_without_picture_is_refused() -> None:
    assert reason_of(START + END) == "jpeg_empty"
    assert reason_of(jpeg(frame_header())) == "jpeg_empty"
    assert reason_of(jpeg(SCAN)) == "jpeg_bad_header"
    assert reason_of(jpeg(frame_header(), frame_header(), SCAN)) == "jpeg_bad_header"
    assert reason_of(jpeg(b"garbage", frame_header(), SCAN)) == "jpeg_bad_header"


@pytest.mark.parametrize("marker", [0x00, 0xD8])
def test_a_marker_that_cannot_stand_in_a_header_is_refused(marker: int) -> None:
    assert reason_of(jpeg(bytes([0xFF, marker]), frame_header(), SCAN)) == "jpeg_bad_header"


@pytest.mark.parametrize(
    ("marker", "width", "height", "reason"),
    [
        (BASELINE, 6_000, 6_000, "jpeg_size"),
        (BASELINE, 65_535, 65_535, "jpeg_size"),
        (BASELINE, 4_000, BASELINE_MAX_PIXELS // 4_000 + 1, "jpeg_size"),
        (PROGRESSIVE, 3_000, PROGRESSIVE_MAX_PIXELS // 3_000 + 1, "jpeg_size"),
        (BASELINE, 0, 48, "jpeg_size"),
        (BASELINE, 64, 0, "jpeg_size"),
    ],
)
def test_a_claim_of_too_many_pixels_or_none_is_refused(marker: int, width: int, height: int, reason: str) -> None:
    """The file itself is a few hundred bytes."""
    assert reason_of(jpeg(frame_header(marker, width, height), SCAN)) == reason


def test_the_largest_pictures_are_taken() -> None:
    assert read_header(jpeg(frame_header(BASELINE, 4_000, 4_000), SCAN)).width == 4_000
    assert read_header(jpeg(frame_header(PROGRESSIVE, 3_000, 2_000), SCAN)).is_progressive


@pytest.mark.parametrize("bits", [0, 2, 12, 16])
def test_other_than_8_bits_are_refused(bits: int) -> None:
    assert reason_of(jpeg(frame_header(EXTENDED, bits=bits), SCAN)) == "jpeg_bits"


@pytest.mark.parametrize("components", [0, 2, 4, 255])
def test_cmyk_and_other_numbers_of_components_are_refused(components: int) -> None:
    assert reason_of(jpeg(frame_header(components=components), SCAN)) == "jpeg_components"


@pytest.mark.parametrize("marker", [0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF])
def test_lossless_hierarchical_and_arithmetic_coding_are_refused(marker: int) -> None:
    assert reason_of(jpeg(frame_header(marker), SCAN)) == "jpeg_coding"


def test_a_frame_header_that_lies_about_its_components_is_refused() -> None:
    body = struct.pack(">BHHB", 8, 48, 64, 3) + b"\x01\x11\x00"
    assert reason_of(jpeg(segment(BASELINE, body), SCAN)) == "jpeg_bad_header"
    assert reason_of(jpeg(segment(BASELINE, b"\x08\x00"), SCAN)) == "jpeg_cut"


def test_progressive_pictures_have_100_scans_at_most() -> None:
    def scans(number: int) -> bytes:
        return jpeg(frame_header(PROGRESSIVE), SCAN * number)

    assert read_header(scans(MAX_SCANS)).is_progressive
    assert reason_of(scans(MAX_SCANS + 1)) == "jpeg_scans"


@pytest.mark.parametrize("marker", [BASELINE, EXTENDED])
def test_pictures_of_one_kind_of_scan_have_100_at_most_too(marker: int) -> None:
    """A scan of 10 bytes costs the decoder a pass over the whole picture: 3 kB can take a second."""
    assert read_header(jpeg(frame_header(marker), SCAN * MAX_SCANS)).width == 64
    assert reason_of(jpeg(frame_header(marker), SCAN * (MAX_SCANS + 1))) == "jpeg_scans"


@pytest.mark.parametrize("between", [b"\xff\x01", b"\xff\xd3", b"\xff\xff", segment(0xFE, b"\xff\xd9"), b"\xff\x00"])
def test_scans_are_found_whatever_stands_between_them(between: bytes) -> None:
    scans = (SCAN + between) * (MAX_SCANS + 1)
    assert reason_of(jpeg(frame_header(PROGRESSIVE), scans)) == "jpeg_scans"


def test_a_baseline_picture_in_several_scans_has_6_mpx_at_most() -> None:
    assert read_header(jpeg(frame_header(BASELINE, 3_000, 2_000), SCAN * 3)).width == 3_000
    assert reason_of(jpeg(frame_header(BASELINE, 3_000, 2_001), SCAN * 3)) == "jpeg_size"
    assert read_header(jpeg(frame_header(BASELINE, 4_000, 4_000), SCAN)).width == 4_000


def test_large_pictures_have_fewer_scans() -> None:
    most = MAX_SCANNED_PIXELS // PROGRESSIVE_MAX_PIXELS
    assert read_header(jpeg(frame_header(PROGRESSIVE, 3_000, 2_000), SCAN * most)).width == 3_000
    assert reason_of(jpeg(frame_header(PROGRESSIVE, 3_000, 2_000), SCAN * (most + 1))) == "jpeg_scans"


def test_scans_of_a_thumbnail_and_behind_the_end_do_not_count() -> None:
    thumbnail = segment(0xE1, b"Exif\x00\x00" + jpeg(frame_header(), SCAN * 3))
    picture = jpeg(thumbnail, frame_header(BASELINE, 4_000, 4_000), SCAN)
    assert read_header(picture).width == 4_000
    assert read_header(picture + jpeg(frame_header(), SCAN * 3)).width == 4_000


def test_a_size_hidden_in_metadata_is_not_believed() -> None:
    thumbnail = segment(0xE1, b"Exif\x00\x00" + encoded(16, 16))
    assert read_header(jpeg(thumbnail, frame_header(), SCAN)) == JpegHeader(64, 48, 3, False)


def test_fill_bytes_before_a_marker_are_skipped_within_reason() -> None:
    assert read_header(jpeg(b"\xff" * 10, frame_header(), SCAN)).width == 64
    assert reason_of(jpeg(b"\xff" * (MAX_FILL_BYTES + 10), frame_header(), SCAN)) == "jpeg_bad_header"


def test_many_segments_before_the_picture_are_refused() -> None:
    assert read_header(jpeg(segment(0xFE, b"hi") * (MAX_SEGMENTS - 10), frame_header(), SCAN)).width == 64
    assert reason_of(jpeg(segment(0xFE, b"hi") * MAX_SEGMENTS, frame_header(), SCAN)) == "jpeg_bad_header"


@pytest.mark.parametrize("piece", [b"\xff", b"\xff\xe0\x00\x02", b"\xff\xd0", b"\xff\xda", b"\x00"])
def test_a_file_made_to_keep_us_busy_is_refused_quickly(piece: bytes) -> None:
    data = START + piece * (2_000_000 // len(piece)) + END
    start = time.perf_counter()
    assert reason_of(data) in ("jpeg_bad_header", "jpeg_cut")
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize("piece", [b"\xff\xc4\x00\x02", b"\xff\x00", b"\xff\xd0", b"\xff\xff", b"\xff\xda\x00\x02"])
def test_a_file_made_to_keep_us_busy_behind_its_first_scan_is_judged_quickly(piece: bytes) -> None:
    data = jpeg(frame_header(), SCAN, piece * (2_000_000 // len(piece)), SCAN)
    start = time.perf_counter()
    with contextlib.suppress(NotAJpeg):
        read_header(data)
    assert time.perf_counter() - start < 0.5


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for candidate in (data, START + data, START + data + END, jpeg(frame_header(), data)):
        try:
            read_header(candidate)
        except NotAJpeg as error:
            assert error.reason  # noqa: PT017  anything else would fail the test


@settings(max_examples=300)
@given(st.data())
def test_a_picture_with_some_bytes_changed_is_read_within_the_limits_or_refused(data: st.DataObject) -> None:
    broken = bytearray(encoded(64, 48, cv2.IMWRITE_JPEG_PROGRESSIVE, data.draw(st.integers(0, 1))))
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, min(700, len(broken) - 1)))] = data.draw(st.integers(0, 255))
    try:
        header = read_header(bytes(broken))
    except NotAJpeg:
        return
    assert header.components in (1, 3)
    assert (
        0 < header.width * header.height <= (PROGRESSIVE_MAX_PIXELS if header.is_progressive else BASELINE_MAX_PIXELS)
    )
    # What the decoder then makes of it is never larger than what was claimed.
    picture = cv2.imdecode(np.frombuffer(bytes(broken), np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is not None:
        assert picture.shape[:2] == (header.height, header.width)
