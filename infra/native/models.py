"""Takes the face models out of the mediapipe wheel, which is downloaded by hash and thrown away.

Installing mediapipe would bring OpenCV with a display, JAX and SciPy for four files of 8 MB. Runs before `.venv` has
anything but pip, and in container builds: standard library only.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from infra.native.layout import MODELS, REQUIREMENTS

LOCK = REQUIREMENTS / "mediapipe.txt"
# The wheel of one platform holds the same model files as all others; a fixed one keeps the lock at one hash and works
# where no wheel for the running machine exists (Linux on ARM).
WHEEL_PLATFORM = "manylinux_2_28_x86_64"
WHEEL_PYTHON = ("--python-version", "311", "--implementation", "cp", "--abi", "cp311")
WANTED_FOLDERS = ("mediapipe/modules/face_detection/", "mediapipe/modules/face_landmark/")
LICENCE = "mediapipe-0.10.21.dist-info/LICENSE"
WANTED = frozenset(
    {
        "face_detection_full_range_sparse.tflite",
        "face_detection_short_range.tflite",
        "face_landmark.tflite",
        "face_landmark_with_attention.tflite",
    }
)


def extract_models(wheel: Path, folder: Path) -> list[Path]:
    """Write the wanted model files of `wheel` flat into `folder`, and the licence beside them.

    Raises KeyError when the wheel lacks one of them; a half-written file is never left under its final name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with zipfile.ZipFile(wheel) as archive:
        members = {PurePosixPath(name).name: name for name in archive.namelist() if name.startswith(WANTED_FOLDERS)}
        for target_name, member in [*((name, members[name]) for name in sorted(WANTED)), ("LICENSE", LICENCE)]:
            target = folder / target_name
            partial = target.with_suffix(".partial")
            partial.write_bytes(archive.read(member))
            partial.replace(target)
            written.append(target)
    return written


def fetch_models(python: Path, folder: Path = MODELS / "mediapipe") -> list[Path]:
    """Download the locked wheel with `python`'s pip and keep only its models in `folder`."""
    with tempfile.TemporaryDirectory(prefix="lookout-models-") as scratch:
        command = [str(python), "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"]
        command += ["--only-binary", ":all:", "--platform", WHEEL_PLATFORM, *WHEEL_PYTHON]
        subprocess.run([*command, "--dest", scratch, "--requirement", str(LOCK)], check=True)
        (wheel,) = Path(scratch).glob("*.whl")
        return extract_models(wheel, folder)


if __name__ == "__main__":
    target_folder = Path(sys.argv[1]) if len(sys.argv) > 1 else MODELS / "mediapipe"
    for model in fetch_models(Path(sys.executable), target_folder):
        print(model)
