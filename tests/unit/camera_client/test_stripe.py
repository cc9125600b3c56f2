import io

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_client.picture import encode_jpeg
from camera_client.stripe import StripeMark, draw_stripe, make_band, read_stripe, stripe_height


def make_noise(width: int, height: int, seed: int = 1) -> np.ndarray:
    """Blurred noise: harder on the encoder than any real scene, but not white."""
    noise = np.random.default_rng(seed).integers(0, 255, (height // 4, width // 4, 3), np.uint8)
    return np.asarray(cv2.resize(noise, (width, height)), np.uint8)


@given(st.integers(0, 2**63 - 1), st.integers(192, 900))
@settings(max_examples=40, deadline=None)
def test_stripe_any_frame_is_read_back(seq: int, width: int) -> None:
    mark = StripeMark.of("demo-face", "session-of-22-letters-", seq)
    picture = np.zeros((64, width, 3), np.uint8)
    draw_stripe(picture, mark)
    assert read_stripe(picture) == mark
    assert mark.seq == seq % 2**32


@pytest.mark.parametrize("quality", [60, 80, 95])
@pytest.mark.parametrize("width", [240, 640])
def test_stripe_after_jpeg_is_read_back(width: int, quality: int) -> None:
    picture = make_noise(width, 240)
    mark = StripeMark.of("cam-abc", "s" * 22, 77)
    draw_stripe(picture, mark)
    decoded = cv2.imdecode(np.frombuffer(encode_jpeg(picture, quality), np.uint8), cv2.IMREAD_COLOR)
    assert read_stripe(np.asarray(decoded, np.uint8)) == mark


@pytest.mark.parametrize("crf", ["23", "30"])
def test_stripe_after_jpeg_and_x264_superfast_is_read_back_from_every_frame(crf: str) -> None:
    marks = [StripeMark.of("cam-abc", "s" * 22, seq * 7919) for seq in range(20)]
    film = io.BytesIO()
    with av.open(film, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 640, 240, "yuv420p"
        stream.options = {"preset": "superfast", "tune": "zerolatency", "crf": crf}
        for number, mark in enumerate(marks):
            picture = make_noise(640, 240, seed=number)
            draw_stripe(picture, mark)
            jpeg = np.frombuffer(encode_jpeg(picture, 80), np.uint8)
            decoded = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)
            frame = av.VideoFrame.from_ndarray(decoded, format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    film.seek(0)
    with av.open(film, "r") as stored:
        pictures = [np.asarray(frame.to_ndarray(format="gray"), np.uint8) for frame in stored.decode(video=0)]
    read = [read_stripe(picture) for picture in pictures]
    assert read == marks


def test_stripe_of_a_picture_without_one_is_none() -> None:
    assert read_stripe(make_noise(640, 480)) is None
    assert read_stripe(np.zeros((480, 640, 3), np.uint8)) is None
    assert read_stripe(np.zeros((8, 640), np.uint8)) is None


def test_stripe_with_one_cell_changed_is_refused_by_its_checksum() -> None:
    picture = np.zeros((64, 640, 3), np.uint8)
    draw_stripe(picture, StripeMark.of("cam-abc", "s" * 22, 5))
    cell = picture[0:8, 80:88]
    cell[:] = 255 - cell
    assert read_stripe(picture) is None


def test_stripe_on_too_narrow_a_picture_raises() -> None:
    with pytest.raises(ValueError, match="192"):
        make_band(191, StripeMark(1, 2, 3))
    assert (stripe_height(192), stripe_height(640)) == (32, 16)
