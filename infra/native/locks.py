"""Writes the lock files in requirements/ from pyproject.toml, with uv, naming no package index.

    python -m infra.native.locks [--upgrade]

`complete.txt` is resolved once over every extra but `reference`, which is resolved alone; each smaller lock is
constrained by it, so that a container and a developer's machine run the same versions. `mediapipe.txt` is kept by hand
(one wheel, one hash).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from infra.native.layout import REPOSITORY, REQUIREMENTS

SERVICES = ("producer", "api", "consumers", "signalling", "camera")
# What `make setup` installs: everything but `exports` (moviepy's own ffmpeg takes 80 MB) and `reference`.
DEFAULT = (*SERVICES, "dev")
COMPLETE = (*DEFAULT, "exports")
LOCKS: dict[str, tuple[str, ...]] = {
    "default": DEFAULT,
    **{name: (name,) for name in (*SERVICES, "exports")},
}
COMPILE = (
    "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
    "--no-emit-index-url", "--no-header", "--no-annotate",
)  # fmt: skip
HEADER = (
    "# Written by `make lock` from pyproject.toml.\n"
    "# Install with: pip install --require-hashes --no-deps -r <this file>\n"
)


def compile_lock(uv: Path, name: str, extras: tuple[str, ...], *, constraint: Path | None, upgrade: bool) -> None:
    """Resolve `extras` into requirements/`name`.txt; raises CalledProcessError with uv's words on stderr."""
    target = REQUIREMENTS / f"{name}.txt"
    command = [str(uv), *COMPILE]
    command += [word for extra in extras for word in ("--extra", extra)]
    if constraint is not None:
        # What an earlier file of this name said must not count against the constraint.
        target.unlink(missing_ok=True)
        command += ["--constraint", str(constraint)]
    elif upgrade:
        command.append("--upgrade")
    finish([*command, "pyproject.toml"], target)


def finish(command: list[str], target: Path) -> None:
    """Let uv write a lock, and say above it where it comes from."""
    subprocess.run([*command, "--output-file", str(target)], cwd=REPOSITORY, check=True)
    target.write_text(HEADER + target.read_text(encoding="utf-8").removeprefix(HEADER), encoding="utf-8")


def write_locks(*, upgrade: bool) -> None:
    """Write every lock, with a uv of its own that is thrown away afterwards."""
    with tempfile.TemporaryDirectory(prefix="lookout-lock-") as folder:
        venv.create(folder, with_pip=True)
        binaries = Path(folder) / "bin"
        subprocess.run([str(binaries / "pip"), "install", "--quiet", "uv"], check=True)
        uv = binaries / "uv"
        compile_lock(uv, "complete", COMPLETE, constraint=None, upgrade=upgrade)
        # uv alone, which installs the others.
        finish(
            [str(uv), *COMPILE, "--group", "setup", *(("--upgrade",) if upgrade else ())], REQUIREMENTS / "setup.txt"
        )
        # Alone: TensorFlow's own wishes must not hold the others back.
        compile_lock(uv, "reference", ("reference",), constraint=None, upgrade=upgrade)
        for name, extras in LOCKS.items():
            compile_lock(uv, name, extras, constraint=REQUIREMENTS / "complete.txt", upgrade=False)
            sys.stdout.write(f"requirements/{name}.txt\n")


if __name__ == "__main__":
    write_locks(upgrade="--upgrade" in sys.argv[1:])
