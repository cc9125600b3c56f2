"""Signalling as a real process over a real Kafka: from a posted frame to the picture a person sees."""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from common.contracts.camera_settings import CameraSettings
from common.contracts.detection import Detection, DetectionMessage
from common.contracts.frame import FrameHeaders, encode_headers
from common.contracts.identity import make_camera_id, make_session
from common.contracts.live_token import LiveGrant, sign_grant
from common.topics import DETECTIONS, FRAMES
from infra.native.ports import free_ports
from signalling.protocol import CloseCode
from tests.support.cameras import CameraWriter, make_topics, open_writer
from tests.support.servers import TestServers
from tests.support.service_process import ServiceProcess, wait_until

KEY = "a-signing-key-of-the-tests"
PAGE_PORT = 18_000
LIMIT_S = 30.0


def make_jpeg(mark: int) -> bytes:
    """Markers and header of a 64 x 48 baseline JPEG; `mark` tells one from another."""
    header = b"\xff\xc0\x00\x11\x08\x00\x30\x00\x40\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    scan = b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00" + mark.to_bytes(4, "big") + bytes(30_000)
    return b"\xff\xd8" + header + scan + b"\xff\xd9"


def make_token(*cameras: str) -> str:
    return sign_grant(LiveGrant("u1", cameras, int(time.time()) + 120), KEY.encode())


@dataclass
class System:
    """One signalling process, and what a producer and a consumer would write."""

    process: ServiceProcess
    writer: CameraWriter

    def add_camera(self) -> str:
        """A camera that signalling knows: its newest picture is there."""
        camera = make_camera_id()
        self.writer.put(CameraSettings(camera=camera, version=1, name="Yard", owner="o", token_hashes=(), partition=3))
        self.put_until_seen(camera, 0)
        return camera

    def put_frame(self, camera: str, mark: int) -> None:
        now_us = time.time_ns() // 1000
        frame = FrameHeaders(
            session=make_session(),
            seq=mark,
            captured_at_us=now_us,
            ingested_at_us=now_us,
            width=64,
            height=48,
            settings_version=1,
            analyses=(),
            clip_ms=10_000,
        )
        self.writer.send(FRAMES, camera, make_jpeg(mark), encode_headers(frame), partition=3)

    def put_until_seen(self, camera: str, mark: int) -> None:
        """A frame sent before the camera is known is not shown: send until one is."""

        def is_seen() -> bool:
            self.put_frame(camera, mark)
            return self.picture(camera, make_token(camera)) == (200, make_jpeg(mark))

        wait_until(is_seen, "the picture is there")

    def put_boxes(self, camera: str) -> None:
        found = Detection(box=(1, 2, 3, 4), kind="face", score=0.5, label="happy")
        message = DetectionMessage(
            analysis="emotion",
            camera=camera,
            session=make_session(),
            seq=1,
            partition=3,
            offset=0,
            captured_us=0,
            log_ms=time.time_ns() // 1_000_000,
            width=64,
            height=48,
            model_ms=1,
            detections=(found,),
        )
        self.writer.send(DETECTIONS, camera, message.to_json(), partition=3)

    def picture(self, camera: str, token: str) -> tuple[int, bytes]:
        answer = self.process.request(
            "GET", f"/v1/cameras/{camera}/picture", headers={"Authorization": f"Bearer {token}"}
        )
        return answer.status, answer.body


def signalling_variables(servers: TestServers, prefix: str, port: int, var: Path) -> dict[str, str]:
    return {
        "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap_servers,
        "MONGODB_URL": "mongodb://127.0.0.1:1/none",
        "LOOKOUT_TOPIC_PREFIX": prefix,
        "LOOKOUT_SIGNALLING_PORT": str(port),
        "LOOKOUT_PAGE_PORT": str(PAGE_PORT),
        "LOOKOUT_SIGNING_KEY": KEY,
        "LOOKOUT_VAR_DIR": str(var),
    }


@pytest.fixture(scope="module")
def system(servers: TestServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    prefix = f"ts{os.getpid()}-{time.time_ns() % 1_000_000}-"
    make_topics(servers.bootstrap_servers, prefix)
    var = tmp_path_factory.mktemp("signalling")
    port = free_ports().signalling
    variables = signalling_variables(servers, prefix, port, var)
    with (
        open_writer(servers.bootstrap_servers, prefix) as writer,
        ServiceProcess("signalling", port, variables, var / "signalling.log") as process,
    ):
        process.wait_ready()
        yield System(process, writer)


async def receive_frame(socket: aiohttp.ClientWebSocketResponse) -> tuple[dict[str, Any], bytes]:
    text = await socket.receive_str(timeout=LIMIT_S)
    return json.loads(text), await socket.receive_bytes(timeout=LIMIT_S)


def test_viewer_sees_new_pictures_with_boxes_within_a_second(system: System) -> None:
    camera = system.add_camera()

    async def watch() -> None:
        url = f"ws://127.0.0.1:{system.process.port}/v1/live"
        origin = f"http://127.0.0.1:{PAGE_PORT}"
        async with aiohttp.ClientSession() as client, client.ws_connect(url, headers={"Origin": origin}) as socket:
            await socket.send_json({"token": make_token(camera), "cameras": [camera], "max_fps": 15})
            first, jpeg = await receive_frame(socket)
            assert (first["camera"], jpeg) == (camera, make_jpeg(0))
            await asyncio.to_thread(system.put_boxes, camera)
            delays_s = []
            for mark in range(1, 11):
                sent_s = time.monotonic()
                await asyncio.to_thread(system.put_frame, camera, mark)
                text, jpeg = await receive_frame(socket)
                while jpeg == make_jpeg(0):  # several were sent until one was seen
                    text, jpeg = await receive_frame(socket)
                delays_s.append(time.monotonic() - sent_s)
                assert jpeg == make_jpeg(mark)
            assert sorted(delays_s)[5] < 1.0
            assert [box["label"] for box in text["detections"]["emotion"]] == ["happy"]

    asyncio.run(asyncio.wait_for(watch(), 90))


def test_viewer_of_deleted_camera_is_told_within_5_s(system: System) -> None:
    camera = system.add_camera()

    async def watch() -> None:
        url = f"ws://127.0.0.1:{system.process.port}/v1/live"
        async with aiohttp.ClientSession() as client, client.ws_connect(url) as socket:
            await socket.send_json({"token": make_token(camera), "cameras": [camera]})
            await receive_frame(socket)
            await asyncio.to_thread(system.writer.delete, camera)
            async with asyncio.timeout(5):
                while (message := await socket.receive()).type is aiohttp.WSMsgType.BINARY or (
                    message.json()["type"] == "frame"
                ):
                    pass
            assert message.json() == {"type": "gone", "camera": camera}
            async with asyncio.timeout(LIMIT_S):
                async for _ in socket:
                    pass
            assert socket.close_code == CloseCode.GONE

    asyncio.run(asyncio.wait_for(watch(), 60))
    assert system.picture(camera, make_token(camera))[0] == 404


def test_live_is_denied_without_grant_and_from_foreign_pages(system: System) -> None:
    camera, other = system.add_camera(), make_camera_id()

    async def close_code_of(hello: dict[str, Any]) -> int | None:
        url = f"ws://127.0.0.1:{system.process.port}/v1/live"
        async with aiohttp.ClientSession() as client, client.ws_connect(url) as socket:
            await socket.send_json(hello)
            async with asyncio.timeout(LIMIT_S):
                async for message in socket:
                    assert message.type is not aiohttp.WSMsgType.BINARY
            return socket.close_code

    async def scenario() -> None:
        assert await close_code_of({"token": "x.y", "cameras": [camera]}) == CloseCode.BAD_TOKEN
        assert await close_code_of({"token": make_token(other), "cameras": [camera]}) == CloseCode.NOT_GRANTED
        assert await close_code_of({"token": make_token(other), "cameras": [other]}) == CloseCode.GONE

    asyncio.run(asyncio.wait_for(scenario(), 60))
    assert system.picture(camera, make_token(other))[0] == 404
    foreign = system.process.request("GET", "/v1/live", headers={"Origin": "http://evil.example"})
    assert (foreign.status, foreign.code) == (403, "foreign_origin")


def test_health_and_stop(system: System, servers: TestServers, tmp_path: Path) -> None:
    port = free_ports().signalling
    with ServiceProcess(
        "signalling", port, signalling_variables(servers, system.writer.prefix, port, tmp_path), tmp_path / "log"
    ) as process:
        process.wait_ready()
        assert process.status_of("/livez") == 200
        assert b"lookout_live_viewers" in process.request("GET", "/metrics").body
        assert process.stop() == 0
        assert KEY not in process.log


def test_start_without_signing_key_is_refused(servers: TestServers, tmp_path: Path) -> None:
    variables = signalling_variables(servers, "x-", 1, tmp_path)
    del variables["LOOKOUT_SIGNING_KEY"]
    with ServiceProcess("signalling", 1, variables, tmp_path / "log") as process:
        assert process.process.wait(60) == 78
    assert "LOOKOUT_SIGNING_KEY" in process.log
