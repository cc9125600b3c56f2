"""The live WebSocket, over Kafka in memory and a real loopback socket."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from common.contracts.live_token import LIVE_TOKEN_S
from signalling import audience, live_session
from signalling.protocol import CloseCode
from tests.unit.signalling.conftest import (
    CAMERA,
    OTHER,
    close_code,
    make_hello,
    make_token,
    open_live,
    receive_frame,
    until,
)


def test_viewer_gets_the_newest_picture_and_then_each_new_one(live: Any) -> None:
    async def scenario(server: Any) -> None:
        await server.put_frame()
        newest = await server.put_frame()
        async with server.watch(make_hello(CAMERA, max_fps=15)) as socket:
            text, jpeg = await receive_frame(socket)
            assert jpeg == newest
            assert (text["type"], text["camera"], text["width"], text["height"]) == ("frame", CAMERA, 64, 48)
            assert abs(text["captured_us"] / 1e6 - time.time()) < 10
            assert abs(text["log_ms"] / 1e3 - time.time()) < 10
            assert text["detections"] == {}
            following = await server.put_frame()
            assert (await receive_frame(socket))[1] == following

    live(scenario)


def test_viewer_gets_boxes_of_each_analysis_but_no_old_ones(live: Any) -> None:
    async def scenario(server: Any) -> None:
        found = await server.put_boxes(analysis="emotion")
        await server.put_boxes(analysis="license_plate", age_ms=5_000)
        await server.put_frame()
        async with server.watch(make_hello(CAMERA)) as socket:
            text, _ = await receive_frame(socket)
        assert text["detections"] == {"emotion": [found.model_dump(mode="json", exclude_none=True)]}

    live(scenario)


def test_viewer_gets_only_the_cameras_it_asked_for(live: Any) -> None:
    async def scenario(server: Any) -> None:
        async with server.watch(make_hello(CAMERA, token=make_token(CAMERA, OTHER))) as socket:
            await until(lambda: len(server.service.audience) == 1)
            await asyncio.sleep(0.1)
            await server.put_frame(OTHER)
            mine = await server.put_frame(CAMERA)
            assert (await receive_frame(socket))[1] == mine

    live(scenario)


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        ("", CloseCode.BAD_HELLO),
        ("[]", CloseCode.BAD_HELLO),
        ('{"cameras": ["cam-aaaaaaaaaa"]}', CloseCode.BAD_HELLO),
        (make_hello(token=make_token()), CloseCode.BAD_HELLO),
        (make_hello("../etc"), CloseCode.BAD_HELLO),
        (make_hello(CAMERA, max_fps=0), CloseCode.BAD_HELLO),
        (make_hello(CAMERA, token="x.y"), CloseCode.BAD_TOKEN),
        (make_hello(CAMERA, token=make_token(CAMERA, key="another-signing-key")), CloseCode.BAD_TOKEN),
        (make_hello(CAMERA, token=make_token(CAMERA, seconds=-1)), CloseCode.BAD_TOKEN),
        (make_hello(CAMERA, OTHER, token=make_token(CAMERA)), CloseCode.NOT_GRANTED),
        (make_hello("cam-zzzzzzzzzz"), CloseCode.GONE),
    ],
)
def test_first_message_that_is_not_right_closes(live: Any, hello: str, code: CloseCode) -> None:
    async def scenario(server: Any) -> None:
        await server.put_frame()
        async with server.watch(hello) as socket:
            message = await socket.receive(timeout=10)
            if message.type is aiohttp.WSMsgType.TEXT:
                assert code is CloseCode.GONE
                assert message.json() == {"type": "gone", "camera": "cam-zzzzzzzzzz"}
            assert await close_code(socket) == code
        await until(lambda: len(server.service.audience) == 0)

    live(scenario)


def test_first_message_that_is_binary_closes(live: Any) -> None:
    async def scenario(server: Any) -> None:
        async with server.watch() as socket:
            await socket.send_bytes(make_hello(CAMERA).encode())
            assert await close_code(socket) == CloseCode.BAD_HELLO

    live(scenario)


def test_first_message_that_does_not_come_closes(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_session, "HELLO_S", 0.2)

    async def scenario(server: Any) -> None:
        async with server.watch() as socket:
            assert await close_code(socket) == CloseCode.HELLO_TIMEOUT

    live(scenario)


def test_message_that_is_too_large_closes(live: Any) -> None:
    async def scenario(server: Any) -> None:
        async with server.watch("x" * 20_000) as socket:
            assert await close_code(socket) == aiohttp.WSCloseCode.MESSAGE_TOO_BIG

    live(scenario)


def test_second_message_closes(live: Any) -> None:
    async def scenario(server: Any) -> None:
        async with server.watch(make_hello(CAMERA)) as socket:
            await socket.send_str("more")
            assert await close_code(socket) == CloseCode.UNEXPECTED_MESSAGE

    live(scenario)


def test_pings_are_answered(live: Any) -> None:
    async def scenario(server: Any) -> None:
        async with server.watch(make_hello(CAMERA), autoping=False) as socket:
            await socket.ping(b"there?")
            answer = await socket.receive(timeout=10)
            assert (answer.type, answer.data) == (aiohttp.WSMsgType.PONG, b"there?")

    live(scenario)


def test_token_that_runs_out_closes_while_pictures_flow(live: Any) -> None:
    async def scenario(server: Any) -> None:
        async with server.watch(make_hello(CAMERA, token=make_token(CAMERA, seconds=2))) as socket:
            await server.put_frame()
            await receive_frame(socket)
            assert await close_code(socket) == CloseCode.EXPIRED

    live(scenario)


def test_deleted_camera_stops_and_the_last_one_closes(live: Any) -> None:
    async def scenario(server: Any) -> None:
        async with server.watch(make_hello(CAMERA, OTHER, max_fps=15)) as socket:
            await server.put_frame(CAMERA)
            await receive_frame(socket)
            server.delete_camera(CAMERA)
            assert await socket.receive_json(timeout=10) == {"type": "gone", "camera": CAMERA}
            assert server.service.newest.picture(CAMERA) is None
            other = await server.put_frame(OTHER)
            assert (await receive_frame(socket))[1] == other
            server.delete_camera(OTHER)
            assert await socket.receive_json(timeout=10) == {"type": "gone", "camera": OTHER}
            assert await close_code(socket) == CloseCode.GONE

    live(scenario)


def test_frame_rate_is_capped_for_each_viewer(live: Any) -> None:
    async def scenario(server: Any) -> None:
        async def count(fps: float, seconds: float) -> int:
            received = 0
            async with server.watch(make_hello(CAMERA, max_fps=fps)) as socket:
                until_s = time.monotonic() + seconds
                while time.monotonic() < until_s:
                    await receive_frame(socket)
                    received += 1
            return received

        async def produce() -> None:
            while True:
                await server.put_frame()
                await asyncio.sleep(0.01)

        producing = asyncio.create_task(produce())
        slow, fast = await asyncio.gather(count(2, 2.0), count(1000, 2.0))
        producing.cancel()
        assert 3 <= slow <= 6
        assert slow < fast <= 15 * 2 + 8

    live(scenario)


def test_slow_viewer_skips_pictures_and_then_sees_the_newest(live: Any) -> None:
    async def scenario(server: Any) -> None:
        # A viewer that does not read: what the sockets hold is bounded, the rest is skipped.
        async with server.watch(make_hello(CAMERA, max_fps=15)) as socket:
            await server.put_frame()
            await receive_frame(socket)
            connection = socket._response.connection.transport
            connection.pause_reading()
            for _ in range(40):
                newest = await server.put_frame(padding=900_000)
                await asyncio.sleep(0.07)
            connection.resume_reading()
            received = 1
            while (await receive_frame(socket))[1] != newest:
                received += 1
            # Its rate alone would have let all forty through.
            assert received < 20

    live(scenario)


def test_viewer_that_takes_nothing_for_long_is_cut_off(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_session, "SEND_S", 0.5)

    async def scenario(server: Any) -> None:
        async with server.watch(make_hello(CAMERA, max_fps=15)) as socket:
            await until(lambda: len(server.service.audience) == 1)
            connection = socket._response.connection.transport
            connection.pause_reading()
            async with asyncio.timeout(20):
                while len(server.service.audience) > 0:
                    await server.put_frame(padding=900_000)
                    await asyncio.sleep(0.05)
            connection.abort()

    live(scenario)


def test_viewers_are_bounded_in_all_and_for_each_person(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "VIEWERS_PER_SUBJECT_MAX", 1)

    async def scenario(server: Any) -> None:
        server.service.audience._viewers_max = 3
        async with server.watch(make_hello(CAMERA)), server.watch(make_hello(CAMERA)) as second:
            assert await close_code(second) == CloseCode.TOO_MANY
            other = make_hello(CAMERA, token=make_token(CAMERA, subject="u2"))
            async with server.watch(other), server.watch():
                await until(lambda: len(server.service.audience) == 3)
                with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                    await server.client.ws_connect(server.url("/v1/live"))
                assert refused.value.status == 503
        await until(lambda: len(server.service.audience) == 0)
        async with server.watch(make_hello(CAMERA)) as again:
            await server.put_frame()
            await receive_frame(again)

    live(scenario)


def test_stop_says_goodbye_to_viewers() -> None:
    async def scenario() -> None:
        async with open_live() as server, server.watch(make_hello(CAMERA)) as socket:
            await until(lambda: len(server.service.audience) == 1)
            await asyncio.sleep(0.1)
            stopping = asyncio.create_task(server.service.stop())
            assert await close_code(socket) == CloseCode.GOING_AWAY
            await stopping

    asyncio.run(scenario())


def test_live_before_settings_are_read_is_503() -> None:
    async def scenario() -> None:
        async with open_live(has_topics=False) as server:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await server.client.ws_connect(server.url("/v1/live"))
            assert refused.value.status == 503

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:8000", 101),
        ("https://127.0.0.1:8000", 101),
        ("http://127.0.0.1:8001", 403),
        ("http://evil.example:8000", 403),
        ("null", 403),
    ],
)
def test_live_is_opened_by_our_page_alone(live: Any, origin: str, status: int) -> None:
    async def scenario(server: Any) -> None:
        try:
            async with server.watch(headers={"Origin": origin}):
                assert status == 101
        except aiohttp.WSServerHandshakeError as error:
            assert error.status == status  # noqa: PT017  one scenario for both outcomes

    live(scenario)


def seconds_ago_us(seconds: int) -> int:
    return (int(time.time()) - seconds) * 1_000_000


def test_permission_withdrawn_closes_what_older_tokens_opened(live: Any) -> None:
    async def scenario(server: Any) -> None:
        token = make_token(CAMERA, OTHER, seconds=LIVE_TOKEN_S - 10)
        async with server.watch(make_hello(CAMERA, token=token)) as watching:
            await server.put_frame()
            await receive_frame(watching)
            await server.put_camera(OTHER, version=2, live_from_us=seconds_ago_us(5))
            await server.put_frame()
            await receive_frame(watching)  # this one does not watch the other camera
            await server.put_camera(CAMERA, version=2, live_from_us=seconds_ago_us(5))
            assert await close_code(watching) == CloseCode.EXPIRED
        async with server.watch(make_hello(CAMERA, token=token)) as again:
            assert await close_code(again) == CloseCode.BAD_TOKEN

    live(scenario)


def test_permission_withdrawn_leaves_newer_tokens_alone(live: Any) -> None:
    async def scenario(server: Any) -> None:
        await server.put_camera(CAMERA, version=2, live_from_us=seconds_ago_us(20))
        async with server.watch(make_hello(CAMERA, token=make_token(CAMERA, seconds=LIVE_TOKEN_S - 10))) as socket:
            newest = await server.put_frame()
            assert (await receive_frame(socket))[1] == newest

    live(scenario)
