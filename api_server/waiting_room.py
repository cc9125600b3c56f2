"""Where connections wait until a whole request lies in the kernel's buffer: no thread is spent on who sends slowly.

Every thread that reads from a peer can be held by that peer, byte by byte (slowloris). So requests are looked at with
MSG_PEEK, on the poller's thread, and handed to a thread when their head is there, and a small body with it. SO_RCVLOWAT
keeps the poller from waking for what has been looked at already (socket(7), Linux).
"""

import re
import selectors
import socket
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

WAIT_S = 10.0
"""For a whole request, from its first byte or the connection's beginning on."""
WAITING_MAX = 300
"""Below `server.CONNECTIONS`: then who has waited longest goes, and new ones are let in still."""
HEAD_MAX_BYTES = 32 * 1024
BODY_MAX_BYTES = 64 * 1024
"""What is longer is streamed to a thread: uploads, which have few places, and what is refused by its length."""
PUT_OFF_S = 1.0
"""How long a request that is refused anyway lies before it is looked at."""
PUT_OFF_MAX, PUT_OFF_EACH = 100, 20
"""Of all addresses, of one; what comes beyond is refused here and now."""
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_AT_ONCE = re.compile(rb"\r\n(?:expect|transfer-encoding):", re.IGNORECASE)
"""A client that waits for `100 Continue`, and a body whose length nobody knows."""


@dataclass(slots=True)
class _Waiting:
    connection: Any
    until_s: float


class _Seen(Enum):
    """How much of a request lies there. `TOO_MUCH`: a head that nobody sends in earnest."""

    TOO_LITTLE = 1
    ENOUGH = 2
    TOO_MUCH = 3


@dataclass(frozen=True, slots=True)
class Doors:
    """Where a connection goes from here. `submit`: a request is there. `drop`: it did not come in time. `refuse`: too
    many of its kind lie here. `puts_off`: whether a request that begins so is not for now."""

    submit: Callable[[Any], None]
    drop: Callable[[Any], None]
    refuse: Callable[[Any], None]
    puts_off: Callable[[str, bytes], bool]


class WaitingRoom:
    """Everything on the poller's thread. A connection has a `sock` and a `client`: address and port."""

    def __init__(
        self, poller: selectors.BaseSelector, doors: Doors, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._poller = poller
        self._doors = doors
        self._now_s = now_s
        self._waiting: OrderedDict[socket.socket, _Waiting] = OrderedDict()
        self._put_off: deque[_Waiting] = deque()  # those who came first, first; their sockets are not polled

    def admit(self, connection: Any) -> None:
        """A connection whose next request is awaited; `connection.sock` is its socket."""
        connection.sock.setblocking(False)
        seen, head = self._look(connection.sock)
        match seen:
            case _Seen.ENOUGH:
                self.hand_on(connection, head)
            case _Seen.TOO_MUCH:
                self._doors.drop(connection)
            case _Seen.TOO_LITTLE:
                self._wait(connection)

    def hand_on(self, connection: Any, head: bytes) -> None:
        """A connection whose next request begins with `head`: to a thread, or for a while to nobody."""
        address = _address(connection)
        if not self._doors.puts_off(address, head):
            self._doors.submit(connection)
            return
        own = sum(_address(waiting.connection) == address for waiting in self._put_off)
        if own >= PUT_OFF_EACH or len(self._put_off) >= PUT_OFF_MAX:
            self._doors.refuse(connection)
        else:
            self._put_off.append(_Waiting(connection, self._now_s() + PUT_OFF_S))

    def expire(self) -> None:
        """Drop who has waited for too long, hand on what was put off for long enough. At least once a second."""
        now_s = self._now_s()
        for waiting in [w for w in self._waiting.values() if w.until_s <= now_s]:
            self._leave(waiting.connection)
            self._doors.drop(waiting.connection)
        while self._put_off and self._put_off[0].until_s <= now_s:
            self._doors.submit(self._put_off.popleft().connection)

    def clear(self) -> None:
        """At the end: nobody is waited for."""
        for waiting in list(self._waiting.values()):
            self._leave(waiting.connection)
            self._doors.drop(waiting.connection)
        while self._put_off:
            self._doors.refuse(self._put_off.popleft().connection)

    def _wait(self, connection: Any) -> None:
        if len(self._waiting) >= WAITING_MAX:
            oldest = next(iter(self._waiting.values())).connection
            self._leave(oldest)
            self._doors.drop(oldest)
        self._waiting[connection.sock] = _Waiting(connection, self._now_s() + WAIT_S)
        self._poller.register(connection.sock, selectors.EVENT_READ, self._readable)

    def _readable(self, sock: socket.socket) -> None:
        connection = self._waiting[sock].connection
        seen, head = self._look(sock)
        if seen is _Seen.TOO_LITTLE:
            return
        self._leave(connection)
        if seen is _Seen.ENOUGH:
            self.hand_on(connection, head)
        else:
            self._doors.drop(connection)

    def _leave(self, connection: Any) -> None:
        del self._waiting[connection.sock]
        self._poller.unregister(connection.sock)

    @staticmethod
    def _look(sock: socket.socket) -> tuple["_Seen", bytes]:
        """How much there is, and what. Enough: a thread can answer without waiting for a whole request, for one that is
        refused or streamed, or for a peer that has ended. Too little: the poller is told how much has been seen."""
        try:
            seen = sock.recv(HEAD_MAX_BYTES + BODY_MAX_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            return _Seen.TOO_LITTLE, b""
        except OSError:
            return _Seen.ENOUGH, b""  # gone: the thread finds out at once
        if missing_bytes(seen) == 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            return _Seen.ENOUGH, seen
        if len(seen) >= HEAD_MAX_BYTES and b"\r\n\r\n" not in seen:
            return _Seen.TOO_MUCH, seen
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(seen) + 1)
        # Where the peer has ended in the middle no more will come, and the socket stays readable.
        return (_Seen.ENOUGH if _has_ended(sock, len(seen)) else _Seen.TOO_LITTLE), seen


def _address(connection: Any) -> str:
    """Of its peer; empty behind a Unix socket."""
    return str(connection.client[0]) if connection.client else ""


def missing_bytes(seen: bytes) -> int:
    """How many more are needed at least before a thread should look at it; 0: none."""
    end = seen.find(b"\r\n\r\n")
    if end < 0:
        return 1 if seen else 0
    head = seen[: end + 2]
    length = _LENGTH.search(head)
    if length is None or _AT_ONCE.search(head) or int(length[1]) > BODY_MAX_BYTES:
        return 0
    return max(0, end + 4 + int(length[1]) - len(seen))


def _has_ended(sock: socket.socket, seen: int) -> bool:
    """Whether the peer has shut its side: then a select by the low-water mark still says readable."""
    try:
        with selectors.PollSelector() as look:
            look.register(sock, selectors.EVENT_READ)
            return bool(look.select(0)) and len(sock.recv(seen + 1, socket.MSG_PEEK)) == seen
    except (OSError, ValueError):
        return True
