"""An ingest that answers as a test tells it to."""

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeIngest:
    """A real HTTP server whose answer a test sets; `seen` holds (connection, path, headers, body) of each request."""

    def __init__(self) -> None:
        self.status, self.headers, self.body = 201, dict[str, str](), b'{"code":"stored","message":"Stored."}'
        self.seen: list[tuple[tuple[str, int], str, dict[str, str], bytes]] = []
        self.before_answer: Callable[[socket.socket], bool] = lambda _: True
        ingest = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ingest.seen.append((self.client_address, self.path, dict(self.headers), body))
                if not ingest.before_answer(self.connection):
                    self.close_connection = True
                    return
                self.send_response(ingest.status)
                for name, value in ingest.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(ingest.body)))
                self.end_headers()
                self.wfile.write(ingest.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
