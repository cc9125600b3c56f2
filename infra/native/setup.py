"""`make setup`: .venv, models, server jars; each step is skipped when nothing it depends on has changed.

Needs Python 3.11 or 3.12 and nothing else for the Python part; Java and Maven for the servers (`make doctor` says what
is missing). Sets nothing outside the checkout. Standard library only.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.native.jars import (
    KAFKA_JARS,
    MONGO_CLASSES,
    MONGO_JARS,
    MONGO_SOURCE,
    POM,
    S3PROXY_JARS,
    VERSITYGW,
    build_versitygw,
    compile_launcher,
    fetch_jars,
)
from infra.native.layout import JARS, MODELS, NATIVE, REQUIREMENTS, TOOLS, VENV
from infra.native.models import LOCK as MODELS_LOCK
from infra.native.models import fetch_models

SUPPORTED = ((3, 11), (3, 12))
DEFAULT_LOCK = REQUIREMENTS / "default.txt"
VENV_PYTHON = VENV / "bin" / "python"
# A line of progress for every this many packages.
PROGRESS_STEP = 15


class SetupError(Exception):
    """A step failed; the message is one sentence for the person at the terminal."""


@dataclass(frozen=True)
class Step:
    """One part of the set-up. `stamp` holds the digest of `inputs` of the last run that succeeded."""

    title: str
    stamp: Path
    inputs: tuple[Path, ...]
    results: tuple[Path, ...]
    run: Callable[[], None]

    def digest(self) -> str:
        return digest_of(self.inputs)

    def is_done(self) -> bool:
        if not self.stamp.is_file() or not all(path.exists() for path in self.results):
            return False
        return self.stamp.read_text(encoding="utf-8").strip() == self.digest()


def digest_of(paths: Iterable[Path]) -> str:
    """SHA-256 over the contents of `paths` in order, and the Python that makes the environment."""
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def count_packages(lock: Path) -> int:
    """How many packages a lock file pins (markers may leave a few of them out)."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return sum("==" in line and not line.startswith((" ", "#")) for line in lines)


def make_environment() -> None:
    """Make `.venv` with the locked packages, and print how far it is."""
    if not VENV_PYTHON.exists() or not venv_matches():
        venv.create(VENV, with_pip=True, clear=VENV.exists(), symlinks=True)
    total = count_packages(DEFAULT_LOCK)
    command = [str(VENV_PYTHON), "-m", "pip", "install", "--require-hashes", "--no-deps", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "--requirement", str(DEFAULT_LOCK)]
    seen = 0
    last_lines: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        if pip.stdout is None:  # pragma: no cover - PIPE was asked for
            raise SetupError("pip gave no output to read.")
        for line in pip.stdout:
            last_lines = [*last_lines[-14:], line]
            if line.startswith(("Collecting ", "Requirement already satisfied")):
                seen += 1
                if seen % PROGRESS_STEP == 0:
                    print(f"      {seen} of {total} packages fetched", flush=True)
            elif line.startswith("Installing collected"):
                print(f"      installing {seen} packages", flush=True)
    if pip.returncode != 0:
        raise SetupError("pip could not install the locked packages:\n" + "".join(last_lines))


def venv_matches() -> bool:
    """Whether `.venv` was made by this version of Python and still starts."""
    probe = [str(VENV_PYTHON), "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        answer = subprocess.run(probe, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    except (OSError, subprocess.SubprocessError):
        return False
    return answer == [str(part) for part in sys.version_info[:2]]


def make_models() -> None:
    fetch_models(VENV_PYTHON)


def python_steps() -> list[Step]:
    """What needs nothing but Python."""
    return [
        Step("Python packages into .venv", VENV / ".lookout-lock", (DEFAULT_LOCK,), (VENV_PYTHON,), make_environment),
        Step(
            "face models out of the mediapipe wheel",
            MODELS / "mediapipe" / ".lookout-lock",
            (MODELS_LOCK, NATIVE / "models.py"),
            (MODELS / "mediapipe" / "face_landmark.tflite",),
            make_models,
        ),
    ]


def server_steps() -> list[Step]:
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
            (POM, MONGO_SOURCE),
            (MONGO_CLASSES / "MongoWire.class",),
            compile_launcher,
        ),
    ]


def run_steps(steps: list[Step]) -> float:
    """Run what is not done yet; returns the seconds it took. Raises SetupError."""
    begin = time.monotonic()
    for number, step in enumerate(steps, start=1):
        label = f"[{number}/{len(steps)}] {step.title}"
        if step.is_done():
            print(f"{label}: already there", flush=True)
            continue
        print(f"{label} ...", flush=True)
        step_begin = time.monotonic()
        try:
            step.run()
        except OSError as error:
            raise SetupError(f"{step.title} failed: {error}. `make doctor` says what is missing.") from error
        except subprocess.CalledProcessError as error:
            command = " ".join(map(str, error.cmd[:6]))
            raise SetupError(f"{step.title} failed: `{command} ...` ended with {error.returncode}.") from error
        step.stamp.parent.mkdir(parents=True, exist_ok=True)
        step.stamp.write_text(step.digest() + "\n", encoding="utf-8")
        print(f"{label}: done in {time.monotonic() - step_begin:.0f} s", flush=True)
    return time.monotonic() - begin


def folder_bytes(folder: Path) -> int:
    """Bytes of the regular files under `folder`, links not followed."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def print_sizes() -> None:
    for name, folder in ((".venv", VENV), ("servers", JARS), ("tools", TOOLS), ("models", MODELS)):
        if folder.exists():
            print(f"{name}: {folder_bytes(folder) / 1e6:.0f} MB", flush=True)


def main(arguments: list[str]) -> int:
    """`--python-only` leaves the servers out; `--versitygw` builds that S3 server too (needs Go)."""
    if sys.version_info[:2] not in SUPPORTED:
        found = sys.version.split()[0]
        print(f"Python 3.11 or 3.12 is needed, this is {found}. Name another one: make setup PYTHON=python3.11")
        return 1
    steps = python_steps()
    if "--python-only" not in arguments:
        steps += server_steps()
    if "--versitygw" in arguments:
        steps.append(
            Step("versitygw by Go", TOOLS / "versitygw.stamp", (NATIVE / "jars.py",), (VERSITYGW,), build_versitygw)
        )
    try:
        seconds = run_steps(steps)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    print_sizes()
    print(f"setup took {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
