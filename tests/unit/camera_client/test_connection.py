import socket
import threading
from collections.abc import Iterator

import pytest

from camera_client.connection import Answer, IngestConnection, NoAnswer, NotSent
from camera_client.frame_buffer import Frame
from common.errors import ConfigurationError
from tests.unit.camera_client.fake_ingest import FakeIngest

FRAME = Frame(7, 1_700_000_000_000_000, b"\xff\xd8jpeg\xff\xd9")


@pytest.fixture
def ingest() -> Iterator[FakeIngest]:
    server = FakeIngest()
    yield server
    server.stop()


def connect(address: str) -> IngestConnection:
    return IngestConnection(address, "cam-abc", "lk_token", "s" * 22, timeout_s=5)


def test_connection_request_carries_identity_and_bytes_and_is_kept_alive(ingest: FakeIngest) -> None:
    connection = connect(ingest.address + "/behind/")
    assert connection.post(FRAME, 5) == Answer(201, "stored", "Stored.")
    connection.post(FRAME, 5)
    connection.close()
    (first, path, headers, body), (second, *_) = ingest.seen
    assert first == second
    assert (path, body) == ("/behind/v1/cameras/cam-abc/frames", FRAME.jpeg)
    assert headers["Authorization"] == "Bearer lk_token"
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["X-Lookout-Session"] == "s" * 22
    assert headers["X-Lookout-Seq"] == "7"
    assert headers["X-Lookout-Captured-At"] == "1700000000000000"


@pytest.mark.parametrize(("text", "seconds"), [("2", 2.0), ("900", 30.0), ("soon", None), ("nan", None), ("-1", None)])
def test_connection_retry_after_is_read_and_bounded(ingest: FakeIngest, text: str, seconds: float | None) -> None:
    ingest.status, ingest.headers, ingest.body = 429, {"Retry-After": text}, b"not json"
    answer = connect(ingest.address).post(FRAME, 5)
    assert (answer.status, answer.retry_after_s) == (429, seconds)


def test_connection_closed_by_the_server_while_idle_is_opened_again(ingest: FakeIngest) -> None:
    ingest.headers = {}
    connection = connect(ingest.address)
    connection.post(FRAME, 5)
    answers = iter([False, True])
    ingest.before_answer = lambda _: next(answers)
    assert connection.post(FRAME, 5).status == 201
    assert len(ingest.seen) == 3


def test_connection_cut_before_the_answer_leaves_the_outcome_open(ingest: FakeIngest) -> None:
    ingest.before_answer = lambda _: False
    with pytest.raises(NoAnswer):
        connect(ingest.address).post(FRAME, 5)


def test_connection_without_answer_in_time_leaves_the_outcome_open(ingest: FakeIngest) -> None:
    release = threading.Event()
    ingest.before_answer = lambda _: release.wait(20)
    with pytest.raises(NoAnswer):
        connect(ingest.address).post(FRAME, 0.2)
    release.set()


def test_connection_to_nobody_says_that_nothing_was_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(NotSent):
        connect(f"http://127.0.0.1:{port}").post(FRAME, 5)


@pytest.mark.parametrize("server", ["localhost:8080", "ftp://x", "http://"])
def test_connection_to_no_http_address_is_refused(server: str) -> None:
    with pytest.raises(ConfigurationError):
        connect(server)
