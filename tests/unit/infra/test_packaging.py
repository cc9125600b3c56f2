"""The lock files: complete, hashed, of one mind, and without a package index."""

import re

import pytest

from infra.native.layout import REQUIREMENTS
from infra.native.locks import LOCKS

NAMES = ["complete", *LOCKS]


def pins(name: str) -> dict[str, str]:
    """Package to `version ; marker`."""
    text = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(.+?)(?: \\)?$", text, flags=re.MULTILINE))


@pytest.mark.parametrize("name", [*NAMES, "mediapipe"])
def test_lock_names_no_index_and_no_machine(name: str) -> None:
    text = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")
    assert not re.search(r"https?://|--(extra-)?index|--find-links|--trusted|^[^#]*\s/", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", [*NAMES, "mediapipe"])
def test_lock_has_a_hash_for_every_package(name: str) -> None:
    text = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=[A-Za-z0-9])", text) if "==" in entry and not entry.startswith("#")]
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize("name", LOCKS)
def test_lock_agrees_with_the_complete_one(name: str) -> None:
    complete = {package: version.split(" ;")[0] for package, version in pins("complete").items()}
    for package, version in pins(name).items():
        assert version.split(" ;")[0] == complete[package]


@pytest.mark.parametrize("name", NAMES)
def test_lock_leaves_out_what_must_never_come_in(name: str) -> None:
    assert not {"torch", "tensorflow", "opencv-python", "opencv-contrib-python", "mediapipe"} & pins(name).keys() - {
        package for package, version in pins(name).items() if "'never'" in version
    }


def test_consumers_lock_has_headless_opencv_below_5() -> None:
    assert pins("consumers")["opencv-python-headless"].startswith("4.")
