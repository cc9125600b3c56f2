"""Closing connections so that the peer still gets the last answer (RFC 9112, section 9.6), while nobody waits."""

import contextlib
import selectors
import socket
import threading
import time
from collections import deque

LINGER_S = 2.0
LINGER_MAX_BYTES = 4 * 1024 * 1024
"""A client that sends a whole frame before it reads its refusal is listened to; an endless sender is not."""
MOST_CONNECTIONS = 256
TURN_S = 0.25
IDLE_TURN_S = 1.0
"""`take` wakes the thread; a stop is noticed within this."""
JOIN_S = 2.0
_READ_BYTES = 64 * 1024


class HandedOver:
    """Stands in for a socket that somebody else closes now: gunicorn's own closing finds nothing left to do."""

    def setblocking(self, flag: bool) -> None:
        """Nothing to set."""

    def shutdown(self, how: int) -> None:  # noqa: ARG002  the signature of socket.shutdown
        """Refused as a closed socket refuses it."""
        raise OSError("the connection is closed elsewhere")

    def close(self) -> None:
        """Closed elsewhere."""


class LingeringClose:
    """One thread that half-closes connections and reads what their peers still send, for at most 2 s each.

    Closing a socket with unread bytes makes the kernel send a reset, and a client that is still sending then loses the
    answer. Bounded: beyond 256 connections the oldest is closed at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the inbox, filled by request threads
        self._inbox: deque[socket.socket] = deque()
        self._open: dict[socket.socket, tuple[float, int]] = {}
        self._stopping = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        for end in (self._wake_in, self._wake_out):
            end.setblocking(False)
        self._selector.register(self._wake_out, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._turn_for_ever, name="lingering-close", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def take(self, connection: socket.socket) -> None:
        """Close `connection` in a while; the caller must not touch it again. Safe on any thread; never waits."""
        with self._lock:
            self._inbox.append(connection)
        with contextlib.suppress(OSError):  # full: it is awake anyway
            self._wake_in.send(b"\0")

    def stop(self) -> None:
        """Close everything now."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    def _turn_for_ever(self) -> None:
        while not self._stopping.is_set():
            for key, _ in self._selector.select(TURN_S if self._open else IDLE_TURN_S):
                if key.fileobj is self._wake_out:
                    with contextlib.suppress(OSError):
                        self._wake_out.recv(4096)
                else:
                    self._listen(key.fileobj)  # type: ignore[arg-type]  # only sockets are registered
            self._admit()
            now_s = time.monotonic()
            for connection in [c for c, (at_s, _) in self._open.items() if at_s <= now_s]:
                self._close(connection)
        for connection in list(self._open):
            self._close(connection)
        self._selector.close()

    def _admit(self) -> None:
        with self._lock:
            arrived = list(self._inbox)
            self._inbox.clear()
        for connection in arrived:
            try:
                connection.setblocking(False)
                connection.shutdown(socket.SHUT_WR)
                self._selector.register(connection, selectors.EVENT_READ)
            except (OSError, ValueError):
                connection.close()  # the peer is gone already
                continue
            self._open[connection] = (time.monotonic() + LINGER_S, LINGER_MAX_BYTES)
            if len(self._open) > MOST_CONNECTIONS:
                self._close(next(iter(self._open)))

    def _listen(self, connection: socket.socket) -> None:
        until_s, left_bytes = self._open[connection]
        try:
            came = len(connection.recv(_READ_BYTES))
        except BlockingIOError:
            return
        except OSError:
            came = 0
        if came == 0 or came >= left_bytes:
            self._close(connection)
        else:
            self._open[connection] = (until_s, left_bytes - came)

    def _close(self, connection: socket.socket) -> None:
        del self._open[connection]
        self._selector.unregister(connection)
        connection.close()
