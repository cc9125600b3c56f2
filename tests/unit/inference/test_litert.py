"""LiteRT interpreters: any batch size, any thread, the same numbers."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from common.model_registry import FER_EMOTION, verified_bytes
from consumers.inference.litert import BatchInterpreter


@pytest.fixture(scope="module")
def net() -> BatchInterpreter:
    return BatchInterpreter(verified_bytes(FER_EMOTION))


def _faces(count: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (count, 64, 64, 1)).astype(np.float32)


def test_batch_gives_what_single_pictures_give(net: BatchInterpreter) -> None:
    faces = _faces(5)
    together = net.run(faces)[0]
    alone = np.concatenate([net.run(faces[place : place + 1])[0] for place in range(5)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_many_threads_give_the_same(net: BatchInterpreter) -> None:
    faces = _faces(4)
    expected = net.run(faces)[0]
    with ThreadPoolExecutor(4) as pool:
        sizes = [1, 2, 3, 4] * 5
        answers = list(pool.map(lambda size: net.run(faces[:size])[0], sizes))
    for size, answer in zip(sizes, answers, strict=True):
        np.testing.assert_allclose(answer, expected[:size], atol=1e-5)
