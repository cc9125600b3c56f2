"""Installs a lock file with uv, which takes seconds where pip takes half a minute. Standard library only.

uv comes by pip, pinned and hashed like everything else, and is told what pip is told of indexes, certificates and
proxies. Where it cannot be had or does not manage, the caller lets pip do the work.
"""

from __future__ import annotations

import ast
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from infra.native.layout import REQUIREMENTS, VENV

UV_LOCK = REQUIREMENTS / "setup.txt"
UV = VENV / "bin" / "uv"
VENV_PYTHON = VENV / "bin" / "python"
PIP_LIMIT_S = 300.0
INSTALL_LIMIT_S = 1800.0
NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "trusted-host": "UV_INSECURE_HOST",
    "no-index": "UV_NO_INDEX",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
"""pip's setting -> the variable that tells uv the same; both take several values separated by white space."""
SECTIONS = ("global", "install", ":env:")
"""Where pip finds a setting; a later one counts more."""
SHOWN = ("Resolved", "Downloading", "Prepared", "Installed")
"""First words of the lines of uv that tell how far it is."""


def is_uv_there() -> bool:
    """Whether uv is in `.venv`, or came there just now. Never raises: pip can do all that uv does."""
    if not UV_LOCK.is_file():
        return False
    command = [str(VENV_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--require-hashes", "--no-deps", "--requirement", str(UV_LOCK)]
    try:
        fetched = subprocess.run(command, capture_output=True, timeout=PIP_LIMIT_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return fetched.returncode == 0 and UV.exists()


def install_with_uv(lock: Path, tell: Callable[[str], None]) -> bool:
    """Install one lock file into `.venv`; `tell` gets the lines that say how far it is. False: uv did not manage."""
    if not is_uv_there():
        return False
    command = [str(UV), "pip", "install", "--no-progress", "--python", str(VENV_PYTHON)]
    command += ["--require-hashes", "--no-deps", "--requirement", str(lock)]
    last = ""
    try:
        # Not in the checkout: pyproject.toml tells uv how to resolve, and here nothing is resolved any more.
        with subprocess.Popen(
            command,
            cwd=tempfile.gettempdir(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=uv_variables(os.environ),
        ) as uv:
            limit = threading.Timer(INSTALL_LIMIT_S, uv.kill)
            limit.start()
            try:
                for line in uv.stderr or ():
                    last = line.strip() or last
                    if last.startswith(SHOWN):
                        tell(last)
                is_installed = uv.wait() == 0
            finally:
                limit.cancel()
    except (OSError, subprocess.SubprocessError) as error:
        is_installed, last = False, str(error)
    if not is_installed:
        tell(f"uv did not manage ({last}): pip does it, which takes longer")
    return is_installed


def uv_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for uv: what it is told itself stays, the rest is what pip is told."""
    listing = subprocess.run(
        [str(VENV_PYTHON), "-m", "pip", "config", "list", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    # The machine's own certificates, as pip takes them.
    return {"UV_SYSTEM_CERTS": "1", **translate(listing), **environment}


def translate(listing: str) -> dict[str, str]:
    """`pip config list` as variables of uv. A folder of wheels counts only where it is there: uv stops otherwise."""
    found: dict[str, str] = {}
    for section in SECTIONS:
        for line in listing.splitlines():
            name, _, value = line.partition("=")
            key = name.removeprefix(f"{section}.")
            if key == name:
                continue
            words = str(ast.literal_eval(value)).split()
            if key == "find-links":
                found["UV_FIND_LINKS"] = ",".join(word for word in words if "://" in word or Path(word).is_dir())
            elif key in NAMES:
                found[NAMES[key]] = " ".join(words)
    return {name: value for name, value in found.items() if value}
