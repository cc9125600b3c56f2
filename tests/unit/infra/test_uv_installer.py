"""uv is told what pip is told; without uv, or when it fails, pip is asked."""

import subprocess
from pathlib import Path

import pytest

from infra.native import packages, uv_installer
from infra.native.packages import locked_names
from infra.native.uv_installer import UV_LOCK, install_with_uv, translate


def test_settings_of_pip_are_those_of_uv(tmp_path: Path) -> None:
    listing = "\n".join(
        [
            ":env:.index-url='https://env.example/simple'",
            f":env:.find-links='{tmp_path} {tmp_path}/gone https://wheels.example/'",
            "global.cert='/etc/a certificate.pem'",
            "global.extra-index-url='https://one.example https://two.example'",
            "global.index-url='https://file.example/simple'",
            "global.no-cache-dir='false'",
            "wheel.timeout='7'",
        ]
    )
    assert translate(listing) == {
        "UV_DEFAULT_INDEX": "https://env.example/simple",
        "UV_FIND_LINKS": f"{tmp_path},https://wheels.example/",
        "SSL_CERT_FILE": "/etc/a certificate.pem",
        "UV_INDEX": "https://one.example https://two.example",
    }


def test_folder_of_wheels_that_is_not_there_is_not_named(tmp_path: Path) -> None:
    assert translate(f"global.find-links='{tmp_path}/gone'") == {}


def test_uv_is_locked_with_hashes() -> None:
    assert locked_names(UV_LOCK) == {"uv"}
    assert "--hash=sha256:" in UV_LOCK.read_text(encoding="utf-8")


def stand_in(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_uv_that_fails_says_why_and_leaves_it_to_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = stand_in(tmp_path / "uv", "echo 'error: no such wheel' >&2; exit 2")
    monkeypatch.setattr(uv_installer, "UV", uv)
    monkeypatch.setattr(uv_installer, "is_uv_there", lambda: True)
    monkeypatch.setattr(uv_installer, "uv_variables", dict)
    told: list[str] = []
    assert not install_with_uv(tmp_path / "lock.txt", told.append)
    (line,) = told
    assert "no such wheel" in line
    assert "pip does it" in line


def test_uv_that_installs_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = stand_in(tmp_path / "uv", "echo 'Installed 3 packages in 1s' >&2; echo ' + a==1' >&2")
    monkeypatch.setattr(uv_installer, "UV", uv)
    monkeypatch.setattr(uv_installer, "is_uv_there", lambda: True)
    monkeypatch.setattr(uv_installer, "uv_variables", dict)
    told: list[str] = []
    assert install_with_uv(tmp_path / "lock.txt", told.append)
    assert told == ["Installed 3 packages in 1s"]


def test_environment_without_uv_is_made_by_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(packages, "venv_matches", lambda: True)
    monkeypatch.setattr(packages, "VENV_PYTHON", stand_in(tmp_path / "python", "exit 0"))
    monkeypatch.setattr(packages, "install_with_uv", lambda lock, tell: False)
    monkeypatch.setattr(packages, "install", lambda file, progress: asked.append(file))
    monkeypatch.setattr(packages, "remove_strangers", lambda: None)
    packages.make_environment()
    assert len(asked) == packages.PARTS


def test_machine_without_uv_in_its_index_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uv_installer, "VENV_PYTHON", stand_in(tmp_path / "python", "exit 1"))
    assert not uv_installer.is_uv_there()

    def slow(*_arguments: object, **_options: object) -> None:
        raise subprocess.TimeoutExpired("pip", 1)

    monkeypatch.setattr(subprocess, "run", slow)
    assert not uv_installer.is_uv_there()
