"""No thread is spent on a peer that sends slowly."""

import selectors
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from api_server.waiting_room import (
    HEAD_MAX_BYTES,
    PUT_OFF_EACH,
    PUT_OFF_S,
    WAIT_S,
    WAITING_MAX,
    Doors,
    WaitingRoom,
    missing_bytes,
)

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"


@dataclass
class Peer:
    """A connection as the server has it, and its other end."""

    sock: socket.socket
    other: socket.socket
    client: tuple[str, int] = ("192.0.2.7", 40_000)


@dataclass
class Bench:
    now_s: float = 0.0
    submitted: list[Peer] = field(default_factory=list)
    dropped: list[Peer] = field(default_factory=list)
    refused: list[Peer] = field(default_factory=list)
    put_off: bytes = b"nothing"
    poller: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    peers: list[Peer] = field(default_factory=list)
    wakes: int = 0

    def __post_init__(self) -> None:
        doors = Doors(
            self.submitted.append,
            self.dropped.append,
            self.refused.append,
            lambda address, head: address == "192.0.2.7" and head.startswith(self.put_off),
        )
        self.room = WaitingRoom(self.poller, doors, lambda: self.now_s)

    def peer(self, sent: bytes = b"") -> Peer:
        listener = socket.create_server(("127.0.0.1", 0))
        other = socket.create_connection(listener.getsockname())
        sock, _ = listener.accept()
        listener.close()
        peer = Peer(sock, other)
        self.peers.append(peer)
        if sent:
            other.sendall(sent)
        self.room.admit(peer)
        return peer

    def turn(self, limit_s: float = 1.0) -> None:
        """What the worker's loop does."""
        for key, _ in self.poller.select(limit_s):
            self.wakes += 1
            key.data(key.fileobj)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    for peer in bench.peers:
        peer.sock.close()
        peer.other.close()
    bench.poller.close()


def wait_submitted(bench: Bench, count: int) -> None:
    for _ in range(20):
        if len(bench.submitted) >= count:
            return
        bench.turn()
    raise AssertionError(f"{len(bench.submitted)} of {count} requests were handed on")


def test_request_is_handed_on_when_it_is_whole_and_not_before(bench: Bench) -> None:
    peer = bench.peer()
    for byte in HEAD[:-1]:
        peer.other.sendall(bytes([byte]))
        bench.turn(0.2)
        assert bench.submitted == []
    peer.other.sendall(HEAD[-1:])
    wait_submitted(bench, 1)
    peer.sock.setblocking(True)
    assert peer.sock.recv(1000) == HEAD


def test_small_body_is_waited_for(bench: Bench) -> None:
    peer = bench.peer(POST + b"ab")
    bench.turn(0.2)
    assert bench.submitted == []
    peer.other.sendall(b"cde")
    wait_submitted(bench, 1)


def test_poller_does_not_wake_for_what_it_has_seen(bench: Bench) -> None:
    bench.peer(HEAD[:10])
    bench.turn(0.5)
    seen = bench.wakes
    for _ in range(5):
        bench.turn(0.05)
    assert bench.wakes <= seen + 1


@pytest.mark.parametrize("sent", [b"", b"GET / HT"])
def test_peer_that_ends_is_handed_on_to_be_closed(bench: Bench, sent: bytes) -> None:
    peer = bench.peer(sent)
    peer.other.shutdown(socket.SHUT_WR)
    wait_submitted(bench, 1)


def test_peer_that_keeps_everybody_waiting_is_dropped(bench: Bench) -> None:
    slow = bench.peer(HEAD[:5])
    bench.now_s = WAIT_S - 1
    bench.room.expire()
    late = bench.peer(HEAD[:5])
    assert bench.dropped == []
    bench.now_s = WAIT_S
    bench.room.expire()
    assert bench.dropped == [slow]
    late.other.sendall(HEAD[5:])
    wait_submitted(bench, 1)


def test_room_that_is_full_lets_new_ones_in(bench: Bench) -> None:
    peers = [bench.peer() for _ in range(WAITING_MAX + 2)]
    assert bench.dropped == peers[:2]
    bench.room.clear()
    assert len(bench.dropped) == len(peers)
    assert not bench.poller.get_map()


def test_head_that_never_ends_is_dropped(bench: Bench) -> None:
    peer = bench.peer()
    peer.other.sendall(b"a" * (HEAD_MAX_BYTES + 1))
    for _ in range(20):
        bench.turn(0.1)
    assert (bench.dropped, bench.submitted) == ([peer], [])


def test_request_that_is_put_off_is_handed_on_later_and_others_are_not_kept(bench: Bench) -> None:
    bench.put_off = b"POST"
    put_off = bench.peer(POST + b"abcde")
    other = bench.peer(HEAD)
    assert bench.submitted == [other]
    bench.now_s = PUT_OFF_S - 0.1
    bench.room.expire()
    assert bench.submitted == [other]
    bench.now_s = PUT_OFF_S
    bench.room.expire()
    assert bench.submitted == [other, put_off]
    put_off.sock.setblocking(True)
    assert put_off.sock.recv(1000) == POST + b"abcde", "nothing of it was read"


def test_requests_that_are_put_off_are_few_of_one_address(bench: Bench) -> None:
    bench.put_off = b"POST"
    peers = [bench.peer(POST + b"abcde") for _ in range(PUT_OFF_EACH + 1)]
    assert (bench.submitted, bench.refused) == ([], peers[-1:])
    bench.room.clear()
    assert sorted(map(id, bench.refused)) == sorted(map(id, peers))


@pytest.mark.parametrize(
    ("seen", "missing"),
    [
        (HEAD, 0),
        (HEAD[:-1], 1),
        (POST, 5),
        (POST + b"abc", 2),
        (POST + b"abcde", 0),
        (POST.replace(b"Content-Length: 5", b"CONTENT-LENGTH:\t5"), 5),
        (POST.replace(b": 5", b": 70000"), 0),
        (POST.replace(b": 5", b": -5"), 0),
        (POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"), 0),
        (POST.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked"), 0),
        (b"", 0),
        (b"a" * HEAD_MAX_BYTES, 1),
    ],
)
def test_missing_bytes(seen: bytes, missing: int) -> None:
    assert missing_bytes(seen) == missing
