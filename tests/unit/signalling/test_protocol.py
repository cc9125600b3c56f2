"""Messages of the live WebSocket."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.detection import Detection
from signalling.protocol import CAMERAS_MAX, DEFAULT_FPS, MAX_FPS, BadHello, frame_message, parse_hello

CAMERA = "cam-aaaaaaaaaa"


def hello_text(**fields: object) -> str:
    return json.dumps({"token": "t", "cameras": [CAMERA], **fields})


def test_hello_takes_defaults_and_the_limit_of_the_server() -> None:
    assert parse_hello(hello_text()).max_fps == DEFAULT_FPS
    assert parse_hello(hello_text(max_fps=500)).max_fps == MAX_FPS
    assert parse_hello(hello_text(max_fps=0.5)).max_fps == 0.5
    assert parse_hello(hello_text(of_a_newer_page=True)).cameras == (CAMERA,)


def test_hello_names_a_camera_once() -> None:
    assert parse_hello(hello_text(cameras=[CAMERA, "demo-cars", CAMERA])).cameras == (CAMERA, "demo-cars")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        hello_text(token=None),
        hello_text(token="x" * 9000),
        hello_text(cameras=[]),
        hello_text(cameras=CAMERA),
        hello_text(cameras=[1]),
        hello_text(cameras=[f"cam-{n}" for n in range(CAMERAS_MAX + 1)]),
        hello_text(max_fps=0),
        hello_text(max_fps=-1),
        hello_text(max_fps=float("nan")),
        hello_text(max_fps="x"),
    ],
)
def test_hello_that_is_wrong_is_refused_without_echo(text: str) -> None:
    with pytest.raises(BadHello) as refused:
        parse_hello(text)
    assert "xxx" not in str(refused.value)


@given(st.text())
def test_hello_of_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(BadHello):
        parse_hello(text)


def test_frame_message_is_what_the_protocol_says() -> None:
    found = Detection(box=(1, 2, 3, 4), kind="face", score=0.5, label="happy")
    text = frame_message(CAMERA, 17, 18, (640, 480), {"emotion": (found,), "license_plate": ()})
    assert json.loads(text) == {
        "type": "frame",
        "camera": CAMERA,
        "captured_us": 17,
        "log_ms": 18,
        "width": 640,
        "height": 480,
        "detections": {
            "emotion": [{"box": [1, 2, 3, 4], "kind": "face", "score": 0.5, "label": "happy"}],
            "license_plate": [],
        },
    }
