"""The gunicorn worker: threads that work on requests, not on waiting for slow clients to send them.

gunicorn's threaded worker gives a connection a thread as soon as its first byte is there; a client that sends one byte
and falls silent keeps it for ever, and a few dozen such clients keep them all. Here a thread is given only when the
request's head, and a body of ordinary size, lie in the kernel's buffer: `SO_RCVLOWAT` (socket(7); Linux) lets the
poller sleep until that many bytes are there. Written against gunicorn 27; a test with stalled clients fails if a later
one works differently.
"""

import contextlib
import fcntl
import json
import logging
import socket
import struct
import termios
import time
from http import HTTPStatus
from types import FrameType
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.http import errors
from gunicorn.workers.gthread import _DEFER, ThreadWorker

from producer_service.arrival import HEAD_MAX_BYTES, HeadTooLong, bytes_needed
from producer_service.lingering_close import HandedOver, LingeringClose

log = logging.getLogger(__name__)

ARRIVAL_S = 30.0
"""From a request's first byte to its last (or to its head, when the body is large)."""
STOP_S = 2.0
"""How long a stopping worker waits for requests that have only half arrived."""
ERROR_WRITE_S = 1.0


class IngestWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no annotations
    """gthread, but threads wait for no arrival, closing blocks nobody, errors are JSON, and Ctrl-C is graceful."""

    def init_process(self) -> None:
        """Runs in the child and returns when the worker stops."""
        self._closer = LingeringClose()
        self._closer.start()
        self._stop_at_s: float | None = None
        try:
            super().init_process()
        finally:
            self._closer.stop()

    def handle(self, conn: Any) -> Any:
        """On a pool thread: work on one request, or give the connection back to the poller until more is there."""
        has_arrived = self._has_arrived(conn)
        if has_arrived is None:
            if self.alive:
                return _DEFER
            has_arrived = False
        keep = super().handle(conn) if has_arrived else False
        if keep is False:
            # Not on the poller's thread, where gunicorn would wait up to 2 s for each peer to close.
            self._closer.take(conn.sock)
            conn.sock = HandedOver()
        return keep

    def _has_arrived(self, conn: Any) -> bool | None:
        """True: go on. None: not yet. False: it took too long, or its head is too long (and was answered)."""
        held = conn.parser.unreader.buf.getvalue() if conn.parser is not None else b""
        try:
            peeked = conn.sock.recv(HEAD_MAX_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            peeked = None
        except OSError:
            return True  # the parser meets the same error and ends the connection
        seen = held + (peeked or b"")
        needed = 1
        if seen:
            try:
                needed = bytes_needed(seen)
            except HeadTooLong:
                _write_error(conn.sock, 431, "The request's head is too long.")
                return False
            ready = len(held) + (_readable_bytes(conn.sock) if needed > len(seen) else len(peeked or b""))
            if needed <= ready:
                return self._go(conn)
        low_mark = getattr(conn, "low_mark", 1)
        if peeked == b"" or (peeked is not None and low_mark == needed - len(held)):
            # Woken although less is there: the peer has closed its side (or this kernel knows no low mark).
            return self._go(conn)
        now_s = time.monotonic()
        if seen and getattr(conn, "arrive_by_s", None) is None:
            conn.arrive_by_s = now_s + ARRIVAL_S
        if seen and now_s >= conn.arrive_by_s:
            return False
        conn.low_mark = max(1, needed - len(held))
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, conn.low_mark)
        return None

    def _go(self, conn: Any) -> bool:
        if getattr(conn, "low_mark", 1) != 1:
            # Else the next, shorter request on this connection would never wake the poller.
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            conn.low_mark = 1
        conn.arrive_by_s = None
        conn.data_ready = True
        return True

    def murder_pending(self) -> None:
        """Close connections whose request did not arrive in time; when stopping, all of them soon."""
        if not self.alive:
            if self._stop_at_s is None:
                self._stop_at_s = time.monotonic() + STOP_S
            for conn in self.pending_conns:
                conn.timeout = min(conn.timeout, self._stop_at_s)
        super().murder_pending()

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """SIGINT and SIGQUIT: as SIGTERM. A Ctrl-C reaches every process of the terminal and must lose no frame."""
        self.handle_exit(sig, frame)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:  # noqa: ARG002  gunicorn's
        """A request that is no HTTP, or an error outside the application: JSON, never a stack trace."""
        is_clients_fault = isinstance(exc, errors.ParseException) and not isinstance(
            exc, errors.InvalidResponseHeader | errors.InvalidResponseHeaderName | errors.ConfigurationProblem
        )
        if not is_clients_fault:
            log.error("a connection failed", exc_info=exc)
            _write_error(client, 500, "The server made a mistake; its log says which.")
            return
        log.info("not http", extra={"error": type(exc).__name__})
        _write_error(client, _PARSE_STATUS.get(type(exc), 400), "The request is not the HTTP this server takes.")


class RootLogger(Logger):  # type: ignore[misc]  # gunicorn has no annotations
    """gunicorn's lines in this project's format: they go to the root logger."""

    def setup(self, cfg: Any) -> None:
        """Called by the constructor and on reload."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


_PARSE_STATUS = {
    errors.LimitRequestLine: 414,
    errors.LimitRequestHeaders: 431,
    errors.ExpectationFailed: 417,
    errors.UnsupportedTransferCoding: 501,
}
_CODES = {
    414: "address_too_long",
    417: "expectation_failed",
    431: "head_too_long",
    500: "internal_error",
    501: "transfer_coding_unknown",
}


def _write_error(connection: Any, status: int, sentence: str) -> None:
    """Write an answer outside the application; the connection is closed afterwards."""
    body = json.dumps({"code": _CODES.get(status, "bad_request"), "message": sentence}).encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with contextlib.suppress(OSError):
        connection.settimeout(ERROR_WRITE_S)
        connection.sendall(head.encode() + body)


def _readable_bytes(connection: socket.socket) -> int:
    """How many bytes lie in the kernel's buffer (`FIONREAD`, ioctl_tty(2))."""
    answer = fcntl.ioctl(connection, termios.FIONREAD, struct.pack("i", 0))
    return int(struct.unpack("i", answer)[0])
