"""`may` decides every access."""

import pytest

from api_server.access.permission import Action, CameraFacts, may, may_on_any
from api_server.access.subject import Role, Subject

ADMIN = Subject("usr-a", "admin", Role.ADMIN)
ANN = Subject("usr-ann", "ann", Role.OPERATOR)
HERS = CameraFacts("cam-hers", "usr-ann")
HIS = CameraFacts("cam-his", "usr-bob")
ORPHAN = CameraFacts("cam-orphan", "")
GENERAL = (Action.CAMERA_CREATE, Action.RECORDING_UPLOAD)
ON_CAMERAS = [action for action in Action if action not in GENERAL]


@pytest.mark.parametrize("action", ON_CAMERAS)
def test_may_admin_on_any_camera(action: Action) -> None:
    assert may(ADMIN, action, HIS)
    assert may(ADMIN, action, ORPHAN)
    assert may_on_any(ADMIN, action)


@pytest.mark.parametrize("action", ON_CAMERAS)
def test_may_operator_on_own_camera_alone(action: Action) -> None:
    assert may(ANN, action, HERS)
    assert not may(ANN, action, HIS)
    assert not may(ANN, action, ORPHAN)
    assert not may_on_any(ANN, action)


@pytest.mark.parametrize("action", ON_CAMERAS)
def test_may_without_camera_denies_what_concerns_one(action: Action) -> None:
    assert not may(ADMIN, action, None)
    assert not may(ANN, action, None)


def test_may_nobody_owns_cameras_of_nobody() -> None:
    assert not may(Subject("", "ghost", Role.OPERATOR), Action.CAMERA_VIEW, ORPHAN)


def test_may_unknown_role_denies_everything() -> None:
    stranger = Subject("usr-x", "x", "auditor")  # type: ignore[arg-type]
    assert not any(may(stranger, action, camera) for action in Action for camera in (HERS, HIS, None))


def test_may_creating_and_uploading_concern_no_camera() -> None:
    for action in GENERAL:
        assert may(ANN, action, None)
        assert not may(ANN, action, HIS)
