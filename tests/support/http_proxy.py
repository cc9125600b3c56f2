"""An HTTP proxy on loopback that fails single calls: a 503 instead of the call, an upload cut, an answer withheld."""

import contextlib
import http.client
import random
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

UPSTREAM_TIMEOUT_S = 30.0
COPY_BYTES = 64 * 1024
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "expect"})


@dataclass(frozen=True)
class Call:
    """One request as it arrives."""

    method: str
    path: str
    length: int


@dataclass(frozen=True)
class Fault:
    """What is done to one call.

    `answer`: this status, and nothing forwarded. `cut_upload`: forward this share of the body, then break both
    connections. `withhold_answer`: forward all, then break the client's connection instead of answering.
    """

    answer: int | None = None
    cut_upload: float | None = None
    withhold_answer: bool = False


NO_FAULT = Fault()
Plan = Callable[[Call], Fault]


def no_faults(_call: Call) -> Fault:
    return NO_FAULT


def share_of_calls(share: float, fault: Fault, seed: int, method: str | None = None) -> Plan:
    """`fault` for a random `share` of the calls (of `method` only, when given); the same seed gives the same series."""
    source = random.Random(seed)
    lock = threading.Lock()  # guards `source`: calls come on many threads

    def plan(call: Call) -> Fault:
        if method is not None and call.method != method:
            return NO_FAULT
        with lock:
            return fault if source.random() < share else NO_FAULT

    return plan


class HttpProxy:
    """Forwards to `upstream_port` on loopback, byte for byte, the Host header included (signatures cover it)."""

    def __init__(self, upstream_port: int) -> None:
        proxy = self
        self.plan: Plan = no_faults
        self.faulted = 0
        self.calls = 0

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = UPSTREAM_TIMEOUT_S

            def _forward(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                proxy.calls += 1
                fault = proxy.plan(Call(self.command, self.path, length))
                if fault != NO_FAULT:
                    proxy.faulted += 1
                if fault.answer is not None:
                    self._refuse(fault.answer, length)
                    return
                upstream = http.client.HTTPConnection("127.0.0.1", upstream_port, timeout=UPSTREAM_TIMEOUT_S)
                try:
                    if self._send_up(upstream, length, fault):
                        self._send_down(upstream, fault)
                except OSError:
                    self._break()
                finally:
                    upstream.close()

            def _refuse(self, status: int, length: int) -> None:
                self._skip(length)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _skip(self, length: int) -> None:
                while length > 0:
                    chunk = self.rfile.read(min(COPY_BYTES, length))
                    if not chunk:
                        return
                    length -= len(chunk)

            def _send_up(self, upstream: http.client.HTTPConnection, length: int, fault: Fault) -> bool:
                if self.headers.get("Expect", "").lower() == "100-continue":
                    self.send_response_only(100)
                    self.end_headers()
                upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() not in _HOP_BY_HOP:
                        upstream.putheader(name, value)
                upstream.endheaders()
                forwarded = length if fault.cut_upload is None else int(length * fault.cut_upload)
                left = forwarded
                while left > 0:
                    chunk = self.rfile.read(min(COPY_BYTES, left))
                    if not chunk:
                        return False
                    upstream.send(chunk)
                    left -= len(chunk)
                if fault.cut_upload is not None:
                    upstream.close()
                    self._break()
                    return False
                return True

            def _send_down(self, upstream: http.client.HTTPConnection, fault: Fault) -> None:
                answer = upstream.getresponse()
                if fault.withhold_answer:
                    answer.read()
                    self._break()
                    return
                self.send_response_only(answer.status, answer.reason)
                body_length = answer.getheader("Content-Length")
                for name, value in answer.getheaders():
                    if name.lower() not in _HOP_BY_HOP:
                        self.send_header(name, value)
                has_body = self.command != "HEAD" and answer.status not in (204, 304)
                if body_length is None and has_body:
                    body = answer.read()
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                    return
                self.end_headers()
                while has_body and (chunk := answer.read(COPY_BYTES)):
                    self.wfile.write(chunk)

            def _break(self) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.shutdown(socket.SHUT_RDWR)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = _forward  # noqa: N815 - names of the base class

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # broken connections are this server's purpose

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="http-proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
