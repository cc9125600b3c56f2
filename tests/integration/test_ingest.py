"""Ingest as a real gunicorn process over a real Kafka: every status, and what lies in the topic afterwards."""

import itertools
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from common.contracts.camera_settings import AnalysisSettings, CameraSettings, Purpose
from common.contracts.frame import AnalysisRequest, FrameHeaders, Policy, decode_headers
from common.contracts.identity import hash_token, make_camera_id, make_session, make_token
from common.kafka.ports import Record
from common.topics import FRAMES
from infra.native.ports import free_ports
from tests.support.cameras import CameraWriter, make_topics, open_writer, read_partition
from tests.support.servers import TestServers
from tests.support.service_process import Answer, ServiceProcess, wait_until

MAX_FRAME_BYTES = 2 * 1024 * 1024
_partitions = itertools.cycle(range(12))


def make_jpeg(padding: int = 30_000) -> bytes:
    """Markers and header of a 64 x 48 baseline JPEG; it holds no picture."""
    header = b"\xff\xc0\x00\x11\x08\x00\x30\x00\x40\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    scan = b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00" + b"\x00" * padding
    return b"\xff\xd8" + header + scan + b"\xff\xd9"


@dataclass
class Camera:
    """A camera with a partition of its own while a test looks at it."""

    system: "System"
    settings: CameraSettings
    token: str = field(repr=False)

    @property
    def ingest(self) -> ServiceProcess:
        return self.system.ingest

    @property
    def path(self) -> str:
        return f"/v1/cameras/{self.settings.camera}"

    def post(self, body: bytes | None = None, token: str | None = None, **headers: str) -> Answer:
        sent = {"Authorization": f"Bearer {token or self.token}", "Content-Type": "image/jpeg"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ingest.request("POST", f"{self.path}/frames", make_jpeg() if body is None else body, sent)

    def ping(self, token: str | None = None) -> Answer:
        return self.ingest.request(
            "GET", f"{self.path}/ping", headers={"Authorization": f"Bearer {token or self.token}"}
        )

    def change(self, **fields: Any) -> None:
        """Change the settings and wait until ingest uses them."""
        self.settings = self.settings.model_copy(update={"version": self.settings.version + 1, **fields})
        self.system.writer.put(self.settings)

    def change_and_wait(self, **fields: Any) -> None:
        self.change(**fields)
        wait_until(lambda: self.ping().json.get("settings_version") == self.settings.version, "new settings are used")

    def records(self) -> list[Record]:
        """This camera's frames in the log."""
        topic = self.system.prefix + FRAMES
        found = read_partition(self.system.servers.bootstrap_servers, topic, self.settings.partition)
        return [r for r in found if r.key == self.settings.camera.encode()]

    def frames(self) -> list[FrameHeaders]:
        return [decode_headers(r.headers) for r in self.records()]


def ingest_variables(servers: TestServers, prefix: str, port: int, var: Path) -> dict[str, str]:
    """No MONGODB_URL that answers: ingest needs none."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap_servers,
        "MONGODB_URL": "mongodb://127.0.0.1:1/none",
        "LOOKOUT_TOPIC_PREFIX": prefix,
        "LOOKOUT_INGEST_BIND": "127.0.0.1",
        "LOOKOUT_INGEST_PORT": str(port),
        "LOOKOUT_INGEST_THREADS": "16",
        "LOOKOUT_MIN_FREE_BYTES": "0",
        "LOOKOUT_VAR_DIR": str(var),
    }


@dataclass
class System:
    """One ingest process with topics of its own."""

    ingest: ServiceProcess
    servers: TestServers
    prefix: str
    writer: CameraWriter


@pytest.fixture(scope="module")
def system(servers: TestServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """For the tests of this file that do not break it."""
    prefix = f"ti{os.getpid()}-{time.time_ns() % 1_000_000}-"
    make_topics(servers.bootstrap_servers, prefix)
    var = tmp_path_factory.mktemp("ingest")
    port = free_ports().ingest
    variables = ingest_variables(servers, prefix, port, var)
    with (
        open_writer(servers.bootstrap_servers, prefix) as writer,
        ServiceProcess("producer_service", port, variables, var / "ingest.log") as process,
    ):
        process.wait_ready()
        yield System(process, servers, prefix, writer)


def add_camera(system: System) -> Camera:
    token = make_token()
    settings = CameraSettings(
        camera=make_camera_id(),
        version=1,
        name="Yard",
        owner="admin",
        token_hashes=(hash_token(token),),
        partition=next(_partitions),
        analyses=(AnalysisSettings(name="recorder"),),
    )
    camera = Camera(system, settings, token)
    system.writer.put(settings)
    wait_until(lambda: camera.ping().status == 200, "the camera is known")
    return camera


@pytest.fixture
def camera(system: System) -> Camera:
    return add_camera(system)


def test_post_is_201_where_the_broker_says_it_is(camera: Camera) -> None:
    session, now_us = make_session(), time.time_ns() // 1000
    answer = camera.post(
        X_Lookout_Session=session,
        X_Lookout_Seq="9",
        X_Lookout_Captured_At=str(now_us),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    assert answer.status == 201, answer.body
    (record,) = camera.records()
    assert answer.json == {
        "session": session,
        "seq": 9,
        "partition": camera.settings.partition,
        "offset": record.offset,
        "retry_recognised": True,
    }
    assert record.value == make_jpeg()
    (frame,) = camera.frames()
    assert (frame.identity, frame.captured_at_us, frame.captured_flag) == ((session, 9), now_us, None)
    assert (frame.width, frame.height) == (64, 48)
    assert frame.traceparent is not None


def test_post_retry_repeats_its_identity_in_the_log(camera: Camera) -> None:
    session = make_session()
    answers = [camera.post(X_Lookout_Session=session, X_Lookout_Seq="1") for _ in range(2)]
    assert [a.status for a in answers] == [201, 201]
    assert answers[0].json["offset"] < answers[1].json["offset"]
    assert [f.identity for f in camera.frames()] == [(session, 1)] * 2


def test_post_without_identity_says_that_retries_are_not_recognised(camera: Camera) -> None:
    answer = camera.post()
    assert (answer.status, answer.json["retry_recognised"]) == (201, False)
    assert camera.frames()[0].identity == (answer.json["session"], answer.json["seq"])


def test_post_of_live_camera_is_202(camera: Camera) -> None:
    camera.change_and_wait(policy=Policy.LIVE)
    answer = camera.post()
    assert answer.status == 202
    assert "offset" not in answer.json
    wait_until(lambda: len(camera.frames()) == 1, "the queued frame is stored")


def test_post_refusals_are_json_and_store_nothing(camera: Camera) -> None:
    ingest, path = camera.ingest, f"{camera.path}/frames"
    right = {"Authorization": f"Bearer {camera.token}", "Content-Type": "image/jpeg"}
    refused = {
        "empty": camera.post(b""),
        "no jpeg": camera.post(b"GIF89a"),
        "cut": camera.post(make_jpeg()[:-2]),
        "half identity": camera.post(X_Lookout_Seq="1"),
        "no token": ingest.request("POST", path, make_jpeg(), {"Content-Type": "image/jpeg"}),
        "wrong token": camera.post(token=make_token()),
        "unknown camera": ingest.request("POST", f"/v1/cameras/{make_camera_id()}/frames", make_jpeg(), right),
        "other type": camera.post(Content_Type="image/png"),
        "other page": ingest.request("GET", "/v1/nothing"),
        "other method": ingest.request("PUT", path, make_jpeg(), right),
    }
    assert {what: (answer.status, answer.code) for what, answer in refused.items()} == {
        "empty": (400, "not_jpeg"),
        "no jpeg": (400, "not_jpeg"),
        "cut": (400, "jpeg_cut"),
        "half identity": (400, "bad_identity"),
        "no token": (401, "bad_token"),
        "wrong token": (401, "bad_token"),
        "unknown camera": (404, "unknown_camera"),
        "other type": (415, "not_image_jpeg"),
        "other page": (404, "not_found"),
        "other method": (405, "method_not_allowed"),
    }
    assert camera.records() == []


def raw_head(camera: Camera, *lines: str) -> bytes:
    head = [
        f"POST {camera.path}/frames HTTP/1.1",
        "Host: ingest",
        f"Authorization: Bearer {camera.token}",
        "Content-Type: image/jpeg",
        *lines,
        "",
        "",
    ]
    return "\r\n".join(head).encode()


def connect(camera: Camera) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", camera.ingest.port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def status_line(connection: socket.socket) -> bytes:
    return connection.recv(65_536).partition(b"\r\n")[0]


def test_post_chunked_is_411(camera: Camera) -> None:
    with connect(camera) as connection:
        connection.sendall(raw_head(camera, "Transfer-Encoding: chunked") + b"4\r\nabcd\r\n0\r\n\r\n")
        assert status_line(connection).startswith(b"HTTP/1.1 411 ")


def test_post_too_large_is_413_before_the_body_is_sent(camera: Camera) -> None:
    announced = 1024 * 1024 * 1024
    with connect(camera) as connection:
        connection.sendall(raw_head(camera, f"Content-Length: {announced}"))
        assert status_line(connection).startswith(b"HTTP/1.1 413 ")
    with connect(camera) as connection:
        connection.sendall(raw_head(camera, f"Content-Length: {announced}"))
        assert mebibytes_taken(connection, 1024) < 64, "the server read on although it had refused"


def mebibytes_taken(connection: socket.socket, most: int) -> int:
    """How much can be sent before the other side closes."""
    for sent in range(most):
        try:
            connection.sendall(bytes(1024 * 1024))
        except (BrokenPipeError, ConnectionResetError):
            return sent
    return most


def test_post_of_the_largest_frame_passes(camera: Camera) -> None:
    largest = make_jpeg(MAX_FRAME_BYTES - len(make_jpeg(0)))
    assert len(largest) == MAX_FRAME_BYTES
    assert camera.post(largest).status == 201
    assert camera.post(largest[:-2] + b"\x00\xff\xd9").status == 413


def test_post_faster_than_allowed_is_429_and_stays_so_for_that_camera_alone(camera: Camera, system: System) -> None:
    other = add_camera(system)
    statuses: list[int] = []

    def post_many() -> None:
        statuses.extend(camera.post().status for _ in range(60))

    threads = [threading.Thread(target=post_many) for _ in range(3)]
    began_s = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    most = 60 + 60 * (time.monotonic() - began_s) + 1
    assert set(statuses) <= {201, 429}
    assert statuses.count(201) <= most
    assert other.post().status == 201
    refused = [a for a in (camera.post() for _ in range(200)) if a.status == 429][:1]
    for answer in refused:
        assert answer.code == "too_fast"
        assert int(answer.headers["retry-after"]) >= 1


def code_of_a_fifth(camera: Camera) -> str:
    """What a request is told while four others of its camera are half sent; empty when it is taken."""
    slow = [connect(camera) for _ in range(4)]
    try:
        for connection in slow:
            # Larger than what is awaited before a thread looks: it is under way from its first byte.
            connection.sendall(raw_head(camera, "Content-Length: 1000000") + b"\xff\xd8")
        answer = camera.post()
        return "" if answer.status == 201 else answer.code
    finally:
        for connection in slow:
            connection.close()


def test_post_fifth_at_once_is_429(camera: Camera) -> None:
    # Again when it was faster than the four, or when half of them had to be given up while the broker was slow.
    wait_until(lambda: code_of_a_fifth(camera) == "too_many_in_flight", "the fifth is refused")
    wait_until(lambda: camera.post().status == 201, "their places are free again")


def test_post_after_token_rotation_knows_both_tokens_then_the_new_one(camera: Camera) -> None:
    new = make_token()
    camera.change(token_hashes=(hash_token(camera.token), hash_token(new)))
    wait_until(lambda: camera.ping(new).status == 200, "the new token is known", 5)
    assert [camera.post(token=t).status for t in (camera.token, new)] == [201, 201]
    camera.change(token_hashes=(hash_token(new),))
    wait_until(lambda: camera.ping().status == 401, "the old token is revoked", 5)
    assert [camera.post(token=t).status for t in (camera.token, new)] == [401, 201]


def test_post_of_deleted_camera_is_404_within_5_s(camera: Camera) -> None:
    camera.system.writer.delete(camera.settings.camera)
    wait_until(lambda: camera.ping().status == 404, "the camera is gone", 5)
    assert camera.post().code == "unknown_camera"


def test_post_leaves_emotion_out_once_its_purpose_has_expired(camera: Camera) -> None:
    expires_us = time.time_ns() // 1000 + 3_000_000
    camera.change_and_wait(
        analyses=(AnalysisSettings(name="emotion"), AnalysisSettings(name="recorder")),
        emotion_purpose=Purpose(text="demonstration", expires_us=expires_us),
    )
    camera.post()
    wait_until(lambda: time.time_ns() // 1000 > expires_us, "the purpose has expired")
    camera.post()
    emotion, recorder = AnalysisRequest("emotion", 100), AnalysisRequest("recorder")
    assert [f.analyses for f in camera.frames()] == [(emotion, recorder), (recorder,)]


def test_post_passes_while_many_clients_stall(camera: Camera) -> None:
    beginnings = [
        b"",
        b"P",
        b"POST /v1/cameras/x/frames HTTP/1.1\r\nHost: x\r\n",
        b"POST /v1/cameras/x/frames HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n\r\nabc",
        b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /li",
    ]
    # More than the server has threads, of each kind.
    stalled = [(connect(camera), beginning) for beginning in beginnings for _ in range(20)]
    try:
        for connection, beginning in stalled:
            connection.sendall(beginning)
        time.sleep(0.5)
        began_s = time.monotonic()
        assert camera.post().status == 201
        assert time.monotonic() - began_s < 4, "it waited for the stalled clients"
    finally:
        for connection, _ in stalled:
            connection.close()


def test_post_that_trickles_in_arrives_and_the_connection_goes_on(camera: Camera) -> None:
    request = raw_head(camera, f"Content-Length: {len(make_jpeg())}") + make_jpeg()
    with connect(camera) as connection:
        for at in range(0, 300, 10):
            connection.sendall(request[at : at + 10])
            time.sleep(0.002)
        connection.sendall(request[300:20_000])
        time.sleep(0.1)
        connection.sendall(request[20_000:])
        assert status_line(connection) == b"HTTP/1.1 201 CREATED"
        connection.sendall(request + request)
        wait_until(lambda: len(camera.records()) == 3, "all three are stored")


@pytest.mark.parametrize(
    "sent",
    [b"garbage\r\n\r\n", b"GET /livez HTTP/1.1\r\nBad Name: x\r\n\r\n", b"GET / HTTP/1.1\r\nA: " + b"x" * 20_000],
)
def test_garbage_is_answered_with_json(camera: Camera, sent: bytes) -> None:
    with connect(camera) as connection:
        connection.sendall(sent)
        answer = connection.recv(65_536)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
    assert b'{"code": ' in answer


def test_health_and_metrics_answer(camera: Camera) -> None:
    camera.post()
    assert camera.ingest.status_of("/livez") == 200
    text = camera.ingest.request("GET", "/metrics").body.decode()
    assert 'lookout_frames_received_total{outcome="acknowledged"}' in text


@contextmanager
def own_ingest(system: System, var: Path, **variables: str) -> Iterator[System]:
    """Another ingest process on the same topics, which a test may break."""
    port = free_ports().ingest
    environment = ingest_variables(system.servers, system.prefix, port, var) | variables
    with ServiceProcess("producer_service", port, environment, var / "ingest.log") as process:
        yield replace(system, ingest=process)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_stop_answers_the_request_under_way(system: System, tmp_path: Path, sign: signal.Signals) -> None:
    with own_ingest(system, tmp_path) as own:
        process = own.ingest
        process.wait_ready()
        camera = add_camera(own)
        large = make_jpeg(1_000_000)
        with connect(camera) as connection:
            request = raw_head(camera, f"Content-Length: {len(large)}") + large
            connection.sendall(request[:400_000])
            time.sleep(0.5)
            os.killpg(process.process.pid, sign)
            time.sleep(0.5)
            connection.sendall(request[400_000:])
            assert status_line(connection) == b"HTTP/1.1 201 CREATED"
        assert process.process.wait(30) == 0
    assert len(camera.frames()) == 1


def test_worker_that_is_killed_is_replaced_and_none_outlives_its_parent(system: System, tmp_path: Path) -> None:
    with own_ingest(system, tmp_path) as own:
        own.ingest.wait_ready()
        camera = add_camera(own)
        parent = psutil.Process(own.ingest.process.pid)
        (worker,) = parent.children()
        worker.kill()
        wait_until(
            lambda: [child.pid for child in parent.children()] not in ([], [worker.pid]), "there is a new worker"
        )
        own.ingest.wait_ready()
        assert camera.post().status == 201
        (worker,) = parent.children()
        parent.kill()
        wait_until(lambda: not worker.is_running(), "the worker has ended")


def test_post_with_too_little_disk_is_507(system: System, tmp_path: Path) -> None:
    with own_ingest(system, tmp_path, LOOKOUT_MIN_FREE_BYTES=str(2**60)) as own:
        process = own.ingest
        wait_until(lambda: process.status_of("/livez") == 200, "ingest answers")
        camera = add_camera(own)
        answer = camera.post()
        assert (answer.status, answer.code) == (507, "disk_full")
        assert "MiB" in answer.json["message"]
        assert process.status_of("/readyz") == 503


def test_start_with_a_misspelled_variable_is_refused(system: System, tmp_path: Path) -> None:
    with own_ingest(system, tmp_path, LOOKOUT_INGEST_PROT="1") as own:
        assert own.ingest.process.wait(60) == 78
    assert "LOOKOUT_INGEST_PROT" in own.ingest.log
