import numpy as np
import pytest

from consumers.faces.face import Face
from consumers.recognition.alignment import POINTS, aligned, similarity, sorted_points


def moved(points: np.ndarray, degrees: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(points @ turn.T * scale + shift, np.float32)


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1), (30, 2.5), (-75, 0.4)])
def test_similarity_undoes_turn_scale_and_shift(degrees: float, scale: float) -> None:
    matrix = similarity(moved(POINTS, degrees, scale, (200, 90)), POINTS)
    back = np.c_[moved(POINTS, degrees, scale, (200, 90)), np.ones(5)] @ matrix.T
    assert back == pytest.approx(POINTS, abs=1e-2)


def test_similarity_never_mirrors() -> None:
    mirrored = POINTS * [-1, 1]
    matrix = similarity(mirrored.astype(np.float32), POINTS)
    assert np.linalg.det(matrix[:, :2]) > 0


def test_points_are_put_in_the_order_of_the_picture() -> None:
    seen = [tuple(map(float, POINTS[place])) for place in (1, 0, 2, 4, 3)]
    face = Face((0, 0, 112, 112), 0.9, tuple(seen))  # type: ignore[arg-type]
    assert np.array(sorted_points(face)) == pytest.approx(POINTS)


@pytest.mark.parametrize("landmarks", [(), tuple((float(x), float(y)) for x, y in POINTS)])
def test_face_at_the_edge_is_cut_out_all_the_same(landmarks: tuple[tuple[float, float], ...]) -> None:
    picture = np.full((60, 60, 3), 90, np.uint8)
    assert aligned(picture, Face((40, 40, 20, 20), 0.9, landmarks), 32).shape == (32, 32, 3)
