"""What is written to the audit log: one line for every request that changes something, or shows a video.

A test walks the route table: an unsafe route, and one that sends video, stands here or among those `NOT_AUDITED`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Audited:
    """`said`: names of fields of the query, the body and the path whose values are written down too, if they are set.

    `is_view`: looking. A player asks for a video in many pieces, so it is written once in a while, not each time.
    `searches`: field of the query to action: only when there is such a field, with a reason if the setting asks for
    one. `in_view`: the view writes it itself, because only it knows how it went; all others are written before they are
    done.
    """

    action: str
    said: tuple[str, ...] = ()
    is_view: bool = False
    searches: Mapping[str, str] = field(default_factory=dict)
    in_view: bool = False


LOGIN = Audited("login", in_view=True)
LOGIN_FAILED = "login.failed"
RECOVERY_CODE_USED = "totp.recovery_used"
_SEARCH = Audited(
    "search",
    said=("text", "person", "reason", "camera", "from_ms", "to_ms"),
    searches={"text": "plate.search", "person": "person.search"},
)
_CLIP_VIEW = Audited("clip.view", said=("download",), is_view=True)
_QUERY_VIEW = Audited("query.view", said=("download",), is_view=True)

AUDITED: Mapping[str, Audited] = {
    "POST /v1/session": LOGIN,
    "DELETE /v1/session": Audited("logout"),
    "POST /v1/password": Audited("password.link", in_view=True),
    "POST /v1/sign-up": Audited("account.sign_up", in_view=True),
    "PUT /v1/account/password": Audited("password.change", in_view=True),
    "DELETE /v1/account/sessions": Audited("session.end_others"),
    "DELETE /v1/account/sessions/<session_id>": Audited("session.end"),
    "POST /v1/account/tokens": Audited("token.create", said=("name", "scopes", "days")),
    "DELETE /v1/account/tokens/<token_id>": Audited("token.end"),
    "POST /v1/account/totp": Audited("totp.begin"),
    "PUT /v1/account/totp": Audited("totp.confirm", in_view=True),
    "DELETE /v1/account/totp": Audited("totp.remove", in_view=True),
    "POST /v1/account/totp/recovery-codes": Audited("totp.recovery_codes", in_view=True),
    "DELETE /v1/users/<user_id>/totp": Audited("user.totp_remove"),
    "POST /v1/users": Audited("user.invite", said=("name", "role")),
    "PATCH /v1/users/<user_id>": Audited("user.change", said=("role", "disabled")),
    "DELETE /v1/users/<user_id>": Audited("user.delete"),
    "POST /v1/users/<user_id>/link": Audited("user.link"),
    "DELETE /v1/users/<user_id>/sessions": Audited("user.end_sessions"),
    "PUT /v1/users/<user_id>/grants/<camera_id>": Audited("grant.set", said=("right",)),
    "DELETE /v1/users/<user_id>/grants/<camera_id>": Audited("grant.withdraw"),
    "POST /v1/cameras": Audited("camera.create", said=("name",)),
    "PATCH /v1/cameras/<camera_id>": Audited(
        "camera.change", said=("name", "analyses", "policy", "emotion_purpose", "recognition_purpose")
    ),
    "PUT /v1/cameras/<camera_id>/recording": Audited("camera.recording", said=("recording",)),
    "DELETE /v1/cameras/<camera_id>": Audited("camera.delete"),
    "POST /v1/cameras/<camera_id>/token": Audited("camera.token", said=("overlap_s",)),
    "DELETE /v1/cameras/<camera_id>/tokens/<camera_token_id>": Audited("camera.token_end"),
    "POST /v1/live-token": Audited("live.watch", said=("cameras",), is_view=True),
    "GET /v1/clips": _SEARCH,
    "GET /v1/sightings": _SEARCH,
    "GET /v1/clips/<clip_id>/video": _CLIP_VIEW,
    "GET /v1/clips/<clip_id>/sidecar": _CLIP_VIEW,
    "DELETE /v1/clips/<clip_id>": Audited("clip.delete"),
    "POST /v1/recordings": Audited("recording.upload", said=("name",)),
    "GET /v1/recordings/<recording_id>/video": Audited("recording.view", said=("download",), is_view=True),
    "POST /v1/recordings/import": Audited("recording.import", said=("source", "name")),
    "POST /v1/uploads": Audited("recording.upload", in_view=True),
    "POST /v1/uploads/<upload_id>/link": Audited("recording.upload_link"),
    "DELETE /v1/uploads/<upload_id>": Audited("recording.upload_end"),
    "GET /v1/cameras/<camera_id>/footage/video": Audited(
        "recording.view", said=("from_ms", "to_ms", "download"), is_view=True
    ),
    "DELETE /v1/recordings/<recording_id>": Audited("recording.delete"),
    "POST /v1/queries": Audited("query.ask", said=("camera", "recording", "analysis", "from_ms", "to_ms")),
    "POST /v1/queries/<query_id>/cancel": Audited("query.cancel"),
    "DELETE /v1/queries/<query_id>": Audited("query.delete"),
    "GET /v1/queries/<query_id>/video": _QUERY_VIEW,
    "GET /v1/queries/<query_id>/sidecar": _QUERY_VIEW,
    "POST /v1/analyze/<analysis>": Audited("picture.analyze", said=("analysis",)),
    "POST /v1/exports": Audited("export.create", said=("kind", "name", "clips", "camera", "from_ms", "to_ms")),
    "GET /v1/exports/<export_id>/file": Audited("export.fetch", is_view=True),
    "DELETE /v1/exports/<export_id>": Audited("export.delete"),
    "POST /v1/clips/<clip_id>/shares": Audited("share.create", said=("hours", "note")),
    "DELETE /v1/clips/<clip_id>/shares/<share_id>": Audited("share.withdraw", said=("share_id",)),
    "GET /v1/shared/<token>/video": Audited("share.play", is_view=True, in_view=True),
    "PUT /v1/clips/<clip_id>/hold": Audited("clip.hold", said=("reason",)),
    "DELETE /v1/clips/<clip_id>/hold": Audited("clip.release"),
    "GET /v1/audit": Audited("audit.view", is_view=True),
}
NOT_AUDITED: Mapping[str, str] = {
    "PATCH /v1/uploads/<upload_id>": "the upload was written down when it began",
    "POST /v1/uploads/<upload_id>/finish": "the upload was written down when it began",
}
"""Endpoint to the reason why not."""
