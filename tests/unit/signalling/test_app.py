"""The newest picture over HTTP, health, and who may ask."""

import asyncio
from typing import Any

import pytest

from signalling import newest
from tests.unit.signalling.conftest import CAMERA, OTHER, make_token, open_live


async def get(server: Any, path: str, token: str | None = None, **headers: str) -> tuple[int, Any, Any]:
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with server.client.get(server.url(path), headers=headers) as answer:
        body = await answer.read() if answer.content_type != "application/json" else await answer.json()
        return answer.status, body, answer.headers


def test_picture_is_the_newest_jpeg(live: Any) -> None:
    async def scenario(server: Any) -> None:
        await server.put_frame()
        newest = await server.put_frame()
        status, body, headers = await get(server, f"/v1/cameras/{CAMERA}/picture", make_token(CAMERA))
        assert (status, body, headers["Content-Type"]) == (200, newest, "image/jpeg")
        assert headers["Cache-Control"] == "no-store"
        assert int(headers["X-Lookout-Captured-At"]) > 0

    live(scenario)


@pytest.mark.parametrize(
    ("camera", "token", "status", "code"),
    [
        (CAMERA, None, 401, "bad_token"),
        (CAMERA, "x.y", 401, "bad_token"),
        (CAMERA, make_token(CAMERA, seconds=-1), 401, "bad_token"),
        (CAMERA, make_token(CAMERA, key="another-signing-key"), 401, "bad_token"),
        (CAMERA, make_token(OTHER), 404, "no_picture"),
        (OTHER, make_token(OTHER), 404, "no_picture"),
        ("cam-zzzzzzzzzz", make_token("cam-zzzzzzzzzz"), 404, "no_picture"),
    ],
)
def test_picture_without_right_or_picture_is_refused(
    live: Any, camera: str, token: str | None, status: int, code: str
) -> None:
    async def scenario(server: Any) -> None:
        await server.put_frame(CAMERA)
        answer = await get(server, f"/v1/cameras/{camera}/picture", token)
        assert (answer[0], answer[1]["code"]) == (status, code)

    live(scenario)


def test_picture_that_is_too_old_is_404(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(server: Any) -> None:
        await server.put_frame()
        monkeypatch.setattr(newest, "PICTURE_MAX_AGE_S", -1.0)
        assert (await get(server, f"/v1/cameras/{CAMERA}/picture", make_token(CAMERA)))[0] == 404

    live(scenario)


def test_picture_may_be_fetched_by_our_page_and_by_no_other(live: Any) -> None:
    async def scenario(server: Any) -> None:
        await server.put_frame()
        path, token = f"/v1/cameras/{CAMERA}/picture", make_token(CAMERA)
        ours = "http://127.0.0.1:8000"
        status, _, headers = await get(server, path, token, Origin=ours)
        assert (status, headers["Access-Control-Allow-Origin"]) == (200, ours)
        async with server.client.options(server.url(path), headers={"Origin": ours}) as preflight:
            assert preflight.status == 204
            assert preflight.headers["Access-Control-Allow-Headers"] == "Authorization"
        status, body, headers = await get(server, path, token, Origin="http://evil.example")
        assert (status, body["code"]) == (403, "foreign_origin")
        assert "Access-Control-Allow-Origin" not in headers

    live(scenario)


def test_health_and_metrics_answer(live: Any) -> None:
    async def scenario(server: Any) -> None:
        assert (await get(server, "/livez"))[:2] == (200, {"status": "ok"})
        assert (await get(server, "/readyz"))[:2] == (200, {"status": "ok"})
        status, body, _ = await get(server, "/metrics")
        assert status == 200
        assert b"lookout_live_viewers 0.0" in body

    live(scenario)


def test_readiness_says_what_is_missing() -> None:
    async def scenario() -> None:
        async with open_live(has_topics=False) as server:
            status, body, _ = await get(server, "/readyz")
            assert (status, body["status"]) == (503, "unavailable")
            assert body["message"].endswith(".")
            token = make_token(CAMERA)
            assert (await get(server, f"/v1/cameras/{CAMERA}/picture", token))[1]["code"] == "not_ready"

    asyncio.run(scenario())


def test_other_addresses_and_mistakes_answer_json(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(server: Any) -> None:
        assert (await get(server, "/nothing"))[1]["code"] == "not_found"
        assert (await get(server, "/v1/live"))[1]["code"] == "websocket_only"
        async with server.client.post(server.url("/livez")) as answer:
            assert (answer.status, (await answer.json())["code"]) == (405, "method_not_allowed")
        monkeypatch.setattr(server.service.newest, "picture", lambda _: 1 / 0)
        status, body, _ = await get(server, f"/v1/cameras/{CAMERA}/picture", make_token(CAMERA))
        assert (status, body["code"]) == (500, "internal_error")
        assert "ZeroDivision" not in body["message"]

    live(scenario)
