"""Logging in: limited per account and address, and silent about which half was wrong."""

import math
import time
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from api_server.accounts.passwords import PASSWORD_MAX_CHARS, Passwords
from api_server.accounts.sessions import Origin, Sessions
from api_server.accounts.users import User, Users

PER_ADDRESS = RateLimitItemPerMinute(20, 5)
"""20 failures in 5 minutes from one address."""
PER_ACCOUNT = RateLimitItemPerMinute(20, 5)
"""20 failures in 5 minutes on one account, whether it exists or not: 5,800 guesses a day at 120 random bits."""


class TooManyAttempts(Exception):
    """Wait for `retry_after_s`."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """`token` goes into the cookie and nowhere else."""

    user: User
    token: str


class Login:
    """Checks names and passwords. Failures are counted in memory: one process serves the page, and a restart that
    forgets them costs an attacker more than it gives. Safe on any thread."""

    def __init__(self, users: Users, sessions: Sessions, passwords: Passwords) -> None:
        self._users = users
        self._sessions = sessions
        self._passwords = passwords
        self._failures = MovingWindowRateLimiter(MemoryStorage())

    def log_in(self, name: str, password: str, origin: Origin) -> LoggedIn | None:
        """None when name or password is wrong, or the account is not active; each takes as long. Raises TooManyAttempts
        before anything is checked, Transient."""
        limited = ((PER_ADDRESS, ("address", origin.address)), (PER_ACCOUNT, ("account", name)))
        for limit, key in limited:
            if not self._failures.test(limit, *key):
                reset_s = self._failures.get_window_stats(limit, *key).reset_time
                raise TooManyAttempts(max(1, math.ceil(reset_s - time.time())))
        user = self._users.named(name)
        if user is not None and not user.is_active:
            user = None
        is_right = self._passwords.is_right(user.password_hash if user else None, password[:PASSWORD_MAX_CHARS])
        if user is None or not is_right:
            for limit, key in limited:
                self._failures.hit(limit, *key)
            return None
        return LoggedIn(user, self._sessions.begin(user, origin))
