"""A file with one line a frame that was sent: the camera's own proof of what the server has acknowledged."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from camera_client.frame_buffer import Frame
from camera_client.tally import Outcome


class Journal(Protocol):
    """Written by the sender thread only."""

    def write(self, session: str, frame: Frame, outcome: Outcome) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One line as read back."""

    session: str
    seq: int
    captured_us: int
    outcome: Outcome

    @property
    def identity(self) -> tuple[str, int]:
        return self.session, self.seq


class NoJournal:
    """None was asked for."""

    def write(self, session: str, frame: Frame, outcome: Outcome) -> None:
        pass

    def close(self) -> None:
        pass


class FileJournal:
    """JSON lines, flushed one by one: a client that is killed leaves all but the line it was writing."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("a", encoding="utf-8")

    def write(self, session: str, frame: Frame, outcome: Outcome) -> None:
        fields = {"session": session, "seq": frame.seq, "captured_us": frame.captured_us, "outcome": outcome.value}
        self._file.write(json.dumps(fields) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def read_journal(path: Path) -> list[JournalLine]:
    """Every whole line; a last line that was cut by a kill is left out. ValueError for any other that is malformed."""
    lines = path.read_text(encoding="utf-8").split("\n")
    read = []
    for line in lines[:-1]:
        fields = json.loads(line)
        session, outcome = str(fields["session"]), Outcome(fields["outcome"])
        read.append(JournalLine(session, int(fields["seq"]), int(fields["captured_us"]), outcome))
    return read
