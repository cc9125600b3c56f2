"""A secret in a file that its owner alone can read: made once, by whichever process comes first."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from common.errors import ConfigurationError


def read_or_make(path: Path, make: Callable[[], str]) -> str:
    """The text of the file, without the line's end; made if it is not there. Written aside and linked, so that nobody
    reads half of it. Raises ConfigurationError when the folder is not writable."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            aside = path.with_name(f"{path.name}.{os.getpid()}")
            aside.unlink(missing_ok=True)
            handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(make() + "\n")
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(aside, path)
            aside.unlink()
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"LOOKOUT_VAR_DIR: {path} cannot be written ({error}).") from error
