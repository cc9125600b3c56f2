"""Reading bodies in bounded time."""

import io
import socket

import pytest

from common.clock import FakeClock
from producer_service.body import BodyDeadlines, read_body
from producer_service.refusal import BODY_INCOMPLETE, BODY_TOO_SLOW, Refusal


class OnSocket:
    """Reads from a socket as gunicorn does: until the size is there or the peer has closed."""

    def __init__(self, connection: socket.socket, before: object = None) -> None:
        self._file = connection.makefile("rb")
        self._before = before

    def read(self, size: int) -> bytes:
        if callable(self._before):
            self._before()
        return self._file.read(size)


def test_body_of_the_announced_length_is_returned() -> None:
    assert read_body(io.BytesIO(b"abcdef"), 4) == b"abcd"


def test_body_that_ends_early_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        read_body(io.BytesIO(b"abc"), 4)
    assert refused.value.kind is BODY_INCOMPLETE


def test_body_of_a_broken_connection_is_refused() -> None:
    class Broken:
        def read(self, size: int) -> bytes:
            raise ConnectionResetError

    with pytest.raises(Refusal) as refused:
        read_body(Broken(), 4)
    assert refused.value.kind is BODY_INCOMPLETE


def test_body_that_is_overdue_ends_although_bytes_trickle_in() -> None:
    clock = FakeClock()
    deadlines = BodyDeadlines(seconds=5, clock=clock)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"abc")

        def time_passes() -> None:
            clock.advance(6)
            deadlines.look()

        with pytest.raises(Refusal) as refused:
            read_body(OnSocket(ours, time_passes), 10, ours, deadlines)
    assert refused.value.kind is BODY_TOO_SLOW


def test_body_in_time_leaves_the_connection_usable() -> None:
    clock = FakeClock()
    deadlines = BodyDeadlines(seconds=5, clock=clock)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"abc")
        assert read_body(OnSocket(ours), 3, ours, deadlines) == b"abc"
        clock.advance(60)
        deadlines.look()
        theirs.sendall(b"next")
        assert ours.recv(4) == b"next"
