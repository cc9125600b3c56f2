"""A TCP proxy on loopback that misbehaves on request: latency, reset, half-open, refuse, bandwidth."""

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass
from enum import Enum
from typing import Self

CHUNK_BYTES = 64 * 1024
CONNECT_TIMEOUT_S = 5.0
POLL_S = 0.05


class Mode(Enum):
    """What happens to connections. A change acts on open connections too."""

    PASS = "pass"
    REFUSE = "refuse"  # closed at once, as if nothing listened behind
    RESET = "reset"  # RST in the middle of whatever is under way
    HALF_OPEN = "half-open"  # accepted, and nothing ever comes back


@dataclass
class Faults:
    """`bytes_per_s` 0: unlimited. Read on each chunk, so that a test may change it at any moment."""

    mode: Mode = Mode.PASS
    latency_s: float = 0.0
    bytes_per_s: float = 0.0


class TcpProxy:
    """Listens on a free loopback port and forwards to `upstream_port` there. Use as a context manager."""

    def __init__(self, upstream_port: int) -> None:
        self.faults = Faults()
        self.connections = 0
        self._upstream_port = upstream_port
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()  # guards _open: accept thread, pump threads and the test touch it
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listener.settimeout(POLL_S)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="tcp-proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(5)
        self._listener.close()
        self.drop_all()

    def set_mode(self, mode: Mode) -> None:
        """Change what happens from now on; `REFUSE` and `RESET` end open connections."""
        self.faults.mode = mode
        if mode in (Mode.REFUSE, Mode.RESET):
            self.drop_all(reset=mode is Mode.RESET)

    def drop_all(self, reset: bool = False) -> None:
        """End every open connection, with a RST when `reset`."""
        with self._lock:
            victims = list(self._open)
            self._open.clear()
        for victim in victims:
            with contextlib.suppress(OSError):
                if reset:
                    victim.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                victim.shutdown(socket.SHUT_RDWR)
            victim.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            if self.faults.mode in (Mode.REFUSE, Mode.RESET):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._upstream_port), CONNECT_TIMEOUT_S)
            except OSError:
                client.close()
                continue
            server.settimeout(None)  # idle connections stay
            with self._lock:
                self._open |= {client, server}
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, target), name="tcp-pump", daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while chunk := source.recv(CHUNK_BYTES):
                faults = self.faults
                if faults.latency_s:
                    time.sleep(faults.latency_s)
                while faults.mode is Mode.HALF_OPEN and not self._stopped.is_set():
                    time.sleep(POLL_S)
                if faults.bytes_per_s:
                    time.sleep(len(chunk) / faults.bytes_per_s)
                target.sendall(chunk)
        except OSError:
            pass
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
            with self._lock:
                self._open.discard(end)
