"""Closing without losing the last answer."""

import socket
from collections.abc import Callable, Iterator

import pytest

from producer_service.lingering_close import HandedOver, LingeringClose


@pytest.fixture
def closer() -> Iterator[LingeringClose]:
    made = LingeringClose()
    made.start()
    yield made
    made.stop()


def connected() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname(), timeout=10)
        ours, _ = listener.accept()
    return ours, theirs


def test_close_while_the_peer_still_sends_keeps_the_answer(closer: LingeringClose) -> None:
    ours, theirs = connected()
    with theirs:
        theirs.sendall(b"x" * 100_000)
        ours.sendall(b"refused")
        closer.take(ours)
        theirs.sendall(b"x" * 500_000)
        assert theirs.makefile("rb").read() == b"refused"


def test_close_of_a_peer_that_never_closes_ends(closer: LingeringClose, wait: Callable[..., None]) -> None:
    ours, theirs = connected()
    with theirs:
        closer.take(ours)
        assert theirs.recv(1) == b""
        wait(lambda: not can_send(theirs))


def can_send(connection: socket.socket) -> bool:
    try:
        connection.send(b"x")
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def test_close_of_a_connection_that_is_gone_does_no_harm(closer: LingeringClose) -> None:
    ours, theirs = connected()
    theirs.close()
    closer.take(ours)
    dead, other = connected()
    dead.close()
    closer.take(dead)
    other.close()
    again, peer = connected()
    with peer:
        closer.take(again)
        assert peer.recv(1) == b""


def test_stand_in_has_nothing_left_to_close() -> None:
    stand_in = HandedOver()
    stand_in.setblocking(True)
    with pytest.raises(OSError, match="elsewhere"):
        stand_in.shutdown(socket.SHUT_WR)
    stand_in.close()
