"""Work that is done again and again beside the loop."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from common.clock import Clock
from common.errors import Transient
from common.retry import Backoff

log = logging.getLogger(__name__)

JOIN_S = 20.0
"""An erasure or a listing that is under way ends within the store's own time-outs."""


@dataclass(frozen=True, slots=True)
class Chore:
    """`run` returns how much it did: while that is not 0 it is called again at once. Raises Transient when a server
    does not answer; then it is called again with backoff."""

    name: str
    every_s: float
    run: Callable[[], int]


class ChoreThread:
    """Runs its chores one after another, each when it is due, all of them at start. An error that is not Transient ends
    the thread and is what `problem` says: the process is to end, and a supervisor starts it anew."""

    def __init__(self, name: str, chores: Sequence[Chore], clock: Clock) -> None:
        self._chores = tuple(chores)
        self._clock = clock
        self._stop = threading.Event()
        self._failure: str | None = None
        self._waiting_for: str | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """At most JOIN_S. Idempotent."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    @property
    def failure(self) -> str | None:
        """Why the thread ended by itself, if it did."""
        return self._failure

    def problem(self) -> str | None:
        """What it waits for, or why it ended; None when all is well. Any thread."""
        return self._failure or self._waiting_for

    def _run(self) -> None:
        due_s = [0.0] * len(self._chores)
        delays = [Backoff().delays() for _ in self._chores]
        while not self._stop.is_set():
            now_s = self._clock.monotonic_s()
            for number, chore in enumerate(self._chores):
                if self._stop.is_set() or due_s[number] > now_s:
                    continue
                try:
                    done = chore.run()
                except Transient as error:
                    log.warning("a chore waits", extra={"chore": chore.name, "error": str(error)})
                    self._waiting_for = f"{chore.name} waits for a server."
                    due_s[number] = self._clock.monotonic_s() + next(delays[number])
                except Exception as error:
                    log.exception("a chore failed", extra={"chore": chore.name})
                    self._failure = f"{chore.name} failed: {type(error).__name__}."
                    return
                else:
                    self._waiting_for = None
                    delays[number] = Backoff().delays()
                    due_s[number] = self._clock.monotonic_s() + (0.0 if done else chore.every_s)
            self._stop.wait(max(0.0, min(due_s) - self._clock.monotonic_s()))
