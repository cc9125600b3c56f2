"""Pictures with known truth: the labelled folder beside the checkout when there is one, and a public-domain face."""

import os
from importlib import util
from pathlib import Path

import cv2
import numpy as np
import pytest

from common.model_registry import REPOSITORY
from consumers.pipeline.analysis import Picture

MEDIA_VARIABLE = "TEST_MEDIA"


def media_folder() -> Path:
    """The folder with truth.json: TEST_MEDIA, else `../shared/media` seen from the checkout; skips without one."""
    folder = Path(os.environ.get(MEDIA_VARIABLE) or REPOSITORY.parent / "shared" / "media")
    if not (folder / "truth.json").is_file():
        pytest.skip(f"no labelled media: {folder} has no truth.json (name another folder by {MEDIA_VARIABLE})")
    return folder


def astronaut() -> Picture:
    """A smiling face, 512 x 512 BGR, from scikit-image's package data (NASA, public domain)."""
    found = util.find_spec("skimage")
    if found is None or found.origin is None:
        pytest.skip("scikit-image is not installed")
    read = cv2.imread(str(Path(found.origin).parent / "data" / "astronaut.png"), cv2.IMREAD_COLOR)
    assert read is not None
    return np.asarray(read, np.uint8)


ODD_SIZES = ((1, 1), (8, 8), (1, 900), (900, 1), (17, 17), (480, 640), (3000, 4000))
"""Height and width."""


def odd_pictures() -> list[Picture]:
    """Black, white, grey, one colour and noise, tiny to huge: what must give a result and never an exception."""
    pictures: list[Picture] = []
    for height, width in ODD_SIZES:
        pictures += [np.full((height, width, 3), value, np.uint8) for value in (0, 255)]
    pictures.append(np.full((64, 48, 3), (0, 0, 255), np.uint8))
    noise = np.random.default_rng(1).integers(0, 256, (120, 160, 1), dtype=np.uint8)
    pictures.append(np.ascontiguousarray(np.repeat(noise, 3, axis=2)))
    return pictures
