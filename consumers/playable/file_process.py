"""The worker's side of a process that opens an upload: starts it, hands it the bytes it asks for, ends it.

A file is made by whoever uploads it, and libav is large. So it is read by a process without keys, with limits on
memory, time and output, of which nothing is taken but a checked verdict and the file that it wrote; the consumer beside
live frames never decodes a byte of it.
"""

import contextlib
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from common.clock import Clock
from common.deadline import Deadline
from common.errors import LookoutError
from consumers.jobs.outcome import NoLongerWanted
from consumers.playable.wire import BLOCK_MAX_BYTES, LENGTH, LINE_MAX_BYTES, BlockRequest, Order, Verdict, parse_message

WORK_S = 1800.0
"""Of one upload: copying 4 GB takes minutes, encoding an hour of 640 x 480 about eight on one core."""
MEMORY_BYTES = 640 * 2**20
"""Its own, beside the libraries' files; measured: copying takes 60 MiB, encoding 3840 x 2160 some 430."""
LOOK_S = 0.5
"""Between two questions whether the work is still wanted."""
ANSWER_S = 30.0
"""A process that takes no bytes for so long hangs."""
END_S = 10.0
REPOSITORY = Path(__file__).resolve().parents[2]
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE")
_LOG_TAIL_BYTES = 2_000
_log = logging.getLogger(__name__)


class FileProcessEnded(LookoutError):
    """The process came to no verdict: it was ended, hung, or talked nonsense. The text is the rest of a sentence."""


class TookTooLong(FileProcessEnded):
    """It was at work for WORK_S."""


class FileProcess:
    """One upload at a time; one thread. `read`: bytes [start, end] of the upload, raises what it raises."""

    def __init__(self, folder: Path, clock: Clock, work_s: float = WORK_S, memory_bytes: int = MEMORY_BYTES) -> None:
        self._folder = folder
        self._clock = clock
        self._work_s = work_s
        self._memory_bytes = memory_bytes

    def run(
        self,
        size: int,
        path: Path,
        output_bytes: int,
        read: Callable[[int, int], bytes],
        still_wanted: Callable[[], bool],
    ) -> Verdict:
        """Blocks until there is a verdict. Raises FileProcessEnded, NoLongerWanted, and what `read` raises."""
        order = Order(
            size=size,
            path=str(path),
            output_bytes=output_bytes,
            memory_bytes=self._memory_bytes,
            work_s=self._work_s,
        )
        ours, theirs = socket.socketpair()
        log_path = self._folder / "log"
        with ours, log_path.open("wb") as log:
            with theirs:
                process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "consumers.playable", str(theirs.fileno())],
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=_environment(),
                    cwd=self._folder,
                    start_new_session=True,
                )
            try:
                return self._serve(ours, process, order, read, still_wanted)
            except FileProcessEnded as error:
                _log.warning("a file was given up", extra={"problem": error, "said": _tail(log_path)})
                raise
            finally:
                process.kill()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(END_S)

    def _serve(
        self,
        link: socket.socket,
        process: subprocess.Popen[bytes],
        order: Order,
        read: Callable[[int, int], bytes],
        still_wanted: Callable[[], bool],
    ) -> Verdict:
        deadline = Deadline(self._work_s, self._clock)
        self._send(link, order.to_json() + b"\n")
        while True:
            message = self._next(link, process, deadline, still_wanted)
            if isinstance(message, Verdict):
                return message
            count = message.end - message.start + 1
            if not (0 < count <= BLOCK_MAX_BYTES and message.end < order.size):
                raise FileProcessEnded("it asked for bytes that there are not")
            data = read(message.start, message.end)
            self._send(link, LENGTH.pack(len(data)) + data)

    def _next(
        self,
        link: socket.socket,
        process: subprocess.Popen[bytes],
        deadline: Deadline,
        still_wanted: Callable[[], bool],
    ) -> BlockRequest | Verdict:
        """One line: it never sends a second one before it has an answer."""
        line = b""
        link.settimeout(LOOK_S)
        while not line.endswith(b"\n"):
            if not still_wanted():
                raise NoLongerWanted
            if deadline.is_over:
                raise TookTooLong(f"it took longer than {round(self._work_s / 60)} minutes")
            try:
                piece = link.recv(LINE_MAX_BYTES)
            except TimeoutError:
                continue
            except OSError as error:
                raise FileProcessEnded("it ended") from error
            line += piece
            if not piece:
                raise FileProcessEnded(_how_it_ended(process))
            if len(line) > LINE_MAX_BYTES:
                raise FileProcessEnded("it said too much")
        try:
            return parse_message(line)
        except ValueError as error:
            raise FileProcessEnded("it said what nobody understands") from error

    @staticmethod
    def _send(link: socket.socket, data: bytes) -> None:
        link.settimeout(ANSWER_S)
        try:
            link.sendall(data)
        except OSError as error:
            raise FileProcessEnded("it takes no more bytes") from error


def _environment() -> dict[str, str]:
    """No key of anything; one thread where a library would take as many as there are cores."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _how_it_ended(process: subprocess.Popen[bytes]) -> str:
    try:
        status = process.wait(END_S)
    except subprocess.TimeoutExpired:
        return "it hangs"
    return f"it was ended by signal {-status}" if status < 0 else f"it ended with status {status}"


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LOG_TAIL_BYTES))
        return file.read().decode(errors="replace")
