"""How often somebody may be wrong: per address and per account, in memory."""

import math
import time

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

PER_ADDRESS = RateLimitItemPerMinute(20, 5)
"""20 failures in 5 minutes from one address."""
PER_ACCOUNT = RateLimitItemPerMinute(20, 5)
"""20 failures in 5 minutes on one account, whether it exists or not: 5,800 guesses a day at 120 random bits."""
SIGN_UPS = RateLimitItemPerHour(10)
"""New accounts that one address can make itself in an hour, or try to: each costs a hash, and tells of a taken name."""


CODES = RateLimitItemPerHour(10)
"""Wrong codes of one account, by who knows its password: 240 guesses a day, and three of a million are right."""


class TooManyAttempts(Exception):
    """Wait for `retry_after_s`."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class Attempts:
    """Counted in memory: one process serves the page, and a restart that forgets them costs an attacker more than it
    gives. Safe on any thread."""

    def __init__(self) -> None:
        self._failures = MovingWindowRateLimiter(MemoryStorage())

    def require_room(self, address: str, account: str | None = None) -> None:
        """Raises TooManyAttempts when the address or the account (a name) has failed too often."""
        for limit, key in _keys(address, account):
            self._require(limit, key)

    def count_failure(self, address: str, account: str | None = None) -> None:
        for limit, key in _keys(address, account):
            self._failures.hit(limit, *key)

    def count_sign_up(self, address: str) -> None:
        """Raises TooManyAttempts."""
        key = ("sign-up", address)
        self._require(SIGN_UPS, key)
        self._failures.hit(SIGN_UPS, *key)

    def is_shut_out(self, address: str) -> bool:
        """Whether `require_room` refuses this address, whoever it says it is."""
        return not self._failures.test(PER_ADDRESS, "address", address)

    def is_signed_up_enough(self, address: str) -> bool:
        """Whether `count_sign_up` refuses this address."""
        return not self._failures.test(SIGN_UPS, "sign-up", address)

    def require_room_for_code(self, user_id: str) -> None:
        """Raises TooManyAttempts when the account was given too many wrong codes."""
        self._require(CODES, ("code", user_id))

    def count_wrong_code(self, user_id: str) -> None:
        self._failures.hit(CODES, "code", user_id)

    def _require(self, limit: RateLimitItem, key: tuple[str, str]) -> None:
        if not self._failures.test(limit, *key):
            reset_s = self._failures.get_window_stats(limit, *key).reset_time
            raise TooManyAttempts(max(1, math.ceil(reset_s - time.time())))


def _keys(address: str, account: str | None) -> list[tuple[RateLimitItem, tuple[str, str]]]:
    keys: list[tuple[RateLimitItem, tuple[str, str]]] = [(PER_ADDRESS, ("address", address))]
    return keys if account is None else [*keys, (PER_ACCOUNT, ("account", account))]
