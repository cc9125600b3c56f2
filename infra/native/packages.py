"""`.venv` with the locked packages and nothing else. Standard library only: it runs before there is one."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tempfile
import threading
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.native.layout import REQUIREMENTS, VENV
from infra.native.step import SetupError
from infra.native.uv_installer import UV_LOCK, VENV_PYTHON, install_with_uv

DEFAULT_LOCK = REQUIREMENTS / "default.txt"
COMPLETE_LOCK = REQUIREMENTS / "complete.txt"
PIP = (str(VENV_PYTHON), "-m", "pip")
INSTALL = (
    "install", "--require-hashes", "--no-deps", "--progress-bar", "off", "--disable-pip-version-check",
    # Python compiles what is imported at its first import; doing it for all takes a quarter of the installation.
    "--no-compile",
)  # fmt: skip
PARTS = 3
"""Installations side by side: pip unpacks on one core. Every package is pinned, so no part asks about another's."""
# A line of progress for every this many packages.
PROGRESS_STEP = 15
LAST_LINES = 15


def make_environment() -> None:
    """Make `.venv` with the locked packages, and print how far it is."""
    if not VENV_PYTHON.exists() or not venv_matches():
        venv.create(VENV, with_pip=True, clear=VENV.exists(), symlinks=True)
    if not install_with_uv(DEFAULT_LOCK, tell):
        install_in_parts()
    remove_strangers()


def tell(line: str) -> None:
    """How far it is, for the person at the terminal."""
    print(f"      {line}", flush=True)


def install_in_parts() -> None:
    """The default lock by pip. Raises SetupError."""
    progress = Progress(count_packages(DEFAULT_LOCK))
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(PARTS) as threads:
        installations = []
        for n, part in enumerate(split_lock(DEFAULT_LOCK.read_text(encoding="utf-8"), PARTS)):
            file = Path(folder, f"part-{n}.txt")
            file.write_text(part, encoding="utf-8")
            installations.append(threads.submit(install, file, progress))
        for installation in installations:
            installation.result()


def add_films() -> None:
    """What `complete.txt` names besides. The versions of all else are the same in both files."""
    if not install_with_uv(COMPLETE_LOCK, tell):
        install(COMPLETE_LOCK, Progress(count_packages(COMPLETE_LOCK)))


def package(name: str) -> Path:
    """Where a package lies once it is installed."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return VENV / "lib" / version / "site-packages" / name


class Progress:
    """Counts packages of all installations. Any thread."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._seen = 0
        self._lock = threading.Lock()

    def package_seen(self) -> None:
        with self._lock:
            self._seen += 1
            if self._seen % PROGRESS_STEP == 0:
                tell(f"{self._seen} of {self._total} packages fetched")


def install(lock: Path, progress: Progress) -> None:
    """Install one lock file into `.venv`. Raises SetupError with pip's last lines."""
    last_lines: list[str] = []
    command = [*PIP, *INSTALL, "--requirement", str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        if pip.stdout is None:  # pragma: no cover - PIPE was asked for
            raise SetupError("pip gave no output to read.")
        for line in pip.stdout:
            last_lines = [*last_lines[1 - LAST_LINES :], line]
            if line.startswith(("Collecting ", "Requirement already satisfied")):
                progress.package_seen()
    if pip.returncode != 0:
        raise SetupError("pip could not install the locked packages:\n" + "".join(last_lines))


def split_lock(lock: str, parts: int) -> list[str]:
    """A lock file's packages with their hashes, dealt out into `parts` files; each package is in one of them."""
    packages: list[list[str]] = []
    for line in lock.splitlines():
        if "==" in line and not line.startswith((" ", "#")):
            packages.append([])
        if packages:
            packages[-1].append(line)
    return ["\n".join("\n".join(lines) for lines in packages[n::parts]) + "\n" for n in range(parts)]


def remove_strangers() -> None:
    """Uninstall what the lock does not name: `.venv` then holds what was resolved, also after the lock has shrunk."""
    installed = {canonical(one.name) for one in importlib.metadata.distributions(path=[str(package(""))])}
    strangers = sorted(installed - locked_names(DEFAULT_LOCK) - locked_names(UV_LOCK) - {"pip", "setuptools"})
    if strangers:
        tell(f"removing {', '.join(strangers)}")
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
