"""What the person at the terminal reads at the end of the start."""

import signal
from pathlib import Path

import pytest

from infra.native.launcher import Stopped, StopSignals, box
from infra.native.layout import VarFolder
from infra.native.settings import read_settings
from infra.native.stack import Stack


def stack_of(folder: Path, **variables: str) -> Stack:
    var = VarFolder(folder)
    var.create()
    return Stack(read_settings(variables, var=var))


def test_box_names_address_user_password_and_a_complete_curl_line(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, LOOKOUT_PAGE_PORT="8123")
    stack.system.var.first_admin.write_text("admin s3cret\n")
    text = box(stack, 42.0)
    assert "http://127.0.0.1:8123" in text
    assert "admin" in text
    assert "s3cret" in text
    assert f"Bearer {stack.demo_tokens['demo-face']}" in text
    assert "http://127.0.0.1:8080/v1/cameras/demo-face/frames" in text


def test_box_after_the_password_was_changed_says_how_to_get_a_new_one(tmp_path: Path) -> None:
    assert "make password" in box(stack_of(tmp_path), 1.0)


def test_box_without_demo_points_to_the_page(tmp_path: Path) -> None:
    text = box(stack_of(tmp_path, DEMO="0"), 1.0)
    assert "add a camera on the page" in text
    assert "Bearer" not in text


def test_signals_first_asks_and_second_kills(capsys: pytest.CaptureFixture[str]) -> None:
    killed: list[int] = []
    signals = StopSignals()
    signals.kill_now = lambda: killed.append(1)
    signals.raise_if_asked()
    signals._handle(signal.SIGINT, None)
    assert signals.asked.is_set()
    assert not killed
    with pytest.raises(Stopped):
        signals.raise_if_asked()
    signals._handle(signal.SIGINT, None)
    assert killed == [1]
