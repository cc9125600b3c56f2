"""A model or a store that does not answer: since when, for the health page, the status record and the log."""

import contextlib
import logging
import math
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from common.clock import Clock
from common.errors import Transient
from common.retry import Backoff

T = TypeVar("T")
ASK_AGAIN = Backoff(first_s=0.1, most_s=5.0)
log = logging.getLogger(__name__)
DECLARED_AFTER_S = 5.0
"""Shorter than that it is a hiccup that nobody has to be told of."""


class Silence:
    """Any number of threads at once. It lasts from the first failed attempt until a repeated one succeeds, or nobody
    waits for an answer any more. `who`: as a sentence begins."""

    def __init__(self, who: str, clock: Clock) -> None:
        self._who = who
        self._clock = clock
        self._lock = threading.Lock()  # guards all below
        self._waiting = 0
        self._since_s: float | None = None
        self._answered_s = -math.inf
        self._is_declared = False

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """The calling thread has a frame that it calls for again and again."""
        with self._lock:
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                if self._waiting == 0:
                    self._end()

    def outlast(self, error: Transient, attempt: Callable[[int], T], goes_on: Callable[[float], bool]) -> T | None:
        """Attempt again and again, for ever: the first answer, or None once nobody wants it any more.

        `attempt`: told its number, that of the one which raised `error` being 1; raises Transient for no answer.
        `goes_on`: waits so many seconds and says whether the answer is still wanted.
        """
        with self.waiting():
            for number, delay_s in enumerate(ASK_AGAIN.delays(), start=2):
                self.failed(error)
                if not goes_on(delay_s):
                    return None
                try:
                    answer = attempt(number)
                except Transient as another:
                    error = another
                    continue
                self.answered()
                return answer
        return None

    def failed(self, error: Transient, begun_s: float | None = None) -> None:
        """One more attempt without an answer. `begun_s`: monotonic, where it may have taken long."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            if self._since_s is None:
                self._since_s = now_s if begun_s is None else max(begun_s, self._answered_s)
            if not self._is_declared and now_s - self._since_s >= DECLARED_AFTER_S:
                self._is_declared = True
                log.warning("%s does not answer", self._who, extra={"error": error})

    def answered(self) -> None:
        """An attempt had an answer, or nobody waits for one any more."""
        with self._lock:
            self._end()

    @property
    def problem(self) -> str | None:
        """None, or for how long there was no answer. Users read it: what was said by whom is in the log."""
        with self._lock:
            silent_s = self._clock.monotonic_s() - self._since_s if self._since_s is not None else 0.0
            if silent_s < DECLARED_AFTER_S:
                return None
            return f"{self._who} has not answered for {silent_s:.0f} s."

    def _end(self) -> None:
        """Call under the lock."""
        self._since_s = None
        self._answered_s = self._clock.monotonic_s()
        if self._is_declared:
            self._is_declared = False
            log.info("%s is no longer waited for", self._who)
