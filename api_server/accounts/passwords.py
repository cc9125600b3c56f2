"""Passwords: argon2id, one at a time and behind everybody else."""

import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from common.errors import Transient

T = TypeVar("T")

PASSWORD_MAX_CHARS = 1_024
WAITING_MAX = 8
"""Log-ins that wait while one is checked. A check takes 64 MiB and 50 to 200 ms of CPU on four threads (argon2-cffi's
defaults, RFC 9106's low-memory profile): a flood of log-ins must not take the machine, nor the server's threads."""
WAIT_S = 10.0
"""How long a log-in waits; later ones are told to come back."""
NICENESS = 5
"""A check takes a quarter of a busy core: who has signed in goes first."""
_PASSWORD_BYTES = 15


class TooBusy(Transient):
    """Too many passwords are being checked."""


class Passwords:
    """Hashing and checking, on a thread of its own. Safe on any thread; blocks for at most WAIT_S. Everything raises
    TooBusy, at once when WAITING_MAX others wait."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._places = threading.BoundedSemaphore(1 + WAITING_MAX)
        self._checker = ThreadPoolExecutor(1, "passwords", initializer=_step_back)
        # Checked when there is no such user, so that the answer takes the same time.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(_PASSWORD_BYTES))

    def hash(self, password: str) -> str:
        return self._in_turn(lambda: self._hasher.hash(password))

    def is_right(self, password_hash: str | None, password: str) -> bool:
        """Whether `password` belongs to `password_hash`; None: there is no such user, which takes as long to say."""
        is_same = self._in_turn(lambda: self._verified(password_hash or self._nobody, password))
        return is_same and password_hash is not None

    def _verified(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    def _in_turn(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise TooBusy("too many log-ins wait")
        turn: Future[T] = self._checker.submit(work)
        turn.add_done_callback(lambda _: self._places.release())
        try:
            return turn.result(WAIT_S)
        except TimeoutError as error:
            turn.cancel()
            raise TooBusy("no turn for a log-in in time") from error


def _step_back() -> None:
    """The calling thread, and argon2's that it starts, leave the processor to others: on Linux a thread is as nice as
    the one that made it (sched(7))."""
    me = threading.get_native_id()
    os.setpriority(os.PRIO_PROCESS, me, os.getpriority(os.PRIO_PROCESS, me) + NICENESS)


def make_password() -> str:
    """20 characters that can be typed and selected with a double click: 120 random bits."""
    return secrets.token_urlsafe(_PASSWORD_BYTES).replace("-", "x").replace("_", "y")
