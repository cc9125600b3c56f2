"""Our scores beside those of the real `fer` package on the same crops: `make fer-parity`.

It installs `fer` with TensorFlow (2 GB) into an environment of its own, so it runs only when asked for.
"""

import os
import shutil
import subprocess
import venv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from common.model_registry import REPOSITORY
from consumers.emotion.network import SIDE, FerNetwork
from consumers.emotion.scorer import cut_face
from tests.support.media import astronaut

ENVIRONMENT = REPOSITORY / "var" / "reference"
LOCK = REPOSITORY / "requirements" / "reference.txt"
FACE = (175, 70, 105, 130)
"""The astronaut's face, x y width height."""
ALLOWED = 0.02

pytestmark = [
    pytest.mark.skipif(os.environ.get("FER_PARITY") != "1", reason="installs 2 GB: only for `make fer-parity`"),
    pytest.mark.timeout(1800),
]


def reference_python() -> Path:
    """The interpreter with `fer`; its environment is made where it is missing or the lock has changed."""
    python, installed = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "installed.txt"
    if not installed.exists() or installed.read_text() != LOCK.read_text():
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        venv.create(ENVIRONMENT, with_pip=True)
        words = ["-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", str(LOCK)]
        subprocess.run([str(python), *words], check=True)
        shutil.copy(LOCK, installed)
    return python


def crops() -> NDArray[np.uint8]:
    """A smiling face moved, turned, dark, light and blurred by its own size: 40 crops; and noise."""
    picture = astronaut()
    made = []
    x, y, width, height = FACE
    for step in range(8):
        box = (x - 8 + 2 * step, y - 6 + 2 * step, width + 3 * step, height + 2 * step)
        face = cut_face(picture, box, SIDE)
        made += [face, face[:, ::-1], face // 2, 255 - (255 - face) // 2, np.rot90(face)]
    noise = np.random.default_rng(7).integers(0, 256, (8, SIDE, SIDE), dtype=np.uint8)
    return np.concatenate([np.stack(made), noise]).astype(np.uint8)


def test_scores_are_those_of_fer(tmp_path: Path) -> None:
    asked = crops()
    np.save(tmp_path / "crops.npy", asked)
    script = Path(__file__).with_name("fer_scores.py")
    subprocess.run(
        [str(reference_python()), str(script), str(tmp_path / "crops.npy"), str(tmp_path / "scores.npz")],
        check=True,
        timeout=600,
        env={"PATH": os.environ["PATH"], "CUDA_VISIBLE_DEVICES": "-1"},
    )
    theirs = np.load(tmp_path / "scores.npz")
    ours = FerNetwork().score(list(asked))
    lite, keras = (float(np.abs(ours - theirs[name]).max()) for name in ("lite", "keras"))
    print(f"\n{len(asked)} crops: largest difference to fer {lite:.4f}, to its Keras file {keras:.4f}")  # noqa: T201
    assert lite <= ALLOWED
