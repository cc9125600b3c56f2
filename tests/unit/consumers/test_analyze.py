import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from consumers.__main__ import main
from consumers.pipeline.media_file import MediaFile, UnreadableMedia
from tests.unit.pipeline.making import make_jpeg, make_picture


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_analyze_picture_gives_one_line(bright: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(make_jpeg(make_picture(spot=(16, 16))))
    assert main(["analyze", bright, str(path)]) == 0
    (line,) = lines(capsys)
    assert set(line) == {"file", "frame", "t", "detections", "ms"}
    assert (line["file"], line["frame"], line["t"]) == (str(path), 0, 0.0)
    (found,) = line["detections"]
    assert (found["box"], found["kind"], found["label"], found["score"]) == ([16, 16, 12, 12], "spot", "bright", 0.9)
    assert found["scores"] == {"bright": 0.9, "dim": 0.1}
    assert "text" not in found
    assert "track" not in found
    assert line["ms"] >= 0


@pytest.mark.parametrize("ending", [".png", ".bmp", ".webp"])
def test_analyze_other_picture_formats(
    bright: str, tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"a{ending}"
    cv2.imwrite(str(path), make_picture(spot=(16, 16)))
    assert main(["analyze", bright, str(path)]) == 0
    (line,) = lines(capsys)
    assert np.abs(np.array(line["detections"][0]["box"]) - (16, 16, 12, 12)).max() <= 1


def test_analyze_video_gives_a_line_per_frame_with_tracks(
    bright: str, video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", bright, str(video)]) == 0
    found = lines(capsys)
    assert [line["frame"] for line in found] == list(range(30))
    assert [line["t"] for line in found[:4]] == [0.0, 0.04, 0.08, 0.12]
    assert {line["detections"][0]["track"] for line in found} == {0}
    assert not any("carried" in line for line in found)


def test_analyze_every_carries_between_searches(bright: str, video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", bright, "--every-ms", "200", str(video)]) == 0
    found = lines(capsys)
    searched = [line["frame"] for line in found if "carried" not in line]
    assert searched == [0, 5, 10, 15, 20, 25]
    assert found[7]["detections"] == found[5]["detections"]


def test_analyze_bad_files_are_lines_and_the_rest_goes_on(
    bright: str, tmp_path: Path, video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "cut.jpg").write_bytes(make_jpeg(make_picture())[:200])
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "cut.avi").write_bytes(video.read_bytes()[:60])
    (tmp_path / "good.jpg").write_bytes(make_jpeg(make_picture()))
    names = ["empty.jpg", "cut.jpg", "text.mp4", "cut.avi", "missing.jpg", ".", "good.jpg"]
    assert main(["analyze", bright, *(str(tmp_path / name) for name in names)]) == 1
    found = lines(capsys)
    assert [set(line) for line in found[:-1]] == [{"file", "error"}] * 6
    assert all(line["error"].endswith(".") and "Traceback" not in line["error"] for line in found[:-1])
    assert found[-1]["file"].endswith("good.jpg")
    assert found[-1]["detections"] == []


def test_analyze_model_that_raises_is_the_files_error(
    bright: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "black.png").write_bytes(cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes())
    assert main(["analyze", bright, str(tmp_path / "black.png")]) == 1
    (line,) = lines(capsys)
    assert "RuntimeError: a black picture" in line["error"]


@pytest.mark.parametrize(("width", "height"), [(1, 1), (8, 8), (7, 5)])
def test_analyze_tiny_pictures(
    bright: str, tmp_path: Path, width: int, height: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jpg").write_bytes(make_jpeg(make_picture(width, height)))
    assert main(["analyze", bright, str(tmp_path / "a.jpg")]) == 0
    assert lines(capsys)[0]["detections"] == []


def test_analyze_unknown_or_searching_nothing_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["analyze", "nonsense", "a.jpg"]) == 78
    assert main(["analyze", "recorder", "a.jpg"]) == 78
    output = capsys.readouterr()
    assert output.out == ""
    assert "Known: " in output.err
    assert "searches nothing" in output.err


def test_analyze_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    program = (
        "import sys; from consumers import registry; "
        "registry.PLACES['bright'] = 'tests.unit.consumers.bright_definition'; "
        "from consumers.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    path = tmp_path / "a.jpg"
    path.write_bytes(make_jpeg(make_picture()))
    arguments = [sys.executable, "-c", program, "analyze", "bright", *([str(path)] * 50)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


def test_media_frames_are_upright_and_timed_from_zero(video: Path) -> None:
    frames = list(MediaFile(video).frames())
    assert [frame.number for frame in frames] == list(range(30))
    assert frames[0].time_s == 0.0
    assert frames[0].picture.shape == (120, 160, 3)
    assert abs(float(frames[0].picture[5, 5].mean()) - 60) < 4
    assert MediaFile(video).frame_count() == 30


def test_media_exif_orientation_turns_the_picture(tmp_path: Path) -> None:
    tiff = b"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"
    exif = b"Exif\x00\x00" + tiff
    data = make_jpeg(make_picture(64, 48))
    path = tmp_path / "turned.jpg"
    path.write_bytes(data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + data[2:])
    (frame,) = MediaFile(path).frames()
    assert frame.picture.shape == (64, 48, 3)


def test_media_playlist_cannot_name_addresses(tmp_path: Path) -> None:
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(UnreadableMedia):
        list(MediaFile(tmp_path / "list.m3u8").frames())
