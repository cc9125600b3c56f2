"""A camera client as a process of its own, with its journal."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from camera_client.journal import JournalLine, read_journal

STOP_S = 90.0
"""Longer than the client's own patience with a frame that is not answered."""


class CameraProcess:
    """`python -m camera_client` sending one source as one camera."""

    def __init__(self, folder: Path, server: str, camera: str, token: str, source: str, fps: float = 10.0) -> None:
        self.camera = camera
        self.journal_file = folder / f"{camera}.journal"
        self.summary: dict[str, Any] = {}
        token_file = folder / f"{camera}.token"
        token_file.touch(mode=0o600)
        token_file.write_text(token, encoding="utf-8")
        self._log = (folder / f"{camera}.log").open("wb")
        command = [sys.executable, "-m", "camera_client", "--source", source, "--server", server, "--camera", camera]
        command += ["--token-file", str(token_file), "--fps", str(fps), "--journal", str(self.journal_file)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> dict[str, Any]:
        """Ask it to end, wait, and return the summary it printed. RuntimeError when it printed none."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            output, _ = self._process.communicate(timeout=STOP_S)
        finally:
            self.kill()
        lines = output.strip().splitlines()
        if not lines:
            raise RuntimeError(f"the client of {self.camera} ended with {self._process.returncode} and said nothing")
        self.summary = json.loads(lines[-1])
        return self.summary

    def kill(self) -> None:
        """SIGKILL if it still runs. Idempotent."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)
        self._log.close()

    def journal(self) -> list[JournalLine]:
        """What became of each frame so far."""
        return read_journal(self.journal_file) if self.journal_file.exists() else []
