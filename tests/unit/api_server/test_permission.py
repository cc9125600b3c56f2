"""`may` decides every access."""

import itertools

import pytest

from api_server.access.permission import Action, CameraFacts, may, may_on_any, may_on_own, takes_grants
from api_server.access.subject import Right, Role, Scope, Subject

ADMIN = Subject("usr-a", "admin", Role.ADMIN)
ANN = Subject("usr-ann", "ann", Role.OPERATOR)
HERS = CameraFacts("cam-hers", "usr-ann")
HIS = CameraFacts("cam-his", "usr-bob")
ORPHAN = CameraFacts("cam-orphan", "")
MAKING = {Action.CAMERA_CREATE, Action.RECORDING_UPLOAD, Action.PICTURE_ANALYZE, Action.EXPORT_CREATE}
GENERAL = (*MAKING, Action.USER_MANAGE, Action.AUDIT_VIEW)
ON_CAMERAS = [action for action in Action if action not in GENERAL]
VIEWING = {
    Action.CAMERA_VIEW,
    Action.LIVE_WATCH,
    Action.CLIP_VIEW,
    Action.STATUS_VIEW,
    Action.RECORDING_VIEW,
    Action.QUERY_VIEW,
}
OPERATING = VIEWING | {Action.CAMERA_EDIT, Action.QUERY_ASK, Action.QUERY_CANCEL, Action.QUERY_DELETE}


def granted(role: Role, right: Right) -> Subject:
    return Subject("usr-ann", "ann", role, {"cam-his": right})


def allowed(subject: Subject, camera: CameraFacts | None) -> set[Action]:
    return {action for action in Action if may(subject, action, camera)}


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
    stranger = Subject("usr-x", "x", "guest", {"cam-his": Right.OPERATE})  # type: ignore[arg-type]
    assert not any(may(stranger, action, camera) for action in Action for camera in (HERS, HIS, None))


@pytest.mark.parametrize(
    ("role", "general"),
    [
        (Role.ADMIN, set(GENERAL)),
        (Role.OPERATOR, MAKING),
        (Role.VIEWER, set()),
        (Role.AUDITOR, {Action.AUDIT_VIEW}),
    ],
)
def test_may_what_concerns_no_camera_goes_by_role(role: Role, general: set[Action]) -> None:
    subject = Subject("usr-ann", "ann", role, {"cam-his": Right.OPERATE})
    assert allowed(subject, None) == general
    assert not any(may(subject, action, camera) for action in general for camera in (HIS, HERS))


@pytest.mark.parametrize(
    ("role", "right", "actions"),
    [
        (Role.OPERATOR, Right.VIEW, VIEWING),
        (Role.OPERATOR, Right.OPERATE, OPERATING),
        (Role.VIEWER, Right.VIEW, VIEWING),
        (Role.VIEWER, Right.OPERATE, VIEWING),
        (Role.AUDITOR, Right.OPERATE, set()),
        (Role.AUDITOR, Right.VIEW, set()),
    ],
)
def test_may_grant_allows_what_the_role_can_have(role: Role, right: Right, actions: set[Action]) -> None:
    assert allowed(granted(role, right), HIS) == actions
    assert allowed(granted(role, right), ORPHAN) == set()
    assert not any(may_on_any(granted(role, right), action) for action in Action)


def test_may_grant_never_reaches_what_hangs_on_no_camera() -> None:
    trick = Subject("usr-ann", "ann", Role.OPERATOR, {"": Right.OPERATE})
    assert not may(trick, Action.RECORDING_VIEW, CameraFacts("", "usr-bob"))


def test_may_who_owned_cameras_and_became_a_viewer_looks_at_them() -> None:
    assert allowed(Subject("usr-ann", "ann", Role.VIEWER), HERS) == VIEWING
    assert allowed(Subject("usr-ann", "ann", Role.AUDITOR), HERS) == set()
    assert may_on_own(Subject("usr-ann", "ann", Role.VIEWER), Action.RECORDING_VIEW)
    assert not may_on_own(Subject("usr-ann", "ann", Role.AUDITOR), Action.RECORDING_VIEW)


SCOPES = [(), *((scope,) for scope in Scope), tuple(Scope)]


@pytest.mark.parametrize(("role", "scopes"), list(itertools.product(Role, SCOPES)))
def test_may_token_allows_no_more_than_its_owner(role: Role, scopes: tuple[Scope, ...]) -> None:
    person = Subject("usr-ann", "ann", role, {"cam-his": Right.OPERATE})
    token = Subject("usr-ann", "ann", role, {"cam-his": Right.OPERATE}, frozenset(scopes), "tok-1")
    for camera in (HERS, HIS, ORPHAN, None):
        assert allowed(token, camera) <= allowed(person, camera)
        if set(scopes) == set(Scope):
            assert allowed(person, camera) - allowed(token, camera) <= {Action.USER_MANAGE}
        if not scopes:
            assert allowed(token, camera) == set()


def test_may_token_of_one_scope_does_that_alone() -> None:
    reader = Subject("usr-a", "admin", Role.ADMIN, {}, frozenset({Scope.READ}), "tok-1")
    assert allowed(reader, HIS) == VIEWING
    assert allowed(reader, None) == set()
    assert may_on_any(reader, Action.CLIP_VIEW)
    assert not may_on_any(reader, Action.CLIP_DELETE)


def test_takes_grants_names_the_rights_that_mean_something() -> None:
    assert takes_grants(Role.OPERATOR) == {Right.VIEW, Right.OPERATE}
    assert takes_grants(Role.VIEWER) == {Right.VIEW}
    assert takes_grants(Role.ADMIN) == takes_grants(Role.AUDITOR) == set()
