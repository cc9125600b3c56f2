"""`.venv` with the locked packages and nothing else. Standard library only: it runs before there is one."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from pathlib import Path

from infra.native.layout import REQUIREMENTS, VENV
from infra.native.step import SetupError

DEFAULT_LOCK = REQUIREMENTS / "default.txt"
VENV_PYTHON = VENV / "bin" / "python"
# A line of progress for every this many packages.
PROGRESS_STEP = 15


def make_environment() -> None:
    """Make `.venv` with the locked packages, and print how far it is."""
    if not VENV_PYTHON.exists() or not venv_matches():
        venv.create(VENV, with_pip=True, clear=VENV.exists(), symlinks=True)
    total = count_packages(DEFAULT_LOCK)
    command = [str(VENV_PYTHON), "-m", "pip", "install", "--require-hashes", "--no-deps", "--progress-bar", "off"]
    # Python compiles what is imported at its first import; doing it for all takes a quarter of the installation.
    command += ["--no-compile", "--disable-pip-version-check", "--requirement", str(DEFAULT_LOCK)]
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


def count_packages(lock: Path) -> int:
    """How many packages a lock file pins (markers may leave a few of them out)."""
    return len(locked_names(lock))


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
