"""The rivals' environments: one lock in requirements/ and one virtual environment in var/rivals/ each.

    python -m benchmarks.rivals.environments [--upgrade]

writes the locks anew with uv, naming no package index. Rivals pull in other client versions than ours, hence the
environments of their own; the libraries that the work itself needs are held to our versions.
"""

import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIREMENTS = REPOSITORY / "requirements"
FOLDER = REPOSITORY / "var" / "rivals"
RIVALS = {"arroyo": "sentry-arroyo", "quix": "quixstreams"}
"""Our short name, and that of the package."""
WORK = ("numpy", "opencv-python-headless", "simplejpeg", "av", "pydantic", "prometheus-client")
"""What stages 1 and 2 import."""
SAME = ("numpy", "opencv-python-headless", "simplejpeg", "av")
"""Held to our versions: they do the work that is measured. Other packages are the rival's to choose."""
HEADER = (
    "# Written by `python -m benchmarks.rivals.environments`.\n"
    "# Install with: pip install --require-hashes --no-deps -r <this file>\n"
)


def lock_of(rival: str) -> Path:
    return REQUIREMENTS / f"rival-{rival}.txt"


def python_of(rival: str) -> Path:
    """The rival's interpreter; its environment is made first where it is missing or its lock has changed. Raises
    CalledProcessError when packages cannot be fetched."""
    folder, lock = FOLDER / rival, lock_of(rival)
    installed = folder / "installed.txt"
    python = folder / "bin" / "python"
    if not installed.exists() or installed.read_text(encoding="utf-8") != lock.read_text(encoding="utf-8"):
        print(f"  making {folder.relative_to(REPOSITORY)}", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        words = ["-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", str(lock)]
        subprocess.run([str(python), *words], check=True)
        shutil.copy(lock, installed)
    return python


def locked_version(lock: Path, package: str) -> str:
    """The version a lock names. Raises ValueError for none."""
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{package}=="):
            return line.split("==")[1].split()[0]
    raise ValueError(f"{package} is not in {lock.name}")


def write_locks(*, upgrade: bool) -> None:
    """Both locks, with a uv of its own that is thrown away afterwards. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory(prefix="lookout-lock-") as name:
        folder = Path(name)
        venv.create(folder / "uv", with_pip=True)
        subprocess.run([str(folder / "uv" / "bin" / "pip"), "install", "--quiet", "uv"], check=True)
        ours = REQUIREMENTS / "consumers.txt"
        constraint = folder / "same.txt"
        constraint.write_text("".join(f"{one}=={locked_version(ours, one)}\n" for one in SAME), encoding="utf-8")
        for rival, package in RIVALS.items():
            wanted = folder / f"{rival}.in"
            wanted.write_text("\n".join((package, *WORK)) + "\n", encoding="utf-8")
            _compile(folder / "uv" / "bin" / "uv", wanted, constraint, lock_of(rival), upgrade=upgrade)
            print(lock_of(rival).relative_to(REPOSITORY))


def _compile(uv: Path, wanted: Path, constraint: Path, target: Path, *, upgrade: bool) -> None:
    command = [str(uv), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
    command += ["--no-emit-index-url", "--no-header", "--no-annotate", "--output-file", str(target)]
    command += ["--constraint", str(constraint), *(["--upgrade"] if upgrade else []), str(wanted)]
    subprocess.run(command, cwd=wanted.parent, check=True)
    target.write_text(HEADER + target.read_text(encoding="utf-8").removeprefix(HEADER), encoding="utf-8")


if __name__ == "__main__":
    write_locks(upgrade="--upgrade" in sys.argv[1:])
