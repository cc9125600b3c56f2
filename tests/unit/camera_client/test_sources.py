import time
from collections.abc import Generator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from camera_client.folder import FolderSource
from camera_client.live import LiveSource, address_shots
from camera_client.picture import encode_jpeg, fit
from camera_client.shutter import SourceShutter
from camera_client.source import Shot, SourceEnded
from camera_client.source_spec import open_source
from camera_client.stripe import StripeMark, read_stripe
from camera_client.video_file import VideoFileSource
from common.errors import ConfigurationError, Transient

MARK = StripeMark(1, 2, 3)


def make_grey(level: int, width: int = 320, height: int = 240) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def make_film(path: Path, frames: int, fps: int = 10) -> None:
    """Frame n is of grey level 20 + 10 n."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(make_grey(20 + 10 * number), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def frame_number(shot: Shot | None) -> int | None:
    return None if shot is None else round((float(shot.picture().mean()) - 20) / 10)


def test_film_is_shown_at_its_real_pace_and_starts_again(tmp_path: Path) -> None:
    make_film(tmp_path / "a.mp4", frames=10)
    source = VideoFileSource(tmp_path / "a.mp4", once=False)
    shown = [frame_number(source.shot_at(t)) for t in (0.0, 0.05, 0.1, 0.45, 0.91, 1.01, 1.31, 5.25)]
    assert shown == [0, None, 1, 4, 9, 0, 3, 2]
    source.close()


def test_film_once_ends_after_its_last_frame(tmp_path: Path) -> None:
    make_film(tmp_path / "a.mp4", frames=3)
    source = VideoFileSource(tmp_path / "a.mp4", once=True)
    assert [frame_number(source.shot_at(n / 10)) for n in range(3)] == [0, 1, 2]
    with pytest.raises(SourceEnded):
        source.shot_at(0.5)


def test_film_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no film" * 100)
    with pytest.raises(ConfigurationError):
        VideoFileSource(tmp_path / "a.mp4", once=False)


def test_folder_gives_its_pictures_in_order_leaves_out_the_rest_and_starts_again(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(encode_jpeg(make_grey(20), 90))
    (tmp_path / "2.jpg").write_bytes(b"no picture")
    cv2.imwrite(str(tmp_path / "3.png"), make_grey(50))
    (tmp_path / "notes.txt").write_text("no picture")
    source = FolderSource(tmp_path, 10, once=False)
    assert [frame_number(source.shot_at(n / 10)) for n in range(5)] == [0, None, 3, 0, None]


def test_folder_once_ends_after_its_last_picture(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(encode_jpeg(make_grey(20), 90))
    source = FolderSource(tmp_path, 10, once=True)
    assert source.shot_at(0) is not None
    with pytest.raises(SourceEnded):
        source.shot_at(0.1)


def test_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no pictures"):
        FolderSource(tmp_path, 10, once=False)


def test_jpeg_file_goes_out_byte_for_byte_unless_something_is_asked(tmp_path: Path) -> None:
    data = encode_jpeg(make_grey(20), 93)
    (tmp_path / "1.jpg").write_bytes(data)

    def shoot(quality: int | None = None, size: tuple[int, int] | None = None, stripe: bool = False) -> bytes:
        source = open_source(str(tmp_path / "1.jpg"), 10, once=True)
        jpeg = SourceShutter(source, 10, quality=quality, size=size, stripe=stripe).shoot(0, MARK)
        assert jpeg is not None
        return jpeg

    assert shoot() == data
    assert shoot(quality=50) != data
    scaled = cv2.imdecode(np.frombuffer(shoot(size=(200, 200)), np.uint8), cv2.IMREAD_COLOR)
    assert scaled is not None
    assert scaled.shape == (200, 200, 3)
    striped = cv2.imdecode(np.frombuffer(shoot(stripe=True), np.uint8), cv2.IMREAD_COLOR)
    assert read_stripe(np.asarray(striped, np.uint8)) == MARK


def test_fit_keeps_proportions_on_black() -> None:
    fitted = fit(make_grey(200, 320, 240), 200, 200)
    assert (int(fitted[100, 100, 0]), int(fitted[5, 100, 0]), int(fitted[195, 100, 0])) == (200, 0, 0)


def test_live_source_gives_the_newest_picture_once_and_opens_again_after_an_error() -> None:
    opened = []

    def shots() -> Generator[Shot, None, None]:
        opened.append(time.monotonic())
        level = 20 + 10 * len(opened)
        for _ in range(3):
            yield Shot(lambda: make_grey(level))
        raise Transient("cable out")

    source = LiveSource(shots, once=False)
    seen: list[int | None] = []
    deadline = time.monotonic() + 20
    while len(seen) < 2 and time.monotonic() < deadline:
        shot = source.shot_at(0)
        if shot is None:
            time.sleep(0.02)
        else:
            seen.append(frame_number(shot))
    source.close()
    assert seen == [1, 2]


def test_address_pyav_opens_a_film_over_file_url(tmp_path: Path) -> None:
    make_film(tmp_path / "a.mp4", frames=3)
    assert [frame_number(shot) for shot in address_shots(f"file://{tmp_path}/a.mp4")] == [0, 1, 2]


def test_address_that_fails_does_not_tell_the_password() -> None:
    with pytest.raises(Transient) as caught:
        next(address_shots("http://user:secret@127.0.0.1:9/stream"))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("spec", ["nothing-here", "demo:dog"])
def test_source_spec_unknown_is_refused(spec: str) -> None:
    with pytest.raises(ConfigurationError):
        open_source(spec, 10, once=False)
