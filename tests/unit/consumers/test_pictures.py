"""The process that looks at single pictures."""

import http.client
import json
import time
import urllib.request
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from common.contracts.picture_call import (
    JPEG,
    JSON,
    OPTIONS_HEADER,
    PICTURE_MAX_BYTES,
    PNG,
    SIGNATURE_HEADER,
    PictureCall,
)
from common.metrics import Metrics
from consumers.pictures.desk import PictureDesk
from consumers.pictures.server import PictureServer
from consumers.pipeline.still import NotAPicture, decode_still
from tests.unit.pipeline.making import make_jpeg, make_picture

KEY = b"k" * 32
SPOT = make_jpeg(make_picture(spot=(16, 16)))


@pytest.fixture
def server(bright: str) -> Iterator[PictureServer]:
    server = PictureServer("127.0.0.1", 0, PictureDesk(), KEY, Metrics())
    server.start()
    yield server
    server.stop()


def call(
    server: PictureServer, made: PictureCall, key: bytes = KEY, expires_s: int | None = None
) -> tuple[int, str, bytes]:
    expires_s = int(time.time()) + 30 if expires_s is None else expires_s
    headers = {
        SIGNATURE_HEADER: made.signed(key, expires_s),
        OPTIONS_HEADER: made.options,
        "Accept": made.accept,
    }
    return send(server, f"/v1/pictures/{made.analysis}", made.body, headers)


def send(server: PictureServer, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()
    finally:
        connection.close()


def test_pictures_found_as_json(server: PictureServer) -> None:
    status, kind, body = call(server, PictureCall("bright", "{}", JSON, SPOT))
    found = json.loads(body)
    assert (status, kind) == (200, JSON)
    assert (found["width"], found["height"], found["model"]["name"]) == (64, 48, "bright")
    assert [d["box"] for d in found["detections"]] == [[16, 16, 12, 12]]


@pytest.mark.parametrize("accept", [JPEG, PNG])
def test_pictures_drawn_is_the_same_picture_with_boxes(server: PictureServer, accept: str) -> None:
    status, kind, body = call(server, PictureCall("bright", "{}", accept, SPOT))
    drawn = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    assert drawn is not None
    assert (status, kind, drawn.shape) == (200, accept, (48, 64, 3))
    assert np.abs(drawn.astype(int) - make_picture(spot=(16, 16))).max() > 60


def test_pictures_less_sure_than_asked_for_are_left_out(server: PictureServer) -> None:
    _, _, body = call(server, PictureCall("bright", '{"min_confidence": 0.95}', JSON, SPOT))
    assert json.loads(body)["detections"] == []


@pytest.mark.parametrize(
    ("made", "key", "lives_s"),
    [
        (PictureCall("bright", "{}", JSON, SPOT), b"x" * 32, 30),
        (PictureCall("bright", "{}", JSON, SPOT), KEY, -1),
        (PictureCall("bright", "{}", JSON, SPOT), KEY, 10_000),
    ],
)
def test_pictures_call_not_signed_by_us_or_too_old_is_refused(
    server: PictureServer, made: PictureCall, key: bytes, lives_s: int
) -> None:
    status, _, body = call(server, made, key, int(time.time()) + lives_s)
    assert (status, json.loads(body)["code"]) == (403, "not_signed")


@pytest.mark.parametrize("signature", ["", ".", "1.2", "99999999999999999.a", "x.y"])
def test_pictures_call_with_a_strange_signature_is_refused(server: PictureServer, signature: str) -> None:
    status, _, _ = send(server, "/v1/pictures/bright", SPOT, {SIGNATURE_HEADER: signature})
    assert status == 403


def test_pictures_signature_covers_everything_that_is_said() -> None:
    made = PictureCall("bright", "{}", JSON, SPOT)
    header = made.signed(KEY, 1_000)
    assert made.is_signed(header, KEY, 990.0)
    for other in (
        PictureCall("emotion", "{}", JSON, SPOT),
        PictureCall("bright", '{"a": 1}', JSON, SPOT),
        PictureCall("bright", "{}", JPEG, SPOT),
        PictureCall("bright", "{}", JSON, SPOT + b" "),
    ):
        assert not other.is_signed(header, KEY, 990.0)


@pytest.mark.parametrize(
    ("analysis", "body", "status", "code"),
    [
        ("bright", b"no picture", 422, "not_jpeg"),
        ("nonsense", SPOT, 409, "not_available"),
        ("recorder", SPOT, 409, "not_available"),
        ("bright", make_jpeg(np.zeros((8, 8, 3), np.uint8)), 500, "internal"),
    ],
)
def test_pictures_refusals_are_sentences(
    server: PictureServer, analysis: str, body: bytes, status: int, code: str
) -> None:
    answered, _, said = call(server, PictureCall(analysis, "{}", JSON, body))
    problem = json.loads(said)
    assert (answered, problem["code"]) == (status, code)
    assert problem["message"].endswith(".")


def test_pictures_body_that_is_too_long_is_not_read(server: PictureServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.putrequest("POST", "/v1/pictures/bright")
    connection.putheader("Content-Length", str(PICTURE_MAX_BYTES + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_pictures_ready_and_nothing_else_to_see(server: PictureServer) -> None:
    for path, status in (("/readyz", 200), ("/livez", 200), ("/", 404)):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", path)
        assert connection.getresponse().status == status
        connection.close()


@pytest.mark.parametrize("ending", [".jpg", ".png"])
def test_still_picture_is_decoded(ending: str) -> None:
    data = cv2.imencode(ending, make_picture(40, 30))[1].tobytes()
    assert decode_still(data).shape == (30, 40, 3)


def test_still_of_another_size_than_it_claims_is_refused() -> None:
    data = bytearray(cv2.imencode(".png", make_picture(40, 30))[1].tobytes())
    data[16:20] = (9).to_bytes(4, "big")
    with pytest.raises(NotAPicture):
        decode_still(bytes(data))


def test_metrics_count_what_was_asked(server: PictureServer) -> None:
    send(server, "/v1/pictures/bright", SPOT, {})
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    assert 'lookout_pictures_total{outcome="not_signed"} 1.0' in text
