"""What the feed takes from the log."""

import asyncio
from typing import Any

import pytest

from common.contracts.detection import DetectionMessage
from common.contracts.frame import TICK_HEADERS
from common.errors import Transient
from common.kafka.ports import Record
from common.topics import DETECTIONS, FRAMES
from signalling.feed import read_detections, read_picture
from tests.unit.signalling.conftest import CAMERA, make_jpeg, until


def test_feed_passes_over_what_it_cannot_show(live: Any) -> None:
    async def scenario(server: Any) -> None:
        append = server.cluster.append
        append(FRAMES, 0, None, None, TICK_HEADERS)
        append(FRAMES, 0, CAMERA.encode(), make_jpeg(), [("v", b"1")])
        append(FRAMES, 0, b"\xff\xfe", make_jpeg())
        append(FRAMES, 0, CAMERA.encode(), None)
        append(DETECTIONS, 0, CAMERA.encode(), b"{")
        append(DETECTIONS, 0, CAMERA.encode(), None)
        shown = await server.put_frame()
        assert server.service.newest.picture(CAMERA).jpeg == shown

    live(scenario)


def test_feed_takes_nothing_of_a_camera_that_does_not_exist(live: Any) -> None:
    async def scenario(server: Any) -> None:
        server.delete_camera(CAMERA)
        await until(lambda: server.service.directory.find(CAMERA) is None)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await server.put_frame()

    live(scenario)


def test_feed_after_an_error_goes_on_from_the_end(live: Any) -> None:
    async def scenario(server: Any) -> None:
        for error in (RuntimeError("nobody foresaw this"), Transient("no broker answers")):
            server.failures.append(error)
            await until(lambda: server.service.feed.problem() is not None)
            await until(lambda: server.service.feed.problem() is None)
            await server.put_frame()
        assert server.service.feed.is_alive

    live(scenario)


def make_record(topic: str, value: bytes | None) -> Record:
    return Record(topic, 0, 1, 0, CAMERA.encode(), value)


def test_picture_that_is_no_jpeg_is_none() -> None:
    assert read_picture(make_record(FRAMES, b"<html>"), CAMERA, 0.0) is None


def test_detections_under_another_camera_are_none() -> None:
    message = DetectionMessage(
        analysis="emotion",
        camera="cam-bbbbbbbbbb",
        session="abcdefghijklmnop",
        seq=1,
        partition=0,
        offset=0,
        captured_us=0,
        log_ms=0,
        width=64,
        height=48,
        model_ms=1,
    )
    assert read_detections(make_record(DETECTIONS, message.to_json()), CAMERA) is None
    assert read_detections(make_record(DETECTIONS, message.to_json()), "cam-bbbbbbbbbb") == message
