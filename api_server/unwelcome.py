"""Requests that will be refused whatever they go on to say, told by their first bytes: they can wait.

A refusal costs as much of the one interpreter as an answer does. Who is refused without having to wait for it asks
again at once, and everybody else's answers become slower by that.
"""

import re

from api_server.accounts.attempts import Attempts
from api_server.http.body import BODY_MAX_BYTES

_LINE = re.compile(rb"(POST|PUT|PATCH|DELETE) (/[^ ?]*)[^ ]* HTTP/1\.[01]\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_CREDENTIALS = re.compile(rb"\r\n(?:cookie|authorization):", re.IGNORECASE)
LOG_INS, SIGN_UP = (b"/v1/session", b"/v1/password"), b"/v1/sign-up"
LONG_BODIES = (b"/v1/recordings", b"/v1/uploads", b"/v1/analyze/")
"""Where addresses begin that take more than BODY_MAX_BYTES; a test compares them with the route table."""


class Unwelcome:
    """Safe on any thread; looks at memory alone."""

    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts

    def puts_off(self, address: str, seen: bytes) -> bool:
        """Whether a request from `address` that begins with `seen`, its head included, is refused in any case: a log-in
        from where too many have failed, or a body that is longer than anything its sender may send there."""
        line = _LINE.match(seen)
        if line is None:
            return False
        method, path = line.groups()
        if method == b"POST" and path in LOG_INS and self._attempts.is_shut_out(address):
            return True
        if method == b"POST" and path == SIGN_UP and self._attempts.is_signed_up_enough(address):
            return True
        head = seen[: seen.find(b"\r\n\r\n") + 2]
        if not _is_long(head):
            return False
        return not (path.startswith(LONG_BODIES) and _CREDENTIALS.search(head))


def _is_long(head: bytes) -> bool:
    length = _LENGTH.search(head)
    return int(length[1]) > BODY_MAX_BYTES if length is not None else _CHUNKED.search(head) is not None
