"""What a route declares of who may use it. A route without one of these is refused, and a test walks the table."""

from dataclasses import dataclass

from api_server.access.permission import Action


@dataclass(frozen=True, slots=True)
class Public:
    """Anyone. `reason`: why that is safe."""

    reason: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Anyone who is signed in; the answer holds only what `may` allows for `action`, item by item."""

    action: Action | None


@dataclass(frozen=True, slots=True)
class InPerson:
    """Anyone who is signed in with a session, about themselves: no token does this."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Who `may` do `action`, which concerns no camera."""

    action: Action


@dataclass(frozen=True, slots=True)
class OnCamera:
    """Who `may` do `action` to the camera that the path's `camera_id` names; to all others it does not exist (404)."""

    action: Action


@dataclass(frozen=True, slots=True)
class OnClip:
    """Who `may` do `action` to the camera of the clip that the path's `clip_id` names; else 404."""

    action: Action


@dataclass(frozen=True, slots=True)
class OnRecording:
    """Who `may` do `action` to the upload that the path's `recording_id` names; else 404."""

    action: Action


@dataclass(frozen=True, slots=True)
class OnOwnUpload:
    """Who `may` do `action`, which concerns no camera, and began the upload that the path's `upload_id` names; else
    404."""

    action: Action


@dataclass(frozen=True, slots=True)
class OnQuery:
    """Who `may` do `action` to the camera, or upload, of the query that the path's `query_id` names; else 404."""

    action: Action


@dataclass(frozen=True, slots=True)
class OnExport:
    """Who `may` do `action` to the export that the path's `export_id` names; else 404."""

    action: Action


@dataclass(frozen=True, slots=True)
class OnUser:
    """Who `may` do `action`, to the account that the path's `user_id` names; to all others it does not exist (404)."""

    action: Action


@dataclass(frozen=True, slots=True)
class OnOwnSession:
    """Whose session the path's `session_id` names, in person; else 404."""


@dataclass(frozen=True, slots=True)
class OnOwnToken:
    """Whose API token the path's `token_id` names, in person; else 404."""


Rule = (
    Public
    | SignedIn
    | InPerson
    | Allowed
    | OnCamera
    | OnClip
    | OnRecording
    | OnOwnUpload
    | OnQuery
    | OnExport
    | OnUser
    | OnOwnSession
    | OnOwnToken
)
