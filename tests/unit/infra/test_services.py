"""How a service is asked whether it is ready."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from infra.native.ports import free_run
from infra.native.server import NotReady, wait_until_ready
from infra.native.services import probe_ready, reachable, sentence_of


class Answers(BaseHTTPRequestHandler):
    """Ready at the third question."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        ready = self.path == "/readyz" and type(self).asked >= 3
        body = b'{"status":"ok"}' if ready else b'{"status":"unavailable","message":"Kafka does not answer."}'
        self.send_response(200 if ready else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        pass


@pytest.fixture
def port() -> Iterator[int]:
    Answers.asked = 0
    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def test_probe_of_a_service_that_is_not_ready_repeats_its_sentence(port: int) -> None:
    with pytest.raises(NotReady, match=r"Kafka does not answer\."):
        probe_ready("127.0.0.1", port)


def test_wait_until_ready_asks_until_it_is(port: int) -> None:
    wait_until_ready(lambda: probe_ready("127.0.0.1", port), lambda: None, lambda: True, 30.0)
    assert Answers.asked == 3


def test_wait_until_ready_of_a_process_that_ended_stops_at_once() -> None:
    nobody = free_run(1)
    with pytest.raises(NotReady, match="it ended"):
        wait_until_ready(lambda: probe_ready("127.0.0.1", nobody), lambda: None, lambda: False, 30.0)


def test_wait_until_ready_says_why_when_the_time_is_over(port: int) -> None:
    def probe() -> None:
        Answers.asked = 0
        probe_ready("127.0.0.1", port)

    with pytest.raises(NotReady, match=r"no answer within 0 s: Kafka does not answer\."):
        wait_until_ready(probe, lambda: None, lambda: True, 0.2)


def test_wait_until_ready_ends_with_what_the_interrupt_raises() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wait_until_ready(lambda: None, interrupt, lambda: True, 30.0)


@pytest.mark.parametrize(
    ("bind", "address"),
    [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("192.168.1.5", "192.168.1.5"), ("127.0.0.1", "127.0.0.1")],
)
def test_reachable_of_a_bind_address_is_one_that_this_machine_can_ask(bind: str, address: str) -> None:
    assert reachable(bind) == address


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"{}"])
def test_sentence_of_an_answer_without_one_is_empty(body: bytes) -> None:
    assert sentence_of(body) == ""
