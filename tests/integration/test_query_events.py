"""Streams of events on the real server: few, their places come back, and they do not hold its end up."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from api_server.http.event_stream import STREAMS_PER_USER
from tests.integration.api_system import ApiSystem, open_system
from tests.support.service_process import wait_until
from tests.unit.api_server.world import recorder_sidecar

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def system(service_variables: dict[str, str], tmp_path: Path) -> Iterator[ApiSystem]:
    with open_system(service_variables, tmp_path) as opened:
        yield opened


def first_event(stream: httpx.Response) -> str:
    for line in stream.iter_lines():
        if line.startswith("data: "):
            return line
    raise AssertionError("the stream ended")


def test_streams_are_few_their_places_come_back_and_they_end_with_the_server(system: ApiSystem) -> None:
    system.start()
    admin = system.sign_in()
    camera = admin.post("/v1/cameras", json={"name": "Gate"}).json()["id"]
    sidecar = recorder_sidecar(camera)
    event = system.put_clip(sidecar)
    system.announce(event)
    system.wait_listed(admin, event.clip_id)
    span = {"from": sidecar.start_ms, "to": sidecar.start_ms + sidecar.length_ms}
    asked = admin.post("/v1/queries", json={"camera": camera, "analysis": "license_plate", **span})
    assert asked.status_code == 202, asked.text
    path = f"/v1/queries/{asked.json()['id']}/events"

    with ExitStack() as streams:
        for _ in range(STREAMS_PER_USER - 1):
            assert "received" in first_event(streams.enter_context(admin.stream("GET", path)))
        with admin.stream("GET", path) as last:
            assert last.headers["content-type"].startswith("text/event-stream")
            assert "received" in first_event(last)
            refused = admin.get(path)
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
            assert admin.get("/v1/queries").status_code == 200

        def is_free() -> bool:
            with admin.stream("GET", path) as again:
                return again.status_code == 200

        wait_until(is_free, "a page that was left gives its place back")
        with httpx.Client(base_url=system.url, cookies=admin.cookies, timeout=60) as other:
            wait_until(lambda: other.get("/v1/session").status_code == 200, "the server answers")
        assert system.api.stop() == 0
    assert "Traceback" not in system.api.log, system.api.log
