"""The one function that decides every access, and the table it reads. Denied unless the table says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from api_server.access.subject import Role, Subject


class Action(StrEnum):
    """Everything that can be done. A new route either uses one of these or adds one here and to the table."""

    CAMERA_CREATE = "camera.create"
    CAMERA_VIEW = "camera.view"
    CAMERA_EDIT = "camera.edit"
    CAMERA_TOKEN = "camera.token"  # noqa: S105  the name of an action
    CAMERA_DELETE = "camera.delete"
    LIVE_WATCH = "live.watch"
    CLIP_VIEW = "clip.view"
    CLIP_DELETE = "clip.delete"
    STATUS_VIEW = "status.view"
    RECORDING_UPLOAD = "recording.upload"
    RECORDING_VIEW = "recording.view"
    RECORDING_DELETE = "recording.delete"
    QUERY_ASK = "query.ask"
    QUERY_VIEW = "query.view"
    QUERY_CANCEL = "query.cancel"
    QUERY_DELETE = "query.delete"


class Reach(Enum):
    """On which cameras a role may do something. `GENERAL`: the action concerns no camera."""

    OWN = "own"
    ANY = "any"
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """What decisions need to know of a camera. `owner`: a user id, empty when nobody owns it any more. An upload, which
    hangs on no camera, is decided by its owner like a camera: its `camera_id` is empty."""

    camera_id: str
    owner: str


_OF_A_CAMERA = (
    Action.CAMERA_VIEW,
    Action.CAMERA_EDIT,
    Action.CAMERA_TOKEN,
    Action.CAMERA_DELETE,
    Action.LIVE_WATCH,
    Action.CLIP_VIEW,
    Action.CLIP_DELETE,
    Action.STATUS_VIEW,
    Action.RECORDING_VIEW,
    Action.RECORDING_DELETE,
    Action.QUERY_ASK,
    Action.QUERY_VIEW,
    Action.QUERY_CANCEL,
    Action.QUERY_DELETE,
)
_GENERAL = (Action.CAMERA_CREATE, Action.RECORDING_UPLOAD)
_RIGHTS: Mapping[Role, Mapping[Action, Reach]] = {
    Role.ADMIN: dict.fromkeys(_GENERAL, Reach.GENERAL) | dict.fromkeys(_OF_A_CAMERA, Reach.ANY),
    Role.OPERATOR: dict.fromkeys(_GENERAL, Reach.GENERAL) | dict.fromkeys(_OF_A_CAMERA, Reach.OWN),
}


def may(subject: Subject, action: Action, camera: CameraFacts | None) -> bool:
    """Whether `subject` may do `action` to `camera`; `camera` is None only for actions that concern none."""
    reach = _RIGHTS.get(subject.role, {}).get(action)
    if reach is None:
        return False
    if camera is None:
        return reach is Reach.GENERAL
    if reach is Reach.ANY:
        return True
    return reach is Reach.OWN and camera.owner != "" and camera.owner == subject.user_id


def may_on_any(subject: Subject, action: Action) -> bool:
    """Whether `subject` may do `action` to every camera there is or was: such a list needs no filter by camera."""
    return _RIGHTS.get(subject.role, {}).get(action) is Reach.ANY
