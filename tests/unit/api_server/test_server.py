"""What becomes of a connection whose request has been answered."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser

from api_server.server import ApiWorker
from api_server.waiting_room import BODY_MAX_BYTES

NEXT = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    with ours, theirs:
        yield ours, theirs


def request(length: int, body: bytes, *headers: str) -> bytes:
    return "\r\n".join(("POST / HTTP/1.1", "Host: x", f"Content-Length: {length}", *headers, "", "")).encode() + body


def answered(sock: socket.socket) -> Any:
    """A connection whose first request was looked at, and nothing of its body."""
    parser = RequestParser(Config(), sock, ("127.0.0.1", 1))
    next(parser)
    return SimpleNamespace(parser=parser)


def is_kept(connection: Any, keepalive: bool = True) -> bool:
    return ApiWorker._keepalive_after(ApiWorker.__new__(ApiWorker), connection, keepalive)


@pytest.mark.parametrize("body", [b"", b"{}", b"a" * BODY_MAX_BYTES], ids=["none", "small", "most"])
def test_body_that_nobody_read_is_put_away_before_the_next_request(
    ends: tuple[socket.socket, socket.socket], body: bytes
) -> None:
    ours, theirs = ends
    theirs.sendall(request(len(body), body) + NEXT)
    connection = answered(ours)
    # gunicorn puts away no more than 64 KiB, the last byte of which it takes for too much.
    assert is_kept(connection) is (len(body) < BODY_MAX_BYTES)
    if len(body) < BODY_MAX_BYTES:
        assert next(connection.parser).uri == "/livez"


def test_body_that_is_refused_is_not_read_at_all(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(request(5_000_000, b"a" * 50_000))
    connection = answered(ours)
    assert not is_kept(connection)
    assert connection.parser.mesg.body.reader.length == 5_000_000


def test_body_in_chunks_ends_its_connection(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
    assert not is_kept(answered(ours))


def test_connection_that_is_not_kept_is_not_kept(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(NEXT)
    assert not is_kept(answered(ours), keepalive=False)
