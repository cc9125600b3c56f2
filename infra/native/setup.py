"""`make setup`: .venv, models, server jars; each step is skipped when nothing it depends on has changed.

Needs Python 3.11 or 3.12 and nothing else for the Python part; Java and Maven for the servers (`make doctor` says what
is missing). Sets nothing outside the checkout. Standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
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
SETUP_RECORD = VENV / ".lookout-setup-s"
"""Seconds that the last set-up took which had something to do: `make smoke` prints it."""
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
    return len(locked_names(lock))


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
    remove_strangers()


def remove_strangers() -> None:
    """Uninstall what the lock does not name: `.venv` then holds what was resolved, also after the lock has shrunk."""
    listing = subprocess.run(
        [str(VENV_PYTHON), "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    installed = {canonical(line.partition("==")[0]) for line in listing.splitlines() if "==" in line}
    strangers = sorted(installed - locked_names(DEFAULT_LOCK) - {"pip", "setuptools"})
    if strangers:
        print(f"      removing {', '.join(strangers)}", flush=True)
        subprocess.run(
            [str(VENV_PYTHON), "-m", "pip", "uninstall", "--quiet", "--yes", "--disable-pip-version-check", *strangers],
            check=True,
        )


def locked_names(lock: Path) -> set[str]:
    """The packages that a lock file pins, as PEP 503 spells them."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return {canonical(line.partition("==")[0]) for line in lines if "==" in line and not line.startswith((" ", "#"))}


def canonical(name: str) -> str:
    """PEP 503: one spelling per package."""
    return re.sub(r"[-_.]+", "-", name).lower()


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
    MODELS.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Two at once would install into one environment together; the second then finds all done.
        with (MODELS.parent / "setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            seconds = run_steps(steps)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    if seconds >= 1:  # one that found everything there tells nothing
        SETUP_RECORD.write_text(f"{seconds:.1f}\n", encoding="utf-8")
    print_sizes()
    print(f"setup took {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
