"""Passwords: argon2id, bounded in how many are checked at once."""

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from common.errors import Transient

PASSWORD_MAX_CHARS = 1_024
CONCURRENT_CHECKS = 2
"""One check takes 64 MiB and some 50 ms of CPU (argon2-cffi's defaults, RFC 9106's low-memory profile): a flood of
log-ins must not take the machine."""
WAIT_S = 5.0
"""How long a log-in waits for its turn; later ones are told to come back."""
_PASSWORD_BYTES = 15


class Passwords:
    """Hashing and checking. Safe on any thread; blocks for at most WAIT_S and one check."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(CONCURRENT_CHECKS)
        # Checked when there is no such user, so that the answer takes the same time.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(_PASSWORD_BYTES))

    def hash(self, password: str) -> str:
        with self._turn():
            return self._hasher.hash(password)

    def is_right(self, password_hash: str | None, password: str) -> bool:
        """Whether `password` belongs to `password_hash`; None: there is no such user, which takes as long to say.
        Raises Transient when too many others wait."""
        with self._turn():
            try:
                self._hasher.verify(password_hash or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return password_hash is not None

    def _turn(self) -> "_Turn":
        if not self._turns.acquire(timeout=WAIT_S):
            raise Transient("too many log-ins at once")
        return _Turn(self._turns)


class _Turn:
    """Gives the place back when its block ends."""

    def __init__(self, turns: threading.BoundedSemaphore) -> None:
        self._turns = turns

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self._turns.release()


def make_password() -> str:
    """20 characters that can be typed and selected with a double click: 120 random bits."""
    return secrets.token_urlsafe(_PASSWORD_BYTES).replace("-", "x").replace("_", "y")
