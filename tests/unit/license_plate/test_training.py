"""The locator's training data: what is drawn is where the answer says, and the exported file computes it."""

import cv2
import numpy as np
import onnxruntime

from consumers.license_plate.training.architecture import CHANNELS, OUTPUTS, STRIDE, UNIT, target_of
from consumers.license_plate.training.drawn_plates import draw_plate, pattern_text
from consumers.license_plate.training.drawn_scenes import SceneMaker
from consumers.license_plate.training.onnx_export import to_onnx


def test_same_seed_draws_the_same_scenes() -> None:
    first, second = SceneMaker(3), SceneMaker(3)
    for _ in range(5):
        a, b = first.make(), second.make()
        np.testing.assert_array_equal(a.picture, b.picture)
        np.testing.assert_array_equal(a.lines, b.lines)


def test_plates_lie_inside_their_scene() -> None:
    maker = SceneMaker(4)
    count = 0
    for _ in range(30):
        scene = maker.make()
        count += len(scene.lines)
        assert scene.picture.shape == (160, 256)
        assert (scene.lines >= 0).all()
        assert (scene.lines.reshape(-1, 2) <= [256, 160]).all()
    assert count >= 15


def test_plate_line_holds_the_characters() -> None:
    """The row's darkest and lightest levels differ more than the margin's above it, on plates without words there."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        plate = draw_plate(rng)
        left, top = plate.line[0].astype(int)
        right, bottom = plate.line[2].astype(int)
        assert 0 <= left < right <= plate.picture.shape[1]
        assert 0 <= top < bottom <= plate.picture.shape[0]
        assert plate.picture[top:bottom, left:right].std() > 10
        assert 5 <= len(plate.text) <= 7


def test_pattern_text_keeps_separators() -> None:
    assert pattern_text(np.random.default_rng(0), "--:--") == "--:--"
    text = pattern_text(np.random.default_rng(0), "AA-99")
    assert text[:2].isalpha()
    assert text[3:].isdigit()


def test_target_asks_for_the_corners_at_the_middle() -> None:
    line = np.array([[40, 32], [120, 36], [120, 56], [40, 52]], np.float32)
    target = target_of(line[None], 256, 160)
    row, column = 44 // STRIDE, 80 // STRIDE
    assert target.sure[row, column] == 1
    assert target.sure[0, 0] == 0
    middle = (np.array([column, row]) + 0.5) * STRIDE
    corners = target.corners[:, row, column].reshape(4, 2) * UNIT + middle
    np.testing.assert_allclose(corners, line, atol=1e-4)


def test_exported_network_is_the_convolutions_it_was_made_of() -> None:
    rng = np.random.default_rng(0)
    layers, before = [], 1
    for channels in (*CHANNELS, OUTPUTS):
        size = 1 if channels == OUTPUTS else 3
        kernel = np.zeros((channels, before, size, size), np.float32)
        kernel[:, 0, size // 2, size // 2] = rng.uniform(0.2, 1.0, channels).astype(np.float16)
        layers.append({"kernel": kernel, "bias": np.zeros(channels, np.float32)})
        before = channels
    session = onnxruntime.InferenceSession(to_onnx(layers), providers=["CPUExecutionProvider"])
    picture = np.asarray(cv2.resize(rng.uniform(0.5, 1, (4, 4)), (64, 32)), np.float32)
    cells = session.run(None, {"picture": picture[None, None]})[0]
    # Kernels that pass on their own pixel only: every layer picks every second pixel or doubles up with its skip.
    expected = (picture - 0.5)[::8, ::8].astype(np.float64)
    for place, layer in enumerate(layers[:-1]):
        first = float(layer["kernel"][0, 0, 1, 1])
        expected = expected * (first if place < 3 else 1 + first)
    np.testing.assert_allclose(cells[0, 0], expected * layers[-1]["kernel"][0, 0, 0, 0], rtol=1e-3, atol=1e-5)
