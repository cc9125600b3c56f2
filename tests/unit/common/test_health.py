"""The health server."""

import http.client
import json
import socket
from collections.abc import Iterator

import pytest

from common.health import HealthServer
from common.metrics import Metrics


class Checks:
    """What the two checks answer."""

    def __init__(self) -> None:
        self.live: str | None = None
        self.ready: str | None = "The broker has not answered yet."
        self.is_broken = False

    def is_live(self) -> str | None:
        if self.is_broken:
            raise RuntimeError("not for the eyes of others")
        return self.live

    def is_ready(self) -> str | None:
        return self.ready


@pytest.fixture
def checks() -> Checks:
    return Checks()


@pytest.fixture
def server(checks: Checks) -> Iterator[HealthServer]:
    metrics = Metrics()
    metrics.count("lookout_ticks_total", 4)
    server = HealthServer("127.0.0.1", 0, metrics, checks.is_live, checks.is_ready)
    server.start()
    yield server
    server.stop()


def ask(server: HealthServer, path: str, method: str = "GET") -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()
    finally:
        connection.close()


def test_a_check_that_is_content_is_200(server: HealthServer) -> None:
    status, kind, body = ask(server, "/livez")
    assert (status, kind, json.loads(body)) == (200, "application/json", {"status": "ok"})


def test_a_check_that_is_not_is_503_with_its_sentence(server: HealthServer, checks: Checks) -> None:
    status, _, body = ask(server, "/readyz?verbose=1")
    assert status == 503
    assert json.loads(body)["message"] == "The broker has not answered yet."
    checks.ready = None
    assert ask(server, "/readyz")[0] == 200


def test_a_check_that_breaks_is_503_without_a_stack_trace(server: HealthServer, checks: Checks) -> None:
    checks.is_broken = True
    status, _, body = ask(server, "/livez")
    assert status == 503
    assert b"not for the eyes" not in body
    assert b"Traceback" not in body


def test_metrics_are_in_the_text_format(server: HealthServer) -> None:
    status, kind, body = ask(server, "/metrics")
    assert status == 200
    assert kind.startswith("text/plain")
    assert b"lookout_ticks_total 4.0" in body


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 404), ("GET", "/metrics/x", 404), ("POST", "/livez", 501)]
)
def test_other_requests_are_refused_in_json(server: HealthServer, method: str, path: str, status: int) -> None:
    answered, kind, body = ask(server, path, method)
    assert (answered, kind) == (status, "application/json")
    assert set(json.loads(body)) == {"code", "message"}


def test_a_request_that_is_nonsense_is_refused_and_the_server_lives_on(server: HealthServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"\x00\xff nonsense\r\n\r\n")
        connection.recv(1000)
    assert ask(server, "/livez")[0] == 200


def test_a_client_that_says_nothing_holds_nobody_up(server: HealthServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10):
        assert ask(server, "/livez")[0] == 200


def test_stop_works_before_start_and_twice(checks: Checks) -> None:
    server = HealthServer("127.0.0.1", 0, Metrics(), checks.is_live, checks.is_ready)
    server.stop()
    started = HealthServer("127.0.0.1", 0, Metrics(), checks.is_live, checks.is_ready)
    started.start()
    started.stop()
    started.stop()
    with pytest.raises(OSError, match=r"."):
        ask(started, "/livez")


def test_a_port_that_is_taken_is_an_os_error(server: HealthServer, checks: Checks) -> None:
    with pytest.raises(OSError, match=r"."):
        HealthServer("127.0.0.1", server.port, Metrics(), checks.is_live, checks.is_ready)
