"""Which demo cameras run, and their tokens."""

import json
from pathlib import Path

import pytest

from common.contracts.identity import is_camera_id, is_token
from infra.native.demo import DemoCamera, camera_commands, choose_cameras, demo_tokens
from infra.native.layout import VarFolder
from infra.native.settings import SystemSettings, read_settings


def system_of(folder: Path, **variables: str) -> SystemSettings:
    var = VarFolder(folder)
    var.create()
    return read_settings(variables, var=var)


@pytest.mark.parametrize(
    ("variables", "ids"),
    [
        ({}, ["demo-face", "demo-cars"]),
        ({"DEMO": "0"}, []),
        ({"CAMERAS": "0"}, []),
        ({"CAMERAS": "1"}, ["demo-face"]),
        ({"CAMERAS": "5"}, ["demo-face", "demo-cars", "demo-face-2", "demo-cars-2", "demo-face-3"]),
    ],
)
def test_choose_cameras_follows_the_variables(tmp_path: Path, variables: dict[str, str], ids: list[str]) -> None:
    cameras = choose_cameras(system_of(tmp_path, **variables))
    assert [camera.camera_id for camera in cameras] == ids
    assert all(is_camera_id(camera.camera_id) for camera in cameras)


def test_choose_cameras_with_a_video_plays_it(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"")
    assert choose_cameras(system_of(tmp_path, VIDEO=str(film))) == (DemoCamera("demo-video", str(film)),)
    assert len(choose_cameras(system_of(tmp_path, VIDEO=str(film), CAMERAS="3"))) == 3


def test_demo_tokens_are_made_once_valid_and_private(tmp_path: Path) -> None:
    system = system_of(tmp_path)
    first = demo_tokens(system.var, choose_cameras(system))
    more = demo_tokens(system.var, choose_cameras(system_of(tmp_path, CAMERAS="3")))
    assert {name: more[name] for name in first} == first
    assert set(more) == {"demo-face", "demo-cars", "demo-face-2"}
    assert all(is_token(token) for token in more.values())
    assert system.var.demo_cameras.stat().st_mode & 0o777 == 0o600
    assert json.loads(system.var.demo_cameras.read_text())["demo-face"] == {"token": first["demo-face"]}


def test_camera_commands_keep_the_token_off_the_command_line(tmp_path: Path) -> None:
    system = system_of(tmp_path)
    tokens = demo_tokens(system.var, choose_cameras(system))
    commands = camera_commands(system, choose_cameras(system))
    assert [command.name for command in commands] == ["demo-face", "demo-cars"]
    for command in commands:
        assert not set(tokens.values()) & set(command.words)
        place = command.words[command.words.index("--token-file") + 1]
        assert Path(place).read_text().strip() == tokens[command.name]
