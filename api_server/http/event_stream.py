"""Server-sent events: an answer that goes on while something changes (HTML, 9.2).

Each stream holds one of the server's threads, so there are few, in all and of one person: who gets none is told to come
back (503), and the page asks now and then instead. A stream ends by itself after a while; browsers connect anew.
"""

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import Response, request

from api_server.http.errors import ApiError, unavailable
from common.clock import Clock
from common.errors import Transient

STREAMS_MAX = 8
"""In all: as many threads as `server.THREADS` has for them."""
STREAMS_PER_USER = 2
LOOK_EVERY_S = 1.0
HEARTBEAT_S = 5.0
"""A line that says nothing, so that proxies keep the connection, and a dead one is found."""
LIFETIME_S = 120.0
RETRY_MS = 3_000
MEDIA = "text/event-stream"
GONE = "gone"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""The second: nginx would hold events back."""


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to see: JSON of one line, sent when it differs from what was sent. `is_last`: no more comes."""

    name: str
    data: str
    is_last: bool


Looking = Callable[[], Look]
"""Called every LOOK_EVERY_S, or as often as it was asked for, on the stream's thread. Raises ApiError when the person
may see it no longer, which is the last they are told, and Transient when it cannot be said now."""


class EventStreams:
    """One for the whole server, because it counts. Safe on any thread."""

    def __init__(self, clock: Clock, look_every_s: float = LOOK_EVERY_S) -> None:
        self._clock = clock
        self._look_every_s = look_every_s
        self._lock = threading.Lock()  # guards the count of streams by user
        self._open: Counter[str] = Counter()
        self._closing = threading.Event()

    def send(self, user_id: str, look: Looking, every_s: float = LOOK_EVERY_S) -> Response:
        """The answer to a GET or HEAD. Raises ApiError 503 when there are too many."""
        if request.method == "HEAD":
            return Response(headers=_HEADERS, mimetype=MEDIA)
        with self._lock:
            if self._closing.is_set() or self._open.total() >= STREAMS_MAX or self._open[user_id] >= STREAMS_PER_USER:
                raise unavailable("Too many pages are followed at once. Ask now and then instead.")
            self._open[user_id] += 1
        is_gone = _watch_peer(request.environ.get("gunicorn.socket"))
        stream = _Stream(self, user_id, look, is_gone, every_s)
        return Response(stream, headers=_HEADERS, mimetype=MEDIA, direct_passthrough=True)

    def close(self) -> None:
        """Every stream ends within a moment, and no new one begins. Idempotent; also in a signal handler."""
        self._closing.set()

    @property
    def count(self) -> int:
        with self._lock:
            return self._open.total()

    def wait(self, every_s: float) -> bool:
        """Until it is time to look again; False: the server stops."""
        return not self._closing.wait(min(every_s, self._look_every_s))

    def now_s(self) -> float:
        return self._clock.monotonic_s()

    def leave(self, user_id: str) -> None:
        """A stream has ended."""
        with self._lock:
            self._open[user_id] -= 1
            if self._open[user_id] <= 0:
                del self._open[user_id]


class _Stream(Iterator[bytes]):
    """The events of one answer; gives its place back when it is closed, which the server does however it ends."""

    def __init__(
        self, streams: EventStreams, user_id: str, look: Looking, is_gone: Callable[[], bool], every_s: float
    ) -> None:
        self._streams = streams
        self._every_s = every_s
        self._user_id = user_id
        self._look = look
        self._is_gone = is_gone
        self._until_s = streams.now_s() + LIFETIME_S
        self._beat_s = streams.now_s()
        self._sent: Look | None = None
        self._is_over = False
        self._is_open = True

    def __next__(self) -> bytes:
        while not self._is_over:
            if self._sent is not None and not self._streams.wait(self._every_s):
                break
            now_s = self._streams.now_s()
            if now_s >= self._until_s or self._is_gone():
                break
            said = self._news()
            if said or now_s - self._beat_s >= HEARTBEAT_S:
                self._beat_s = now_s
                return said or b": still here\n\n"
        raise StopIteration

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._streams.leave(self._user_id)

    def _news(self) -> bytes:
        """Empty: there is nothing new."""
        try:
            seen = self._look()
        except ApiError as error:
            self._is_over = True
            return event(GONE, f'{{"code":"{error.code}"}}')
        except Transient:
            self._sent = self._sent or Look("", "", is_last=False)  # the next turn waits
            return b""
        self._is_over = seen.is_last
        if seen == self._sent:
            return b""
        is_first, self._sent = self._sent is None, seen
        return (f"retry: {RETRY_MS}\n".encode() if is_first else b"") + event(seen.name, seen.data)


def event(name: str, data: str) -> bytes:
    """One event; `data` has one line."""
    return f"event: {name}\ndata: {data}\n\n".encode()


def _watch_peer(connection: object) -> Callable[[], bool]:
    """Whether the client has closed its side: else its place would stay taken until a heartbeat fails."""

    def is_gone() -> bool:
        if not isinstance(connection, socket.socket):
            return False
        try:
            return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    return is_gone
