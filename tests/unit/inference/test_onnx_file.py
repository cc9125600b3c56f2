"""Weights edited inside an ONNX file: the network computes the same, only less."""

import numpy as np
import onnxruntime
import pytest

from common.model_registry import TEXT_RECOGNISER, verified_bytes
from consumers.inference.onnx_file import read_metadata, select_columns, with_free_sides, zero_subnormals
from consumers.inference.onnx_session import input_name, make_session, run_one
from tests.unit.inference.making import linear_model, mean_model


def _run(content: bytes, values: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": values})[0])


def test_zero_subnormals_makes_only_subnormal_weights_zero() -> None:
    weights = np.array([[1.0, 1e-40, -1e-45, 0.0, -2.0, 1.2e-38]], np.float32)
    changed = zero_subnormals(linear_model(weights))
    answer = _run(changed, np.array([[1e30]], np.float32))
    np.testing.assert_array_equal(answer, np.float32(1e30) * np.array([[1, 0, 0, 0, -2, 1.2e-38]], np.float32))


def test_select_columns_keeps_those_columns_in_that_order() -> None:
    weights = np.arange(12, dtype=np.float32).reshape(2, 6)
    narrowed = select_columns(linear_model(weights), 6, [4, 1])
    values = np.array([[1.0, 10.0]], np.float32)
    np.testing.assert_array_equal(_run(narrowed, values), (values @ weights)[:, [4, 1]])


def test_select_columns_unknown_count_is_refused() -> None:
    with pytest.raises(ValueError, match="no initializer"):
        select_columns(linear_model(np.ones((2, 6), np.float32)), 7, [0])


def test_free_sides_take_pictures_of_any_size_and_compute_the_same() -> None:
    fixed = mean_model((1, 3, 4, 6))
    with pytest.raises(onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument):
        _run(fixed, np.full((1, 3, 2, 2), 0.25, np.float32))
    free = with_free_sides(fixed)
    for height, width in ((4, 6), (2, 2), (32, 8)):
        answer = _run(free, np.full((1, 3, height, width), 0.25, np.float32))
        np.testing.assert_allclose(answer.ravel(), [0.25, 0.75], rtol=1e-6)


def test_free_sides_of_what_takes_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="no input has four dimensions"):
        with_free_sides(linear_model(np.ones((2, 6), np.float32)))


@pytest.mark.parametrize("content", [b"\x3a\xff\xff\xff\x7f", b"\x3b", b"\x3a\x80"])
def test_broken_file_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="not an ONNX file"):
        zero_subnormals(content)


def test_recogniser_metadata_lists_its_characters() -> None:
    assert "\nA\n" in read_metadata(verified_bytes(TEXT_RECOGNISER))["character"]


def test_pruned_recogniser_gives_the_same_scores_relative_to_each_other() -> None:
    content = verified_bytes(TEXT_RECOGNISER)
    columns = list(range(64))
    whole, pruned = make_session(content), make_session(select_columns(content, 18710, columns))
    strip = np.random.default_rng(0).normal(0, 0.5, (1, 3, 48, 64)).astype(np.float32)
    expected = run_one(whole, input_name(whole), strip)[..., :64]
    expected = expected / expected.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(run_one(pruned, input_name(pruned), strip), expected, atol=2e-4)
