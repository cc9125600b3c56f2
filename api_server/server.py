"""gunicorn around the application: one worker process, everything in it made after fork."""

import contextlib
import logging
import socket
import struct
import sys
import time
from http import HTTPStatus
from types import FrameType
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import ThreadWorker

from api_server.app import create_app
from api_server.http.errors import PROBLEM_TYPE, Problem
from api_server.waiting_room import BODY_MAX_BYTES, HEAD_MAX_BYTES, Doors, WaitingRoom
from api_server.wiring import AllSettings, ApiService, build_service
from common.deadline import Deadline

log = logging.getLogger(__name__)

THREADS = 40
"""More than `streaming.STREAMS_MAX`, `intake.AT_ONCE` and `event_stream.STREAMS_MAX` together: whatever is played,
uploaded and followed, the rest still answers."""
CONNECTIONS = 500
KEEP_ALIVE_S = 15
GRACE_S = 15
PEER_S = 10
"""How long a client may keep a thread waiting for its next byte, in either direction. A player that pauses longer asks
for the rest with a Range."""
MOST_UNREAD_BYTES = HEAD_MAX_BYTES + BODY_MAX_BYTES
DRAIN_S = 0.05
LINGER_BYTES = 2 * 2**20
"""Of a body that was refused: a little more than the kernel holds, so that an honest client reads the answer."""
LINGER_S = 0.5
"""How long a closed connection is read on, so that its peer gets the last answer and no reset (RFC 9112, 9.6)."""


class ApiServer(BaseApplication):  # type: ignore[misc]  # gunicorn has no annotations
    """The gunicorn application. `run` returns by SystemExit when the server has stopped."""

    def __init__(self, settings: AllSettings) -> None:
        self._settings = settings
        self._service: ApiService | None = None
        super().__init__()

    def load_config(self) -> None:
        """Called by the constructor of the base class. Nothing is read from gunicorn's own files and variables."""
        host = self._settings.api.bind
        options: dict[str, Any] = {
            "bind": f"{f'[{host}]' if ':' in host else host}:{self._settings.api.port}",
            # One process: log-ins are limited and cameras are numbered in its memory.
            "workers": 1,
            "worker_class": ApiWorker,
            "logger_class": RootLogger,
            "threads": THREADS,
            "worker_connections": CONNECTIONS,
            "keepalive": KEEP_ALIVE_S,
            "graceful_timeout": GRACE_S,
            "timeout": 30,
            "limit_request_line": 4_094,
            "limit_request_fields": 60,
            "limit_request_field_size": 8_190,
            "control_socket_disable": True,
            "proc_name": "lookout-api",
            "when_ready": lambda server: _bound_waits(server.LISTENERS),
            "post_worker_init": lambda worker: worker.app.started().start(),
            "worker_exit": lambda _server, worker: worker.app.stopped(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called by the worker, after fork."""
        self._service = build_service(self._settings)
        return create_app(self._service.parts)

    def started(self) -> ApiService:
        """The worker's service, to be started. gunicorn calls `load` before `post_worker_init`."""
        if self._service is None:
            raise RuntimeError("post_worker_init came before load")
        return self._service

    def leaving(self) -> None:
        """The worker was told to end. In a signal handler."""
        if self._service is not None:
            self._service.leave()

    def stopped(self) -> None:
        """After the worker's last request, also when it could not even start."""
        if self._service is not None:
            self._service.stop()


class ApiWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no annotations
    """gthread with JSON errors and a graceful Ctrl-C, whose poller waits for no peer. Written against gunicorn 27."""

    def init_process(self) -> None:
        """Called once, after fork; returns when the worker ends."""
        self._room: WaitingRoom | None = None
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """On the poller's thread: a new connection, or one that says more. gunicorn would give it a thread at once."""
        if self._room is None:
            puts_off = self.app.started().unwelcome.puts_off
            self._room = WaitingRoom(self.poller, Doors(super().enqueue_req, self._drop, self._refuse, puts_off))
        if conn.parser is not None and (read := conn.parser.unreader.buf.getvalue()):
            self._room.hand_on(conn, read)  # a request that came with the one before: it is here
        else:
            self._room.admit(conn)

    def murder_pending(self) -> None:
        """On the poller's thread, about once a second."""
        super().murder_pending()
        if self._room is not None:
            self._room.expire() if self.alive else self._room.clear()

    def _drop(self, conn: Any) -> None:
        """Close a connection that never got as far as a request, without waiting for it. Who has begun one is told."""
        answer = _refusal(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "The request did not come in time.")
        self._end(conn, answer if self._has_begun(conn) else b"")

    def _refuse(self, conn: Any) -> None:
        """Close a connection whose request is not wanted, and of whose kind there are too many."""
        self._has_begun(conn)
        self._end(conn, _refusal(HTTPStatus.TOO_MANY_REQUESTS, "too_many", "Too many requests that are refused."))

    @staticmethod
    def _has_begun(conn: Any) -> bool:
        """Takes what has come: left unread it would turn the answer into a reset."""
        try:
            conn.sock.setblocking(False)  # a request that came with the one before comes with a socket that waits
            return bool(conn.sock.recv(MOST_UNREAD_BYTES))
        except OSError:
            return False

    def _end(self, conn: Any, answer: bytes) -> None:
        with contextlib.suppress(OSError):
            conn.sock.send(answer)
        self.nr_conns -= 1
        conn.close()

    def _keepalive_after(self, conn: Any, keepalive: Any) -> bool:
        """On a pool thread. What is left of a small body was there before the request began, and is read for DRAIN_S,
        not for gunicorn's five seconds. Who sends a long one that is refused is shut out: gunicorn reads ahead a
        megabyte of it, and copies that for each of the first 64 kilobytes."""
        left = getattr(conn.parser.mesg.body.reader, "length", None)  # None: in chunks, which nothing here takes
        if not keepalive or left is None or left > BODY_MAX_BYTES:
            return False
        return bool(conn.parser.finish_body(deadline=time.monotonic() + DRAIN_S))

    def handle(self, conn: Any) -> Any:
        """On a pool thread. gunicorn would close on its poller's thread and wait there for each peer, 2 s at most: two
        dozen players that stopped reading then keep everybody waiting."""
        keep = super().handle(conn)
        if keep is False:
            _close(conn.sock)
            conn.sock = _Closed()
        return keep

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM: answers that would go on end now, and the others are waited for."""
        self.app.leaving()
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """SIGINT and SIGQUIT: as SIGTERM, because a Ctrl-C reaches every process of the terminal."""
        self.handle_exit(sig, frame)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:  # noqa: ARG002  gunicorn's
        """A request that is no HTTP, or an error outside the application: JSON, never a stack trace."""
        is_clients_fault = isinstance(exc, ParseException)
        if not is_clients_fault:
            log.error("a connection failed", exc_info=exc)
        status = HTTPStatus.BAD_REQUEST if is_clients_fault else HTTPStatus.INTERNAL_SERVER_ERROR
        sentence = "The request is not the HTTP this server takes." if is_clients_fault else "Something went wrong."
        try:
            client.sendall(_refusal(status, "bad_request", sentence))
        except OSError:
            log.debug("the client had gone")


class RootLogger(Logger):  # type: ignore[misc]  # gunicorn has no annotations
    """gunicorn's lines in this project's format: they go to the root logger."""

    def setup(self, cfg: Any) -> None:
        """Called by the constructor and on reload."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """A client that was too slow (PEER_S) is no failure of ours."""
        if isinstance(sys.exc_info()[1], BlockingIOError):
            self.info("a client kept us waiting and was cut off")
        else:
            super().exception(msg, *args, **kwargs)


class _Closed:
    """Stands in for a socket that is closed: gunicorn's own closing finds nothing left to do."""

    def setblocking(self, flag: bool) -> None:
        """Nothing to set."""

    def shutdown(self, how: int) -> None:  # noqa: ARG002  the signature of socket.shutdown
        raise OSError("the connection is closed")

    def close(self) -> None:
        """Closed already."""


def _refusal(status: HTTPStatus, code: str, sentence: str) -> bytes:
    """A whole answer, for who never reached the application."""
    body = Problem.of(status.value, code, sentence, "none").to_json().encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {PROBLEM_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _close(connection: socket.socket) -> None:
    """Half-close, read what still comes for LINGER_S and up to LINGER_BYTES, close."""
    deadline, left = Deadline(LINGER_S), LINGER_BYTES
    try:
        connection.shutdown(socket.SHUT_WR)
        while left > 0 and not deadline.is_over:
            connection.settimeout(max(0.01, deadline.remaining_s()))
            read = len(connection.recv(64 * 1024))
            if read == 0:
                break
            left -= read
    except OSError:
        log.debug("the client had gone")
    finally:
        connection.close()


def _bound_waits(listeners: Any) -> None:
    """Accepted connections inherit these time-outs of the listening socket (socket(7); Linux)."""
    span = struct.pack("ll", PEER_S, 0)
    for listener in listeners:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, span)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, span)
