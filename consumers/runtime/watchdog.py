"""Ends a process that has work and gets nowhere, with the stacks of all its threads in the log (DESIGN 6)."""

import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

log = logging.getLogger(__name__)
LOOK_EVERY_S = 1.0
GAP_S = 5.0
"""When the watchdog itself was not run for so long, the whole process stood still (SIGSTOP): that is no hang."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """One look. `progress` grows with every step; `busy_since`: when each thread began its step, monotonic seconds."""

    progress: int
    has_work: bool
    is_connected: bool
    busy_since: Mapping[str, float]


class StallJudge:
    """Decides from looks whether the process hangs. Pure."""

    def __init__(self, stalled_after_s: float, step_within_s: float, now_s: float) -> None:
        self._stalled_after_s = stalled_after_s
        self._step_within_s = step_within_s
        self._looked_s = now_s
        self._moved_s = now_s
        self._awake_s = now_s
        self._progress = -1

    def judge(self, vitals: Vitals, now_s: float) -> str | None:
        """None, or a sentence that says what hangs."""
        if now_s - self._looked_s > GAP_S:
            self._moved_s = self._awake_s = now_s
        self._looked_s = now_s
        if vitals.progress != self._progress or not vitals.has_work or not vitals.is_connected:
            self._progress = vitals.progress
            self._moved_s = now_s
        if now_s - self._moved_s >= self._stalled_after_s:
            return f"There was work and no progress for {now_s - self._moved_s:.0f} s."
        for thread, since_s in vitals.busy_since.items():
            if now_s - max(since_s, self._awake_s) >= self._step_within_s:
                return f"Thread {thread} has been in one step for {now_s - since_s:.0f} s."
        return None


class Watchdog:
    """A thread of its own. `die` is called once, with the sentence, when the process hangs."""

    def __init__(self, judge: StallJudge, look: Callable[[], Vitals], die: Callable[[str], None]) -> None:
        self._judge = judge
        self._look = look
        self._die = die
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            problem = self._judge.judge(self._look(), time.monotonic())
            if problem is not None:
                self._die(problem)
                return


def dump_and_exit(problem: str) -> None:
    """Stacks of all threads to standard error, then the end: nothing is committed, the supervisor starts anew."""
    log.critical("the process hangs: %s", problem)
    faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
    sys.stderr.flush()
    os._exit(70)
