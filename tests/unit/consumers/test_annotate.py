import json
from pathlib import Path

import numpy as np
import pytest

from consumers.__main__ import main
from consumers.pipeline.encoder.mp4_boxes import check_streamable
from tests.unit.consumers.conftest import write_video
from tests.unit.pipeline.making import decode_clip, make_jpeg, make_picture


def test_annotate_keeps_frames_and_times_and_draws(
    bright: str, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.mp4"
    assert main(["annotate", bright, str(video), str(target)]) == 0
    frames = decode_clip(target)
    assert [pts for pts, _ in frames] == [n * 40 for n in range(30)]
    assert all(picture.shape == (120, 160, 3) for _, picture in frames)
    upper_edge = frames[0][1][40, 8:38].astype(int)
    assert np.abs(upper_edge - 250).max() > 60, "a line is drawn along the spot's upper edge"
    check_streamable(target)
    output = capsys.readouterr()
    report = json.loads(output.out)
    assert (report["frames"], report["searched"]) == (30, 12)
    assert report["sightings"][0]["label"] == "bright"
    assert "30/30" in output.err


def test_annotate_quiet_shows_no_bar(
    bright: str, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["annotate", bright, "--quiet", "--every-ms", "0", str(video), str(tmp_path / "out.mp4")]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert json.loads(output.out)["searched"] == 30


def test_annotate_odd_sizes_and_pictures(bright: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(make_jpeg(make_picture(7, 5)))
    assert main(["annotate", bright, str(tmp_path / "a.jpg"), str(tmp_path / "a.mp4")]) == 0
    ((pts, picture),) = decode_clip(tmp_path / "a.mp4")
    assert (pts, picture.shape) == (0, (6, 8, 3))


@pytest.mark.parametrize("bad", ["text.avi", "missing.avi"])
def test_annotate_unreadable_source_leaves_nothing(
    bright: str, tmp_path: Path, bad: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.avi").write_text("no video")
    assert main(["annotate", bright, "--quiet", str(tmp_path / bad), str(tmp_path / "out.mp4")]) == 1
    assert not list(tmp_path.glob("out*"))
    assert capsys.readouterr().err.startswith("consumers: The file ")


def test_annotate_existing_target_stays_when_it_fails(bright: str, tmp_path: Path) -> None:
    (tmp_path / "text.avi").write_text("no video")
    (tmp_path / "out.mp4").write_bytes(b"before")
    assert main(["annotate", bright, "--quiet", str(tmp_path / "text.avi"), str(tmp_path / "out.mp4")]) == 1
    assert (tmp_path / "out.mp4").read_bytes() == b"before"


def test_annotate_impossible_targets_are_refused(
    bright: str, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["annotate", bright, str(video), str(tmp_path / "out.avi")]) == 78
    assert main(["annotate", bright, "--quiet", str(video), str(tmp_path / "nowhere" / "out.mp4")]) == 78
    same = write_video(tmp_path / "same.mp4", 3, codec="libx264")
    assert main(["annotate", bright, str(same), str(same)]) == 78
    assert capsys.readouterr().err.count("consumers: ") == 3
