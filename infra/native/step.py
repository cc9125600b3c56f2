"""Steps of the set-up: each is skipped when nothing it depends on has changed. Standard library only."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

# As much of what a failed program said is shown.
OUTPUT_LINES = 15


class SetupError(Exception):
    """A step failed; the message is for the person at the terminal."""


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


Track = list[Step]
"""Steps that need one another, in order. Tracks run side by side: pip and Maven mostly wait for the network."""


def digest_of(paths: Iterable[Path]) -> str:
    """SHA-256 over the contents of `paths` in order, and the Python that makes the environment."""
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def run_tracks(tracks: list[Track]) -> float:
    """Run what is not done yet; returns the seconds it took. Raises SetupError naming every track that failed."""
    begin = time.monotonic()
    total = sum(len(track) for track in tracks)

    def follow(first: int, track: Track) -> None:
        for offset, step in enumerate(track):
            run_step(step, f"[{first + offset}/{total}] {step.title}")

    firsts = [1 + sum(map(len, tracks[:index])) for index in range(len(tracks))]
    with ThreadPoolExecutor(max_workers=len(tracks)) as threads:
        outcomes = [threads.submit(follow, first, track) for first, track in zip(firsts, tracks, strict=True)]
    failures = [error for outcome in outcomes if (error := outcome.exception()) is not None]
    for error in failures:
        if not isinstance(error, SetupError):
            raise error
    if failures:
        raise SetupError("\n".join(map(str, failures)))
    return time.monotonic() - begin


def run_step(step: Step, label: str) -> None:
    """Run one step unless it is done, and remember that it is. Raises SetupError."""
    if step.is_done():
        print(f"{label}: already there", flush=True)
        return
    print(f"{label} ...", flush=True)
    begin = time.monotonic()
    try:
        step.run()
    except OSError as error:
        raise SetupError(f"{step.title} failed: {error}. `make doctor` says what is missing.") from error
    except subprocess.CalledProcessError as error:
        command = " ".join(map(str, error.cmd[:6]))
        words = "\n".join((error.output or "").splitlines()[-OUTPUT_LINES:])
        raise SetupError(f"{step.title} failed: `{command} ...` ended with {error.returncode}.\n{words}") from error
    step.stamp.parent.mkdir(parents=True, exist_ok=True)
    step.stamp.write_text(step.digest() + "\n", encoding="utf-8")
    print(f"{label}: done in {time.monotonic() - begin:.0f} s", flush=True)
