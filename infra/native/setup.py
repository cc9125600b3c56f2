"""`make setup`: .venv, models, server jars; each step is skipped when nothing it depends on has changed.

Needs Python 3.11 or 3.12 and nothing else for the Python part; Java and Maven for the servers (`make doctor` says what
is missing). Sets nothing outside the checkout. Standard library only.
"""

from __future__ import annotations

import fcntl
import sys
from pathlib import Path

from infra.native.jars import (
    KAFKA_JARS,
    MONGO_CLASSES,
    MONGO_JARS,
    MONGO_SOURCES,
    POM,
    S3PROXY_JARS,
    VERSITYGW,
    build_versitygw,
    compile_launcher,
    fetch_jars,
)
from infra.native.layout import JARS, MODELS, NATIVE, TOOLS, VENV
from infra.native.models import LOCK as MODELS_LOCK
from infra.native.models import fetch_models
from infra.native.packages import COMPLETE_LOCK, DEFAULT_LOCK, add_films, make_environment, package
from infra.native.step import SetupError, Step, Track, run_tracks
from infra.native.uv_installer import VENV_PYTHON

SUPPORTED = ((3, 11), (3, 12))
SETUP_RECORD = VENV / ".lookout-setup-s"
"""Seconds that the last set-up took which made the environment, not just a part more: `make smoke` prints it."""


def make_models() -> None:
    fetch_models(VENV_PYTHON)


def python_track(*, films: bool = False) -> Track:
    """What needs nothing but Python. `films`: with moviepy and its own ffmpeg (80 MB)."""
    further = [Step("moviepy for films", VENV / ".lookout-films", (COMPLETE_LOCK,), (package("moviepy"),), add_films)]
    return [
        Step("Python packages into .venv", VENV / ".lookout-lock", (DEFAULT_LOCK,), (VENV_PYTHON,), make_environment),
        *(further if films else ()),
        Step(
            "face models out of the mediapipe wheel",
            MODELS / "mediapipe" / ".lookout-lock",
            (MODELS_LOCK, NATIVE / "models.py"),
            (MODELS / "mediapipe" / "face_landmark.tflite",),
            make_models,
        ),
    ]


def server_track() -> Track:
    """What needs Java and Maven: one folder of jars per server, and the Mongo launcher."""

    def jars(folder: Path) -> Step:
        return Step(
            f"{folder.name} from Maven",
            JARS / f"{folder.name}.stamp",
            (POM,),
            (folder,),
            lambda: fetch_jars(folder.name),
        )

    return [
        jars(KAFKA_JARS),
        jars(MONGO_JARS),
        jars(S3PROXY_JARS),
        Step(
            "the MongoDB-wire launcher by javac",
            JARS / "mongo-classes.stamp",
            (POM, *MONGO_SOURCES),
            (MONGO_CLASSES / "MongoWire.class",),
            compile_launcher,
        ),
    ]


def folder_bytes(folder: Path) -> int:
    """Bytes of the regular files under `folder`, links not followed."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def print_sizes() -> None:
    for name, folder in ((".venv", VENV), ("servers", JARS), ("tools", TOOLS), ("models", MODELS)):
        if folder.exists():
            print(f"{name}: {folder_bytes(folder) / 1e6:.0f} MB", flush=True)


def main(arguments: list[str]) -> int:
    """`--python-only` leaves the servers out; `--films` adds moviepy; `--versitygw` builds that S3 server too (Go)."""
    if sys.version_info[:2] not in SUPPORTED:
        found = sys.version.split()[0]
        print(f"Python 3.11 or 3.12 is needed, this is {found}. Name another one: make setup PYTHON=python3.11")
        return 1
    tracks = [python_track(films="--films" in arguments)]
    if "--python-only" not in arguments:
        tracks.append(server_track())
    if "--versitygw" in arguments:
        stamp = TOOLS / "versitygw.stamp"
        tracks.append([Step("versitygw by Go", stamp, (NATIVE / "jars.py",), (VERSITYGW,), build_versitygw)])
    if all(step.is_done() for track in tracks for step in track):
        print("set up already")
        return 0
    MODELS.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Two at once would install into one environment together; the second then finds all done.
        with (MODELS.parent / "setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            is_new = not tracks[0][0].is_done()
            seconds = run_tracks(tracks)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    if is_new:
        SETUP_RECORD.write_text(f"{seconds:.1f}\n", encoding="utf-8")
    print_sizes()
    print(f"setup took {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
