"""`--preview`: the pictures as they are sent, on a page that only this computer can open."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_BOUNDARY = b"frame"
_NEXT_PICTURE_S = 5.0


class Preview:
    """Serves the newest JPEG as `multipart/x-mixed-replace` on 127.0.0.1, on its own threads. `show` never blocks."""

    def __init__(self) -> None:
        self._changed = threading.Condition()  # guards _newest, _number, _is_closed
        self._newest, self._number, self._is_closed = b"", 0, False
        preview = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                number = 0
                while True:
                    number, jpeg = preview.wait_for_picture(number)
                    if not jpeg:
                        return
                    head = b"--%s\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % (_BOUNDARY, len(jpeg))
                    try:
                        self.wfile.write(head + jpeg + b"\r\n")
                    except OSError:
                        return  # the page was closed

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, name="preview", daemon=True).start()

    def show(self, jpeg: bytes) -> None:
        """The newest picture. Any thread."""
        with self._changed:
            self._newest, self._number = jpeg, self._number + 1
            self._changed.notify_all()

    def wait_for_picture(self, after: int) -> tuple[int, bytes]:
        """The newest picture with a number other than `after`, or no bytes when none came within 5 s or it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._number != after or self._is_closed, _NEXT_PICTURE_S)
            return (self._number, self._newest) if self._number != after and not self._is_closed else (after, b"")

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
