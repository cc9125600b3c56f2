import cv2
import numpy as np
import pytest

from camera_client.jpeg_band import encode_rows, replace_top
from camera_client.picture import encode_jpeg
from common.jpeg import read_header


def make_picture(width: int, height: int) -> np.ndarray:
    small = np.random.default_rng(3).integers(0, 255, (30, 40, 3), np.uint8)
    return np.asarray(cv2.resize(small, (width, height)), np.uint8)


def decode(data: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture, np.uint8)


@pytest.mark.parametrize(("width", "height"), [(640, 480), (650, 363), (200, 96)])
@pytest.mark.parametrize("band_height", [16, 32])
def test_replaced_band_equals_encoding_the_whole_picture(width: int, height: int, band_height: int) -> None:
    picture, band = make_picture(width, height), np.full((band_height, width, 3), 90, np.uint8)
    whole = picture.copy()
    whole[:band_height] = band
    spliced = replace_top(encode_rows(picture, 80), band, 80)
    assert np.array_equal(decode(spliced), decode(encode_jpeg(whole, 80)))


def test_rows_joined_again_are_a_jpeg_the_ingest_takes() -> None:
    rows = encode_rows(make_picture(640, 480), 80)
    header = read_header(rows.to_bytes())
    assert (header.width, header.height, header.is_progressive, len(rows.rows)) == (640, 480, False, 30)


def test_band_of_part_of_a_row_is_refused() -> None:
    with pytest.raises(ValueError, match="whole rows"):
        replace_top(encode_rows(make_picture(640, 480), 80), np.zeros((8, 640, 3), np.uint8), 80)
