"""The one function that decides every access, and the table it reads. Denied unless the table says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from api_server.access.subject import Right, Role, Scope, Subject


class Action(StrEnum):
    """Everything that can be done. A new route either uses one of these or adds one here and to the table."""

    CAMERA_CREATE = "camera.create"
    CAMERA_VIEW = "camera.view"
    CAMERA_EDIT = "camera.edit"
    CAMERA_PURPOSE = "camera.purpose"
    CAMERA_TOKEN = "camera.token"  # noqa: S105  the name of an action
    CAMERA_DELETE = "camera.delete"
    LIVE_WATCH = "live.watch"
    CLIP_VIEW = "clip.view"
    CLIP_DELETE = "clip.delete"
    CLIP_HOLD = "clip.hold"
    CLIP_SHARE = "clip.share"
    STATUS_VIEW = "status.view"
    RECORDING_UPLOAD = "recording.upload"
    RECORDING_VIEW = "recording.view"
    RECORDING_DELETE = "recording.delete"
    QUERY_ASK = "query.ask"
    QUERY_VIEW = "query.view"
    QUERY_CANCEL = "query.cancel"
    QUERY_DELETE = "query.delete"
    PICTURE_ANALYZE = "picture.analyze"
    EXPORT_CREATE = "export.create"
    EXPORT_VIEW = "export.view"
    EXPORT_DELETE = "export.delete"
    USER_MANAGE = "user.manage"
    AUDIT_VIEW = "audit.view"


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """What decisions need to know of a camera. `owner`: a user id, empty when nobody owns it any more. An upload, which
    hangs on no camera, is decided by its owner like a camera: its `camera_id` is empty."""

    camera_id: str
    owner: str


_VIEWING = frozenset(
    {
        Action.CAMERA_VIEW,
        Action.LIVE_WATCH,
        Action.CLIP_VIEW,
        Action.STATUS_VIEW,
        Action.RECORDING_VIEW,
        Action.QUERY_VIEW,
    }
)
"""What the right `view` on a camera allows."""
_OPERATING = _VIEWING | {Action.CAMERA_EDIT, Action.QUERY_ASK, Action.QUERY_CANCEL, Action.QUERY_DELETE}
"""What the right `operate` allows. Nothing that takes footage away, lets emotion be analysed or makes a token."""
_OWNING = _OPERATING | {
    Action.CAMERA_PURPOSE,
    Action.CAMERA_TOKEN,
    Action.CAMERA_DELETE,
    Action.CLIP_DELETE,
    Action.CLIP_HOLD,
    Action.CLIP_SHARE,
    Action.RECORDING_DELETE,
    Action.EXPORT_VIEW,
    Action.EXPORT_DELETE,
}
"""What the owner of a camera, an upload or an export may do with it."""
_MAKING = frozenset({Action.CAMERA_CREATE, Action.RECORDING_UPLOAD, Action.PICTURE_ANALYZE, Action.EXPORT_CREATE})
"""What hangs on no camera and makes something of one's own."""
_NOTHING: frozenset[Action] = frozenset()


@dataclass(frozen=True, slots=True)
class _Rights:
    """What a role may do: at all, on every camera, on those they own, and by right on those they are granted."""

    general: frozenset[Action] = _NOTHING
    everywhere: frozenset[Action] = _NOTHING
    own: frozenset[Action] = _NOTHING
    granted: Mapping[Right, frozenset[Action]] = field(default_factory=dict)


_RIGHTS: Mapping[Role, _Rights] = {
    Role.ADMIN: _Rights(
        general=_MAKING | {Action.USER_MANAGE, Action.AUDIT_VIEW},
        everywhere=_OWNING,
        own=_OWNING,
    ),
    Role.OPERATOR: _Rights(
        general=_MAKING,
        own=_OWNING,
        granted={Right.VIEW: _VIEWING, Right.OPERATE: _OPERATING},
    ),
    # Somebody who was an operator before may own cameras still.
    Role.VIEWER: _Rights(own=_VIEWING, granted={Right.VIEW: _VIEWING, Right.OPERATE: _VIEWING}),
    Role.AUDITOR: _Rights(general=frozenset({Action.AUDIT_VIEW})),
}
_SCOPES: Mapping[Scope, frozenset[Action]] = {
    Scope.READ: _VIEWING,
    Scope.OPERATE: (_OPERATING - _VIEWING) | _MAKING,
    Scope.MANAGE: _OWNING - _OPERATING,
    Scope.AUDIT: frozenset({Action.AUDIT_VIEW}),
}
"""What is in no scope no token can do: whoever keeps accounts does it in person."""
_NO_RIGHTS = _Rights()


def may(subject: Subject, action: Action, camera: CameraFacts | None) -> bool:
    """Whether `subject` may do `action` to `camera`; `camera` is None only for actions that concern none."""
    if not in_scope(subject, action):
        return False
    rights = _RIGHTS.get(subject.role, _NO_RIGHTS)
    if camera is None:
        return action in rights.general
    if action in rights.everywhere:
        return True
    if action in rights.own and camera.owner != "" and camera.owner == subject.user_id:
        return True
    right = subject.grants.get(camera.camera_id) if camera.camera_id else None
    return right is not None and action in rights.granted.get(right, _NOTHING)


def may_on_any(subject: Subject, action: Action) -> bool:
    """Whether `subject` may do `action` to every camera there is or was: such a list needs no filter by camera."""
    return in_scope(subject, action) and action in _RIGHTS.get(subject.role, _NO_RIGHTS).everywhere


def may_on_own(subject: Subject, action: Action) -> bool:
    """Whether `subject` may do `action` to what they own: such a list is filtered by owner."""
    return in_scope(subject, action) and action in _RIGHTS.get(subject.role, _NO_RIGHTS).own


def may_on_some(subject: Subject, action: Action) -> bool:
    """Whether there can be anything at all to which `subject` may do `action`: else it need not be offered."""
    rights = _RIGHTS.get(subject.role, _NO_RIGHTS)
    by_grant = frozenset().union(*rights.granted.values())
    return in_scope(subject, action) and action in rights.general | rights.everywhere | rights.own | by_grant


def in_scope(subject: Subject, action: Action) -> bool:
    """Whether the token in use was made for `action`; a session always is."""
    return subject.scopes is None or any(action in _SCOPES[scope] for scope in subject.scopes)


def is_in_some_scope(action: Action) -> bool:
    """Whether there are tokens that can do it."""
    return any(action in actions for actions in _SCOPES.values())


def takes_grants(role: Role) -> frozenset[Right]:
    """The rights that mean something for a role."""
    granted = _RIGHTS[role].granted
    view = granted.get(Right.VIEW, _NOTHING)
    return frozenset(right for right, actions in granted.items() if right is Right.VIEW or actions != view)
