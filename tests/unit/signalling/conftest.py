"""A signalling server over Kafka in memory, on a free loopback port."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from common.clock import SystemClock
from common.contracts.camera_settings import CameraSettings
from common.contracts.detection import Detection, DetectionMessage
from common.contracts.frame import FrameHeaders, encode_headers
from common.contracts.live_token import LiveGrant, sign_grant
from common.kafka.memory import MemoryCluster
from common.kafka.ports import FROM_END, Record, TopicReader
from common.settings import KafkaSettings
from common.topics import CAMERA_SETTINGS, DETECTIONS, FRAMES
from signalling.service import SignallingService
from signalling.settings import SignallingSettings

KEY = "a-signing-key-of-the-tests"
CAMERA, OTHER = "cam-aaaaaaaaaa", "cam-bbbbbbbbbb"
LIMIT_S = 10.0


def make_jpeg(mark: int = 0, padding: int = 0) -> bytes:
    """Markers and header of a 64 x 48 baseline JPEG; `mark` tells one from another."""
    header = b"\xff\xc0\x00\x11\x08\x00\x30\x00\x40\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    scan = b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00" + mark.to_bytes(4, "big") + b"\x00" * padding
    return b"\xff\xd8" + header + scan + b"\xff\xd9"


def make_token(*cameras: str, seconds: int = 86_400, key: str = KEY, subject: str = "u1") -> str:
    """Some are made when the tests are collected, which may be long before they run: hence a day."""
    return sign_grant(LiveGrant(subject, cameras, int(time.time()) + seconds), key.encode())


def make_hello(*cameras: str, token: str | None = None, **fields: Any) -> str:
    return json.dumps({"token": token or make_token(*cameras), "cameras": list(cameras), **fields})


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():  # noqa: ASYNC110  what is waited for happens on a thread
            await asyncio.sleep(0.01)


class BreakableReader:
    """A reader that raises what a test puts into `failures`."""

    def __init__(self, reader: TopicReader, failures: list[Exception]) -> None:
        self._reader = reader
        self._failures = failures

    @property
    def is_caught_up(self) -> bool:
        return self._reader.is_caught_up

    def poll(self, timeout_s: float) -> list[Record]:
        if self._failures:
            raise self._failures.pop()
        return self._reader.poll(timeout_s)

    def close(self) -> None:
        self._reader.close()


@dataclass
class Live:
    """One running server, its cluster, and a client."""

    cluster: MemoryCluster
    service: SignallingService
    client: aiohttp.ClientSession
    port: int
    failures: list[Exception]
    sent: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def put_camera(self, camera: str = CAMERA, **fields: Any) -> None:
        given = {"camera": camera, "version": 1, "name": "Yard", "owner": "o", "token_hashes": (), "partition": 0}
        settings = CameraSettings.model_validate(given | fields)
        self.cluster.append(CAMERA_SETTINGS, 0, camera.encode(), settings.to_json())
        await until(lambda: self.service.directory.find(camera) == settings)

    def delete_camera(self, camera: str = CAMERA) -> None:
        self.cluster.append(CAMERA_SETTINGS, 0, camera.encode(), None)

    async def put_frame(self, camera: str = CAMERA, padding: int = 0) -> bytes:
        """Append a frame and wait until the server has it."""
        self.sent += 1
        now_us = time.time_ns() // 1000
        frame = FrameHeaders(
            session="abcdefghijklmnop",
            seq=self.sent,
            captured_at_us=now_us,
            ingested_at_us=now_us,
            width=64,
            height=48,
            settings_version=1,
            analyses=(),
            clip_ms=10_000,
        )
        jpeg = make_jpeg(self.sent, padding)
        where = self.cluster.append(FRAMES, 0, camera.encode(), jpeg, encode_headers(frame))

        def is_there() -> bool:
            picture = self.service.newest.picture(camera)
            return picture is not None and picture.offset >= where.offset

        await until(is_there)
        return jpeg

    async def put_boxes(self, camera: str = CAMERA, analysis: str = "emotion", age_ms: int = 0) -> Detection:
        found = Detection(box=(1, 2, 3, 4), kind="face", score=0.5, label="happy")
        message = DetectionMessage(
            analysis=analysis,
            camera=camera,
            session="abcdefghijklmnop",
            seq=1,
            partition=0,
            offset=0,
            captured_us=0,
            log_ms=time.time_ns() // 1_000_000 - age_ms,
            width=64,
            height=48,
            model_ms=1.0,
            detections=(found,),
        )
        self.cluster.append(DETECTIONS, 0, camera.encode(), message.to_json())
        await asyncio.sleep(0.1)
        return found

    @asynccontextmanager
    async def watch(self, hello: str | None = None, **options: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with self.client.ws_connect(self.url("/v1/live"), **options) as socket:
            if hello is not None:
                await socket.send_str(hello)
            yield socket


async def receive_frame(socket: aiohttp.ClientWebSocketResponse) -> tuple[dict[str, Any], bytes]:
    """The text and the picture after it."""
    text = await socket.receive_str(timeout=LIMIT_S)
    return json.loads(text), await socket.receive_bytes(timeout=LIMIT_S)


async def close_code(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """Read until the server closes; the code it gave."""
    async with asyncio.timeout(LIMIT_S):
        async for _ in socket:
            pass
    return socket.close_code


@asynccontextmanager
async def open_live(has_topics: bool = True) -> AsyncIterator[Live]:
    cluster = MemoryCluster(SystemClock())
    cluster.create_topic(FRAMES)
    cluster.create_topic(DETECTIONS)
    if has_topics:
        cluster.create_topic(CAMERA_SETTINGS, 1)
    port, failures = unused_port(), list[Exception]()
    settings = SignallingSettings.model_validate(
        {"LOOKOUT_SIGNALLING_PORT": port, "LOOKOUT_PAGE_PORT": 8000, "LOOKOUT_SIGNING_KEY": KEY}
    )
    service = SignallingService(
        settings,
        KafkaSettings.model_validate({}),
        make_settings_reader=lambda: cluster.follower([CAMERA_SETTINGS]),
        make_live_reader=lambda: BreakableReader(cluster.follower([FRAMES, DETECTIONS], FROM_END), failures),
    )
    await service.start()
    try:
        async with aiohttp.ClientSession() as client:
            live = Live(cluster, service, client, port, failures)
            if has_topics:
                await until(lambda: service.directory.problem() is None and service.feed.problem() is None)
                await live.put_camera(CAMERA)
                await live.put_camera(OTHER)
            yield live
    finally:
        await service.stop()


@pytest.fixture
def live() -> Callable[[Callable[[Live], Awaitable[None]]], None]:
    """Runs a coroutine function with a running server."""

    def run(scenario: Callable[[Live], Awaitable[None]]) -> None:
        async def play() -> None:
            async with open_live() as opened:
                await scenario(opened)

        asyncio.run(play())

    return run
