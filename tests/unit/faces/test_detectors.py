"""Every face detector that is here: finds a face, survives any picture, works on many threads."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from benchmarks.accuracy_truth import read_items
from common.model_registry import LIBFACEDETECTION, MEDIAPIPE_FACE, YUNET_320, ModelFile, find
from consumers.faces.choice import BY_QUALITY, choose_detector
from consumers.faces.face import FaceDetector
from consumers.faces.libfacedetection import LibFaceDetection
from tests.support.media import astronaut, media_folder, odd_pictures

FACE = (180, 62, 88, 112)
"""Where the astronaut's face is."""


@pytest.fixture(scope="module", params=BY_QUALITY, ids=lambda model: model.name)
def detector(request: pytest.FixtureRequest) -> FaceDetector:
    model: ModelFile = request.param
    if find(model) is None:
        pytest.skip(f"{model.name} is not here; get it with: {model.get_with}")
    return choose_detector(model.name)


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    inside = max(0, width) * max(0, height)
    return inside / (a[2] * a[3] + b[2] * b[3] - inside)


def test_astronaut_has_one_face_at_its_place(detector: FaceDetector) -> None:
    (face,) = detector.find(astronaut())
    assert _overlap(face.box, FACE) > 0.6
    assert face.score > 0.5


def test_landmarks_lie_inside_the_box_eyes_above_the_mouth(detector: FaceDetector) -> None:
    (face,) = detector.find(astronaut())
    right_eye, left_eye, nose, mouth, *_ = face.landmarks
    assert right_eye[0] < left_eye[0]
    assert right_eye[1] < nose[1] < mouth[1]


def test_large_picture_gives_boxes_in_its_own_pixels(detector: FaceDetector) -> None:
    large = np.asarray(cv2.resize(astronaut(), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), np.uint8)
    (face,) = detector.find(large)
    x, y, width, height = face.box
    assert _overlap((x // 3, y // 3, width // 3, height // 3), FACE) > 0.6


def test_any_picture_gives_a_result(detector: FaceDetector) -> None:
    for picture in odd_pictures():
        for face in detector.find(picture):
            x, y, width, height = face.box
            assert x >= 0
            assert y >= 0
            assert x + width <= picture.shape[1]
            assert y + height <= picture.shape[0]


def test_empty_scene_has_no_face(detector: FaceDetector) -> None:
    ramp = np.tile(np.linspace(0, 255, 640, dtype=np.uint8)[None, :, None], (480, 1, 3))
    assert detector.find(np.ascontiguousarray(ramp)) == []


def test_threads_find_the_same(detector: FaceDetector) -> None:
    picture = astronaut()
    expected = detector.find(picture)
    with ThreadPoolExecutor(4) as pool:
        assert all(found == expected for found in pool.map(detector.find, [picture] * 8))


def test_labelled_stills_have_the_right_number_of_faces(detector: FaceDetector) -> None:
    """MediaPipe's sees the whole picture in 192 pixels and may miss one."""
    wrong = []
    for item in read_items(media_folder()):
        if item.kind != "video" and item.faces is not None:
            fewest, most = item.faces
            count = len(detector.find(item.picture()))
            if not fewest <= count <= most:
                wrong.append((item.file, count))
    assert len(wrong) <= (1 if detector.source is MEDIAPIPE_FACE else 0), wrong


def test_yunet_is_preferred_when_it_is_there() -> None:
    if find(YUNET_320) is None:
        pytest.skip(f"not here; get it with: {YUNET_320.get_with}")
    assert choose_detector().source is YUNET_320


@pytest.mark.skipif(find(YUNET_320) is None, reason="the YuNet file is not here")
def test_yunet_finds_the_same_face_in_any_proportions() -> None:
    """The network sees only what the picture fills: a wide, a tall and a square one are alike."""
    detector, picture = choose_detector(YUNET_320.name), astronaut()
    for width, height in ((512, 288), (300, 512), (512, 512)):
        part = np.zeros((height, width, 3), np.uint8)
        rows, columns = min(height, picture.shape[0]), min(width, picture.shape[1])
        part[:rows, :columns] = picture[:rows, :columns]
        (face,) = detector.find(part)
        assert _overlap(face.box, FACE) > 0.6


def test_libfacedetection_called_directly_says_what_its_package_says() -> None:
    if find(LIBFACEDETECTION) is None:
        pytest.skip("yuface is not installed")
    from yuface import yuface  # noqa: PLC0415  loads a library

    picture = np.ascontiguousarray(cv2.resize(astronaut(), (320, 320)), np.uint8)
    rows = np.asarray(yuface.detect(picture))
    assert len(rows) == 1
    assert np.array_equal(LibFaceDetection()._rows(picture)[:, :15], rows[:, :15])
