"""A proxy before a Kafka broker that can make it seem fenced: its answers to Metadata then list no broker at all.

That is what a broker says for a moment after it stood still or came back, until the controller lets it in again.
Clients only ever learn the proxy's port. Layout of the messages: https://kafka.apache.org/protocol
"""

import contextlib
import socket
import struct

from tests.support.tcp_proxy import TcpProxy

METADATA = 3
FIRST_FLEXIBLE_METADATA = 9
"""From this version on, arrays and strings have lengths as varints, and structures end in tagged fields."""
_HOST = b"127.0.0.1"


class KafkaProxy(TcpProxy):
    """`hides_brokers` may be changed at any moment; `hidden` counts the answers that were emptied."""

    def __init__(self, upstream_port: int) -> None:
        super().__init__(upstream_port)
        self.hides_brokers = False
        self.hidden = 0
        self._asked: dict[tuple[int, int], int] = {}
        """The version of each Metadata request on its way, by the client's port and the request's number."""

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            to_broker = target.getpeername()[1] == self._upstream_port
            client_port = (source if to_broker else target).getpeername()[1]
            while (frame := _receive(source)) is not None:
                if to_broker:
                    self._note(client_port, frame)
                else:
                    frame = self._rewritten(client_port, frame)
                target.sendall(struct.pack(">i", len(frame)) + frame)
        except OSError:
            pass
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
            with self._lock:
                self._open.discard(end)

    def _note(self, client_port: int, request: bytes) -> None:
        key, version, number = struct.unpack_from(">hhi", request)
        if key == METADATA and version >= FIRST_FLEXIBLE_METADATA:
            self._asked[client_port, number] = version

    def _rewritten(self, client_port: int, response: bytes) -> bytes:
        (number,) = struct.unpack_from(">i", response)
        if self._asked.pop((client_port, number), None) is not None and self.hides_brokers:
            self.hidden += 1
            return _without_brokers(response)
        # Both ports take four bytes behind the host's name, whatever the kind of answer.
        return response.replace(_HOST + struct.pack(">i", self._upstream_port), _HOST + struct.pack(">i", self.port))


def _without_brokers(response: bytes) -> bytes:
    """A Metadata answer: number, tagged fields, throttle time, brokers (id, host, port, rack, tagged fields) ..."""
    start = at = 4 + 1 + 4
    count, at = _varint(response, at)
    for _ in range(count - 1):
        at += 4
        length, at = _varint(response, at)
        at += length - 1 + 4
        rack, at = _varint(response, at)
        at += max(0, rack - 1) + 1
    return response[:start] + b"\x01" + response[at:]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return value, at


def _receive(source: socket.socket) -> bytes | None:
    """One message, or None at the end of the stream."""
    head = _exactly(source, 4)
    return None if head is None else _exactly(source, struct.unpack(">i", head)[0])


def _exactly(source: socket.socket, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        chunk = source.recv(count - len(data))
        if not chunk:
            return None
        data += chunk
    return bytes(data)
