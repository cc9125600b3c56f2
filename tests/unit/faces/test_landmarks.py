"""Points of a face by MediaPipe's mesh, where `make setup` put it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from common.contracts.detection import Detection
from common.errors import ConfigurationError
from common.model_registry import MEDIAPIPE_MESH, find
from consumers.emotion.analyzer import build_analyzer
from consumers.emotion.drawing import draw_faces
from consumers.faces.choice import choose_detector
from consumers.faces.landmarks import SIXTY_EIGHT, Detail, FaceMesh, chosen
from consumers.pipeline.clip_size import Placement
from tests.support.media import astronaut
from tests.unit.pipeline.making import make_picture

needs_mesh = pytest.mark.skipif(find(MEDIAPIPE_MESH) is None, reason=f"get it with: {MEDIAPIPE_MESH.get_with}")


@needs_mesh
@pytest.mark.parametrize("degrees", [0, 25])
def test_five_points_lie_where_the_detector_sees_them(degrees: float) -> None:
    matrix = cv2.getRotationMatrix2D((224, 118), degrees, 1.0)
    picture = np.asarray(cv2.warpAffine(astronaut(), matrix, (512, 512)), np.uint8)
    face = choose_detector().find(picture)[0]
    (mesh,) = FaceMesh().find(picture, [face])
    five = chosen(mesh, Detail.FIVE)
    eyes = np.array(sorted(face.landmarks[:2]))
    apart = float(np.linalg.norm(eyes[1] - eyes[0]))
    assert np.linalg.norm(five[:2] - eyes, axis=1).max() < 0.25 * apart
    assert five[0, 0] < five[2, 0] < five[1, 0]
    assert five[2, 1] < five[3:, 1].min()


@needs_mesh
def test_several_faces_have_a_mesh_each() -> None:
    picture = np.concatenate([astronaut()] * 3, axis=1)
    faces = choose_detector().find(picture)
    meshes = FaceMesh().find(picture, faces)
    assert [mesh.shape for mesh in meshes] == [(468, 2)] * len(faces)
    assert FaceMesh().find(picture, []) == []


def test_detail_says_how_many_points() -> None:
    mesh = np.arange(936, dtype=np.float32).reshape(468, 2)
    assert [len(chosen(mesh, detail)) for detail in Detail] == [0, 5, 68, 468]
    assert len(set(SIXTY_EIGHT)) == 68


@needs_mesh
def test_emotion_stores_and_draws_the_points_that_are_asked_for() -> None:
    ((face,),) = build_analyzer({"landmarks": 68}).analyze([astronaut()])
    assert face.points is not None
    assert len(face.points) == 68
    assert build_analyzer({"landmarks": 68}).model.name.endswith("+mediapipe_face_landmark")
    ((plain,),) = build_analyzer({}).analyze([astronaut()])
    assert plain.points is None


def test_points_are_drawn_also_beyond_the_edges() -> None:
    picture = make_picture(64, 48)
    draw_faces(picture, [Detection(box=(0, 0, 20, 20), kind="face", score=0.9, points=((30, 30), (-5, 900)))])
    assert (picture[30, 30] != 60).any()


def test_other_number_of_points_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="landmarks"):
        build_analyzer({"landmarks": 7})


def test_points_go_into_the_clip_and_back() -> None:
    placement = Placement(0.5, 10, 20)
    seen = Detection(box=(4, 6, 40, 60), kind="face", score=0.9, points=((8, 12), (100, 200)))
    moved = placement.detection_to_clip(seen)
    assert moved.points == ((14, 26), (60, 120))
    assert placement.detection_to_picture(moved) == seen


def test_missing_mesh_is_refused_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.model_registry.find", lambda *_: None)
    with pytest.raises(ConfigurationError, match=r"face_landmark\.tflite .* missing.*make setup"):
        FaceMesh()
