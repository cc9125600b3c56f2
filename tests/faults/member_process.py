"""One consumer as the product runs it, with crash points: `python -m tests.faults.member_process FOLDER OPTIONS-JSON`.

The descriptor `analysed_fd` gets a line `wall_s partition offset camera` a frame; FOLDER/crash-PID the crash point
that ended it. FOLDER/encoder-PID, written by the test, says what its encoder does next: `fail`, `hang`, `full` or `ok`.
The process ends when its parent does. OPTIONS: analysis, threads, model ("cpu", "sleep", ...), cost_ms, crash,
crash_at, analysed_fd, deadly (the grey level of a picture over which the process dies), engine (of EngineSettings).
"""

import json
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from common.contracts.work import AdmittedFrame
from common.errors import EncoderFailure
from common.logs import configure_logging
from consumers import wiring
from consumers.pipeline import stream_session
from consumers.pipeline.analysed import AnalysedFrame
from consumers.pipeline.analysis import Picture
from consumers.pipeline.encoder.clip_writer import ClipWriter
from consumers.pipeline.workload import VideoWorkload
from consumers.registry import load_definition
from consumers.runtime.settings import EngineSettings
from tests.faults.crash_points import CrashPoint, crashing_ports
from tests.faults.stand_in_analysis import ANALYSIS, MODEL_KIND, MODEL_MS, definition

FULL_BYTES = 2_048
"""With `full`, no file may grow beyond this: the kernel refuses the write, as a full disk does (EFBIG for ENOSPC)."""
PARENT_EVERY_S = 0.5


class EncoderFault:
    """What the test wants of the encoder. The file is looked at for every frame."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_full = False

    def apply(self) -> None:
        try:
            wish = self._path.read_text(encoding="ascii").strip()
        except OSError:
            wish = "ok"
        self._limit_files(wish == "full")
        if wish == "fail":
            raise EncoderFailure("the encoder fails on request")
        while wish == "hang":
            time.sleep(1)

    def _limit_files(self, is_full: bool) -> None:
        if is_full != self._is_full:
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_BYTES if is_full else hard, hard))
            self._is_full = is_full


def install(folder: Path, options: dict[str, Any]) -> None:
    """Put what differs from the product where `wiring` finds it."""
    pid = os.getpid()
    crash = CrashPoint(
        options.get("crash"), options.get("crash_at", 1), lambda point: _write(folder / f"crash-{pid}", point)
    )
    deadly: int | None = options.get("deadly")
    analysed_fd: int = options["analysed_fd"]
    fault = EncoderFault(folder / f"encoder-{pid}")

    class LoggedWorkload(VideoWorkload):
        def analyse(self, frame: AdmittedFrame) -> AnalysedFrame:
            result = super().analyse(frame)
            os.write(analysed_fd, f"{time.time():.3f} {frame.partition} {frame.offset} {frame.camera}\n".encode())
            picture = result._picture
            if deadly is not None and picture is not None and _is_deadly(picture, deadly):
                os.kill(os.getpid(), signal.SIGKILL)
            return result

    class FaultyWriter(ClipWriter):
        def write(self, picture: Picture, pts_ms: int) -> None:
            fault.apply()
            super().write(picture, pts_ms)

    def engine_settings(**chosen: Any) -> EngineSettings:
        return EngineSettings(**{**chosen, **options.get("engine", {})})

    def load(name: str) -> Any:
        if name == ANALYSIS:
            return definition(options.get("model", MODEL_KIND), options.get("cost_ms", MODEL_MS), folder)
        return load_definition(name)

    replaced: dict[str, Any] = {
        **crashing_ports(crash),
        "VideoWorkload": LoggedWorkload,
        "EngineSettings": engine_settings,
        "load_definition": load,
        # Queries are another part's business, and their members would make the group logs longer.
        "start_jobs": lambda *_, **__: None,
    }
    for name, value in replaced.items():
        setattr(wiring, name, value)
    setattr(stream_session, "ClipWriter", FaultyWriter)  # noqa: B010 - a class may not be assigned to, says mypy


def _is_deadly(picture: Picture, level: int) -> bool:
    return abs(float(picture.mean()) - level) < 1.5


def _write(path: Path, text: str) -> None:
    with path.open("wb", buffering=0) as file:
        file.write(text.encode())


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_EVERY_S)
    os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path, options: dict[str, Any]) -> int:
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    configure_logging()
    install(folder, options)
    run = wiring.RunOptions(
        name=options.get("analysis", ANALYSIS),
        threads=options.get("threads", 2),
        health_port=0,
        session_timeout_s=options.get("session_timeout_s", 6.0),
    )
    return wiring.run_consumer(run)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
