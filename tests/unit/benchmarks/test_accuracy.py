"""The accuracy report runs over any folder with a truth.json."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import accuracy
from camera_client.demo import PLATES, CarScene
from tests.support.media import astronaut
from tests.unit.inference.making import mean_model


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A drawn car, whose plate is labelled; the same with a wrong label; an empty scene."""
    folder = tmp_path / "media"
    folder.mkdir()
    items = []
    car = CarScene(1280, 720).paint(2.0)
    for name, text in (("right.jpg", PLATES[0]), ("wrong.jpg", "ZZ999ZZ")):
        (folder / "plates_eu").mkdir(exist_ok=True)
        cv2.imwrite(str(folder / "plates_eu" / name), car)
        items.append({"file": f"plates_eu/{name}", "kind": "plate_photo", "truth": {"plates": [{"text": text}]}})
    (folder / "negatives").mkdir()
    cv2.imwrite(str(folder / "negatives" / "empty.jpg"), np.full((480, 640, 3), 90, np.uint8))
    items.append({"file": "negatives/empty.jpg", "kind": "negative", "truth": {"people": 0, "faces": 0, "plates": []}})
    items.append({"file": "negatives/missing.jpg", "kind": "negative", "truth": {}})
    (folder / "truth.json").write_text(json.dumps({"items": items}))
    return folder


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["accuracy", *words])
    return accuracy.main(), capsys.readouterr().out


def test_report_of_a_small_folder_counts_and_saves_errors(
    media: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [
        "--only",
        "plates",
        "--modes",
        "standard",
        "--no-reference",
        "--json",
        "--save-errors",
        str(tmp_path / "e"),
    ]
    status, printed = run(capsys, monkeypatch, "--media", str(media), *words)
    assert status == 0
    by_name = {one["name"]: one for one in json.loads(printed)["results"]}
    eu = by_name["plates standard EU"]
    assert (eu["right"], eu["of"]) == (1, 2)
    assert eu["misses"][0].startswith("plates_eu/wrong.jpg: ZZ999ZZ read as")
    assert by_name["plates standard pictures without a false plate"]["right"] == 1
    assert [path.name for path in (tmp_path / "e").iterdir()] == ["plates-standard-plates_eu_wrong.jpg.jpg"]


def test_report_without_videos_or_files_leaves_rows_out(
    media: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    status, printed = run(capsys, monkeypatch, "--media", str(media), "--only", "people,objects,faces,emotion,consumer")
    assert status == 0
    assert "people hog, stills counted right" in printed
    assert "tracker, scripted: no switch, every exit       50 of 50" in printed
    assert "model yolox_nano: sha256 d39bee73564e3380, not here" in printed


def test_folder_without_truth_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(capsys, monkeypatch, "--media", str(tmp_path))[0] == 78


def test_own_emotion_network_is_compared_with_the_shipped_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = mean_model((None, 1, 32, 32))
    (tmp_path / "own.onnx").write_bytes(content)
    (tmp_path / "emotion").mkdir()
    cv2.imwrite(str(tmp_path / "emotion" / "one.png"), astronaut())
    item = {"file": "emotion/one.png", "kind": "face_image", "truth": {"emotion": "happy"}}
    (tmp_path / "truth.json").write_text(json.dumps({"items": [item]}))
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    own = {"file": "own.onnx", "sha256": hashlib.sha256(content).hexdigest(), "labels": ["calm", "bright"]}
    words = ["--media", str(tmp_path), "--only", "emotion", "--json", "--emotion-network"]
    status, printed = run(capsys, monkeypatch, *words, json.dumps(own))
    assert status == 0
    found = {one["name"]: one["right"] for one in json.loads(printed)["results"]}
    assert (found["emotion stills"], found["emotion stills, own.onnx"]) == (1, 0)
    assert "emotion cost of a face within 1 ms, own.onnx" in found

    own["sha256"] = "0" * 64
    status, _ = run(capsys, monkeypatch, *words, json.dumps(own))
    assert status == 78
