"""Cameras that send by HTTP through ingest, and try a frame again under its own number until it is acknowledged."""

import http.client
import threading
import time
from dataclasses import dataclass, field

from common.contracts.identity import make_session
from tests.faults.cameras import Identity, grey_of, make_jpeg

RETRY_S = 0.2
TIMEOUT_S = 15.0


@dataclass(slots=True)
class PostingCamera:
    """One thread. `acknowledged`: what was answered with 201, however often it was sent."""

    camera: str
    token: str = field(repr=False)
    port: int = 0
    fps: float = 5.0
    session: str = field(default_factory=make_session)
    acknowledged: set[Identity] = field(default_factory=set)
    posts: int = 0
    cut: int = 0
    _off: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=self.camera, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """After the frame under way is acknowledged."""
        self._off.set()
        if self._thread is not None:
            self._thread.join(60)

    def _run(self) -> None:
        seq = 0
        while not self._off.is_set():
            seq += 1
            while not self._post(seq):
                time.sleep(RETRY_S)
            self.acknowledged.add((self.camera, self.session, seq))
            self._off.wait(1 / self.fps)

    def _post(self, seq: int) -> bool:
        """One attempt, on a connection of its own."""
        self.posts += 1
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "image/jpeg",
            "X-Lookout-Session": self.session,
            "X-Lookout-Seq": str(seq),
            "X-Lookout-Captured-At": str(time.time_ns() // 1000),
        }
        try:
            connection.request("POST", f"/v1/cameras/{self.camera}/frames", make_jpeg(grey_of(seq)), headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.cut += 1
            return False
        else:
            return answer.status == 201
        finally:
            connection.close()
