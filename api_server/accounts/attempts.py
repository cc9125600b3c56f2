"""How often somebody may be wrong: per address and per account, counted by Flask-Limiter."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask, Response, g, request
from flask_limiter import Limiter
from limits import parse

PER_ADDRESS = "20 per 5 minutes"
"""Failures from one address."""
PER_ACCOUNT = "20 per 5 minutes"
"""Failures on one account, whether it exists or not: 5,800 guesses a day at 120 random bits."""
SIGN_UPS = "10 per 1 hour"
"""New accounts that one address can make itself, or try to: each costs a hash, and tells of a taken name."""
CODES = "10 per 1 hour"
"""Wrong codes of one account, by who knows its password: 240 guesses a day, and three of a million are right."""
_ADDRESS, _ACCOUNT, _CODE, _SIGN_UP = "address", "account", "code", "sign-up"
"""Scopes: each limit is one for all routes that share it."""


class Attempts:
    """Counted in memory, over a moving window: one process serves the page, and a restart that forgets them costs an
    attacker more than it gives.

    `guess`, `code` and `sign_up` go around what is limited, within a request for a route of the application that is
    watched, and raise RateLimitExceeded where there is no room. Guesses and codes count when the request's answer says
    that they were wrong. Safe on any thread.
    """

    def __init__(self) -> None:
        self._limiter = Limiter(_peer, strategy="moving-window", storage_uri="memory://")
        # At INFO it writes down the key of what it refuses: a name, in whose place people type passwords.
        self._limiter.logger.setLevel(logging.WARNING)
        shared = self._limiter.shared_limit
        is_wrong = _says("wrong_credentials", "wrong_password", "link_refused")
        # Their keys are read from `g`: one limit serves every thread.
        self._per_address = shared(PER_ADDRESS, _ADDRESS, deduct_when=is_wrong)
        self._per_account = shared(
            PER_ACCOUNT, _ACCOUNT, key_func=lambda: f"named {g.guessed_account}", deduct_when=is_wrong
        )
        self._codes = shared(CODES, _CODE, key_func=lambda: str(g.coded_account), deduct_when=_says("wrong_code"))
        self._sign_ups = shared(SIGN_UPS, _SIGN_UP)

    def watch(self, app: Flask) -> None:
        """Count what requests of `app` do. Once, before the first."""
        self._limiter.init_app(app)

    # Flask-Limiter knows a limit by the line at which it is entered: never two of them at one.

    @contextmanager
    def guess(self, account: str | None = None) -> Iterator[None]:
        """A password of `account` (a name), or a link when there is none."""
        with self._per_address:
            if account is None:
                yield
                return
        g.guessed_account = account
        with self._per_account:
            yield

    @contextmanager
    def code(self, user_id: str) -> Iterator[None]:
        """A code of the account's second factor."""
        g.coded_account = user_id
        with self._codes:
            yield

    @contextmanager
    def sign_up(self) -> Iterator[None]:
        """A new account: counts whatever becomes of it."""
        with self._sign_ups:
            yield

    def retry_after_s(self) -> int:
        """How long to wait, within a request that was refused."""
        refused = self._limiter.current_limit
        return 1 if refused is None else max(1, math.ceil(refused.window.reset_time - time.time()))

    def is_shut_out(self, address: str) -> bool:
        """Whether `guess` refuses this address, whoever it says it is. Needs no request."""
        return not self._limiter.limiter.test(parse(PER_ADDRESS), address, _ADDRESS)

    def is_signed_up_enough(self, address: str) -> bool:
        """Whether `sign_up` refuses this address. Needs no request."""
        return not self._limiter.limiter.test(parse(SIGN_UPS), address, _SIGN_UP)


def _peer() -> str:
    """Who speaks to this server; behind a proxy that is the proxy, for anybody can write a header."""
    return request.remote_addr or "unknown"


def _says(*codes: str) -> Callable[[Response], bool]:
    """Whether an answer is a problem with one of these codes."""

    def is_one(response: Response) -> bool:
        return response.status_code in (401, 403) and (response.get_json(silent=True) or {}).get("code") in codes

    return is_one
