"""Reading a request's body: whole, of the announced length, and in bounded time."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from common.clock import Clock, SystemClock
from producer_service.refusal import BODY_INCOMPLETE, BODY_TOO_SLOW, Refusal

BODY_S = 20.0
"""2 MB take 16 s on an uplink of 1 Mbit/s."""
LOOK_EVERY_S = 0.5
JOIN_S = 2.0


class BodyStream(Protocol):
    """What a WSGI server hands over as `wsgi.input`."""

    def read(self, size: int) -> bytes: ...


class BodyDeadlines:
    """Ends reads that take too long, however much trickles in: a time-out of `recv` would begin anew with each byte.

    A thread of its own shuts down the reading side of a socket whose time is over; the blocked read then ends short.
    """

    def __init__(self, seconds: float = BODY_S, clock: Clock | None = None) -> None:
        self._seconds = seconds
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()  # guards the table, and that no socket is shut down after its read has ended
        self._watched: dict[socket.socket, float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look_for_ever, name="body-deadlines", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    @contextmanager
    def watch(self, connection: socket.socket) -> Iterator[None]:
        """Raises Refusal(BODY_TOO_SLOW) at the end when the time was over. The connection cannot be used again then."""
        with self._lock:
            self._watched[connection] = self._clock.monotonic_s() + self._seconds
        try:
            yield
        finally:
            with self._lock:
                was_in_time = self._watched.pop(connection, None) is not None
        if not was_in_time:
            raise Refusal(BODY_TOO_SLOW, f"The frame did not arrive within {self._seconds:g} seconds.")

    def look(self) -> None:
        """End what is overdue."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            for connection in [c for c, at_s in self._watched.items() if at_s <= now_s]:
                del self._watched[connection]
                try:
                    connection.shutdown(socket.SHUT_RD)
                except OSError:
                    continue  # the peer was faster: the read has ended by itself

    def _look_for_ever(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            self.look()


def read_body(
    stream: BodyStream, length: int, connection: socket.socket | None = None, deadlines: BodyDeadlines | None = None
) -> bytes:
    """Exactly `length` bytes. Raises Refusal when fewer come or they come too slowly. Blocks at most `BODY_S`."""
    try:
        if connection is None or deadlines is None:
            body = stream.read(length)
        else:
            with deadlines.watch(connection):
                body = stream.read(length)
    except OSError as error:
        raise Refusal(BODY_INCOMPLETE, "The connection broke before the frame was complete.") from error
    if len(body) != length:
        raise Refusal(BODY_INCOMPLETE, f"{length} bytes were announced, {len(body)} came.")
    return body
