"""A service of ours as a real process: started with its own environment, waited for by HTTP, stopped by SIGTERM."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from infra.native.layout import REPOSITORY

READY_LIMIT_S = 60.0
STOP_LIMIT_S = 40.0


def wait_until(condition: Callable[[], bool], what: str, limit_s: float = READY_LIMIT_S) -> None:
    """Poll until `condition` holds. AssertionError naming `what` when the time is over."""
    until_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < until_s, f"not in {limit_s:g} s: {what}"
        time.sleep(0.05)


class Answer:
    """An HTTP answer, read whole."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a refusal, which is JSON with a code and a sentence and nothing else."""
        assert self.headers["content-type"].startswith("application/json")
        assert set(self.json) == {"code", "message"}, self.json
        return str(self.json["code"])


class ServiceProcess:
    """`python -m MODULE` on loopback. Use as a context manager: it is killed at the end if it still runs."""

    def __init__(self, module: str, port: int, variables: Mapping[str, str], log_path: Path) -> None:
        self.port = port
        self.log_path = log_path
        self._module = module
        outer = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self._environment = {**outer, "PYTHONUNBUFFERED": "1", **variables}
        self._process: subprocess.Popen[bytes] | None = None
        self._is_told_to_end = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        process = self.process
        if process.poll() is None:
            self.tell_to_end()
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(STOP_LIMIT_S)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        self._is_told_to_end = False
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                cwd=REPOSITORY,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def status_of(self, path: str) -> int | None:
        """The status of a GET, None while nobody answers."""
        try:
            return self.request("GET", path).status
        except (OSError, http.client.HTTPException):
            return None

    def wait_ready(self) -> None:
        """Until `/readyz` answers 200."""

        def ready() -> bool:
            assert self.process.poll() is None, f"{self._module} ended:\n{self.log}"
            return self.status_of("/readyz") == 200

        wait_until(ready, f"{self._module} is ready")

    def tell_to_end(self) -> None:
        """SIGTERM, once, and not waited for: several services end side by side."""
        if not self._is_told_to_end:
            self._is_told_to_end = True
            self.process.terminate()

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.tell_to_end()
        return self.process.wait(STOP_LIMIT_S)
