"""What a native server is: a prepared command and a real client call that says when it answers."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.native.child import Command

# Servers answer within 1 to 3 s on an idle machine; a loaded one, or a log to recover after kill -9, takes longer.
READY_S = 60.0
POLL_S = 0.1


class ServerFailed(Exception):
    """A server did not come up, or died. The message names it and ends with the last lines of its log."""


class NotReady(Exception):
    """The client call got no answer yet."""


Probe = Callable[[], None]
"""One bounded client call (2 s at most). Raises NotReady; anything else is a mistake of ours."""


@dataclass(frozen=True)
class Server:
    """A server to start: `prepare` writes its settings and formats its storage, once it is certain that it will run."""

    command: Command
    prepare: Callable[[], None]
    probe: Probe
    port_variable: str


def wait_until_ready(
    probe: Probe, interrupt: Callable[[], None], is_running: Callable[[], bool], limit_s: float = READY_S
) -> None:
    """Call `probe` until it returns. Raises NotReady with its last words when the time is over or the process ended,
    and whatever `interrupt` raises, which is called in between."""
    limit = time.monotonic() + limit_s
    while True:
        interrupt()
        running_before = is_running()
        try:
            probe()
        except NotReady as error:
            if not running_before:
                raise NotReady("it ended") from error
            if time.monotonic() > limit:
                raise NotReady(f"no answer within {limit_s:.0f} s: {error}") from error
        else:
            return
        time.sleep(POLL_S)


def find_java(program: str = "java") -> str:
    """The program of JAVA_HOME, else of PATH. Raises ServerFailed."""
    home = os.environ.get("JAVA_HOME")
    if home and (Path(home) / "bin" / program).is_file():
        return str(Path(home) / "bin" / program)
    found = shutil.which(program)
    if found is None:
        raise ServerFailed(f"`{program}` was not found: `make doctor` says what to install.")
    return found


def java_words(heap_mib: int, *options: str) -> tuple[str, ...]:
    """The start of a Java command line: bounded heap, an end at once when memory runs out, little work to start.

    The first compiler only, and the serial collector: measured on 2 cores, Kafka is up after half the CPU time (3.9 s
    instead of 8.6 s), takes 148 MB instead of 212, and 8,000 frames of 40 kB in and out cost it less, not more.
    """
    light = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData")
    return (find_java(), f"-Xmx{heap_mib}m", "-Xms64m", *light, "-XX:+ExitOnOutOfMemoryError", *options)


def class_path(*parts: Path) -> str:
    """Folders of jars and of classes, as Java takes them."""
    return os.pathsep.join(str(part / "*") if any(part.glob("*.jar")) else str(part) for part in parts)


def write_file(path: Path, text: str, mode: int = 0o600) -> None:
    """Write settings that may hold a key: never readable by others, not even for a moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
