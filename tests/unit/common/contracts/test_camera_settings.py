"""A camera's settings."""

from typing import Any

import pytest

from common.contracts.camera_settings import AnalysisSettings, CameraSettings, Purpose
from common.contracts.frame import AnalysisRequest, Policy

EXPIRES_US = 1_000_000
CAMERA = CameraSettings(
    camera="demo-face",
    version=1,
    name="Door",
    owner="user-1",
    token_hashes=("0" * 64,),
    partition=3,
    analyses=(
        AnalysisSettings(name="recorder"),
        AnalysisSettings(name="emotion"),
        AnalysisSettings(name="license_plate", every_ms=250),
        AnalysisSettings(name="objects"),
    ),
    emotion_purpose=Purpose(text="demonstration", expires_us=EXPIRES_US),
)


def test_settings_round_trip() -> None:
    assert CameraSettings.model_validate_json(CAMERA.to_json()) == CAMERA


def test_defaults_are_those_of_a_new_camera() -> None:
    assert (CAMERA.clip_ms, CAMERA.policy) == (60_000, Policy.EVERY_FRAME)


def test_requests_carry_the_search_interval_of_camera_or_analysis() -> None:
    assert CAMERA.allowed_requests(0) == (
        AnalysisRequest("recorder"),
        AnalysisRequest("emotion", 100),
        AnalysisRequest("license_plate", 250),
        AnalysisRequest("objects", 200),
    )


@pytest.mark.parametrize(("now_us", "allowed"), [(EXPIRES_US - 1, True), (EXPIRES_US, False), (EXPIRES_US + 1, False)])
def test_emotion_is_allowed_until_its_purpose_expires(now_us: int, allowed: bool) -> None:
    assert any(r.name == "emotion" for r in CAMERA.allowed_requests(now_us)) is allowed


def test_emotion_without_purpose_is_never_allowed() -> None:
    bare = CAMERA.model_copy(update={"emotion_purpose": None})
    assert [r.name for r in bare.allowed_requests(0)] == ["recorder", "license_plate", "objects"]


def test_recognition_is_allowed_by_its_own_purpose_alone() -> None:
    faces = CAMERA.model_copy(update={"analyses": (AnalysisSettings(name="recognition"),)})
    assert faces.allowed_requests(0) == ()
    stated = faces.model_copy(update={"recognition_purpose": Purpose(text="my family", expires_us=EXPIRES_US)})
    assert stated.allowed_requests(0) == (AnalysisRequest("recognition", 200),)
    assert stated.allowed_requests(EXPIRES_US) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"camera": "Demo"},
        {"camera": "demo\n"},
        {"version": 0},
        {"partition": -1},
        {"clip_ms": 1_999},
        {"clip_ms": 300_001},
        {"policy": "sometimes"},
        {"analyses": [{"name": "../x"}]},
        {"analyses": [{"name": "emotion", "every_ms": 0}]},
        {"emotion_purpose": {"text": "", "expires_us": 1}},
    ],
)
def test_settings_out_of_bounds_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        CameraSettings.model_validate(CAMERA.model_dump(mode="json") | changes)
