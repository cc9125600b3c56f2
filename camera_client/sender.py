"""The sending thread: one frame after the other, each repeated under its own (session, seq) until its fate is known."""

import logging
import random
import threading
from dataclasses import dataclass
from typing import Protocol

from camera_client.connection import Answer, NoAnswer, NotSent
from camera_client.frame_buffer import Frame, FrameBuffer
from camera_client.journal import Journal
from camera_client.tally import Outcome, Tally
from common.clock import Clock
from common.deadline import Deadline
from common.errors import LookoutError
from common.retry import Backoff

log = logging.getLogger(__name__)

GIVE_UP_S = 60.0
"""A frame is repeated for so long. The server recognises repetitions within 120 s of log time: twice that."""
IDENTITY_PATIENCE_S = 10.0
"""401, 403 and 404 are believed after so long: a camera just created is not known everywhere in the same moment."""
GRACE_S = 5.0
"""For what is still held when the client is told to stop."""
RETRY = Backoff(first_s=0.2, most_s=5.0)
_TAKE_TIMEOUT_S = 0.5
_BACK_PRESSURE = frozenset({429, 507})
_IDENTITY = frozenset({401, 403, 404})


class CameraRefused(LookoutError):
    """The server does not take this camera: its id or token is wrong. A person has to look."""


class Connection(Protocol):
    """What the sender needs of `connection.IngestConnection`. Sender thread only."""

    def post(self, frame: Frame, timeout_s: float) -> Answer:
        """Raises NotSent when the server cannot have the frame, NoAnswer when it may."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What one attempt says: a final outcome, or the reason and pause before the next attempt."""

    outcome: Outcome | None
    reason: str
    pause_s: float = 0.0
    may_be_stored: bool = False
    is_identity: bool = False


class Sender:
    """Owns the connection. `run` is the body of its thread and ends when the buffer is closed and empty."""

    def __init__(
        self, connection: Connection, buffer: FrameBuffer, session: str, tally: Tally, journal: Journal, clock: Clock
    ) -> None:
        self._connection, self._buffer, self._session = connection, buffer, session
        self._tally, self._journal, self._clock = tally, journal, clock
        self._stopping = threading.Event()
        self._grace: Deadline | None = None  # set by the sender's thread when it first sees that it is to stop
        self.failure: LookoutError | None = None
        """Why `run` ended before its time; read after the thread has ended."""

    def run(self) -> None:
        try:
            while not self._is_grace_over():
                frame = self._buffer.take(_TAKE_TIMEOUT_S)
                if frame is None:
                    if self._buffer.is_closed:
                        return
                    continue
                outcome, reason = self._deliver(frame)
                self._tally.count(outcome, reason)
                self._journal.write(self._session, frame, outcome)
        except CameraRefused as error:
            self._tally.count(Outcome.REFUSED, "camera")
            self.failure = error
        finally:
            self._buffer.discard()
            self._connection.close()

    def stop_waiting(self) -> None:
        """Any thread: pauses end at once and no frame is tried for longer than the grace from now on."""
        self._stopping.set()

    def _deliver(self, frame: Frame) -> tuple[Outcome, str]:
        """Try until the outcome is final or time is up; the outcome, and for a refusal the server's word for it."""
        deadline, identity_until = Deadline(GIVE_UP_S, self._clock), Deadline(IDENTITY_PATIENCE_S, self._clock)
        may_be_stored = False
        for attempt, backoff_s in enumerate(RETRY.delays()):
            self._is_grace_over()
            bound = deadline if self._grace is None else self._grace
            if attempt:
                self._tally.count_retry()
            verdict = self._attempt(frame, bound)
            may_be_stored |= verdict.may_be_stored
            if verdict.outcome is not None:
                return verdict.outcome, verdict.reason
            if verdict.is_identity and identity_until.is_over:
                raise CameraRefused(verdict.reason)
            # Jitter spreads many cameras out; nothing secret depends on it.
            pause_s = max(backoff_s, verdict.pause_s * random.uniform(1.0, 1.2))  # noqa: S311
            if bound.remaining_s() <= pause_s:
                break
            if attempt == 0:
                log.warning("frame not taken: %s; again in %.1f s", verdict.reason, pause_s, extra={"seq": frame.seq})
            self._pause(pause_s)
        return (Outcome.UNKNOWN if may_be_stored else Outcome.REFUSED), verdict.reason

    def _is_grace_over(self) -> bool:
        """Starts the grace when told to stop; afterwards whether it is used up."""
        if self._grace is None and self._stopping.is_set():
            self._grace = Deadline(GRACE_S, self._clock)
        return self._grace is not None and self._grace.is_over

    def _attempt(self, frame: Frame, bound: Deadline) -> _Verdict:
        try:
            answer = self._connection.post(frame, max(1.0, bound.remaining_s()))
        except NotSent as error:
            return _Verdict(None, str(error))
        except NoAnswer as error:
            return _Verdict(None, str(error), may_be_stored=True)
        return judge(answer)

    def _pause(self, seconds: float) -> None:
        """Sleep, but wake at once in the moment of being told to stop."""
        until = Deadline(seconds, self._clock)
        while not until.is_over and (self._grace is not None or not self._stopping.is_set()):
            self._clock.sleep(until.at_most(0.1))


def judge(answer: Answer) -> _Verdict:
    """What a status means to a camera. A 5xx other than 507 leaves open whether the frame is stored."""
    reason = answer.code or str(answer.status)
    told = f"{answer.status} {answer.message}".strip()
    if 200 <= answer.status < 300:
        return _Verdict(Outcome.ACKNOWLEDGED, reason)
    pause_s = answer.retry_after_s or 0.0
    if answer.status in _IDENTITY:
        return _Verdict(None, told, pause_s, is_identity=True)
    if answer.status in _BACK_PRESSURE:
        return _Verdict(None, told, pause_s)
    if answer.status >= 500 or answer.status == 408:
        return _Verdict(None, told, pause_s, may_be_stored=True)
    return _Verdict(Outcome.REFUSED, reason)
