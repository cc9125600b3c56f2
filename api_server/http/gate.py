"""The gate in front of every route: who asks, did they mean to, and may they."""

import hmac
from dataclasses import replace
from urllib.parse import urlsplit

from flask import Request

from api_server.access.permission import Action, CameraFacts, in_scope, may
from api_server.access.rules import (
    Allowed,
    InPerson,
    OnCamera,
    OnClip,
    OnExport,
    OnOwnSession,
    OnOwnToken,
    OnOwnUpload,
    OnQuery,
    OnRecording,
    OnUser,
    Public,
    SignedIn,
)
from api_server.access.subject import Role
from api_server.accounts.api_tokens import ApiToken, ApiTokens
from api_server.accounts.sessions import Session, Sessions, csrf_token
from api_server.accounts.users import User, Users, is_user_id
from api_server.cameras.camera import Camera
from api_server.cameras.store import CameraStore
from api_server.clips.records import ClipRecord
from api_server.clips.store import ClipStore
from api_server.exports.record import ExportRecord, is_export_id
from api_server.exports.store import ExportStore
from api_server.http.body import read_body, read_query
from api_server.http.cookies import session_token_of
from api_server.http.errors import ApiError, not_found
from api_server.http.route import Call, Route
from api_server.queries.record import QueryRecord, is_query_id
from api_server.queries.store import QueryStore
from api_server.recordings.record import Upload, is_upload_id
from api_server.recordings.store import UploadStore
from api_server.uploads.record import OpenUpload
from api_server.uploads.store import OpenUploadStore
from common.contracts.clip import ClipId
from common.contracts.identity import is_camera_id

TOTP_NEEDED = "totp_needed"
CSRF_HEADER = "X-CSRF-Token"


class Gate:
    """Turns a request into a permitted `Call`, in this order:

    1. whence: an unsafe request must come from our own page, if it says where it comes from;
    2. who: the API token in the header, or else the session in the cookie (401) and on unsafe methods the CSRF token of
       that session (403): a header is nothing that another site could make a browser send;
    3. may they: the route's rule (403, or 404 for an object: somebody else's does not exist);
    4. what: query and body are read last, so that nobody learns from their errors what is not theirs.

    Safe on any thread.
    """

    def __init__(
        self,
        users: Users,
        sessions: Sessions,
        tokens: ApiTokens,
        cameras: CameraStore,
        clips: ClipStore,
        uploads: UploadStore,
        queries: QueryStore,
        exports: ExportStore,
        *,
        open_uploads: OpenUploadStore,
        admins_need_totp: bool,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._tokens = tokens
        self._admins_need_totp = admins_need_totp
        self._cameras = cameras
        self._clips = clips
        self._uploads = uploads
        self._queries = queries
        self._exports = exports
        self._open_uploads = open_uploads

    def admit(self, route: Route, request: Request, path: dict[str, str | int]) -> Call:
        """Raises ApiError."""
        if not route.is_safe:
            check_origin(request)
        token = session_token_of(request)
        call = Call(None, token, path)
        if not isinstance(route.rule, Public):
            call = self._authenticated(route, request, call)
            call = self._permitted(route, call)
        return replace(
            call,
            query=read_query(request, route.query) if route.query is not None else None,
            body=read_body(request, route.body) if route.body is not None else None,
        )

    def _authenticated(self, route: Route, request: Request, call: Call) -> Call:
        text = _bearer(request) if not route.is_page else None
        if text is not None:
            return self._by_token(route, text, call)
        user = self._sessions.resume(call.session_token) if call.session_token else None
        if user is None or call.session_token is None:
            raise ApiError(401, "not_signed_in", "Sign in first.")
        if not route.is_safe:
            given = request.headers.get(CSRF_HEADER, "")
            if not hmac.compare_digest(given.encode(), csrf_token(call.session_token).encode()):
                raise ApiError(403, "csrf", f"The header {CSRF_HEADER} does not hold this session's token.")
        self._require_second_factor(route, user)
        return Call(user.subject, call.session_token, call.path, account_found=user)

    def _by_token(self, route: Route, text: str, call: Call) -> Call:
        bearer = self._tokens.resume(text)
        if bearer is None:
            said = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise ApiError(401, "wrong_token", "The API token is wrong, expired or ended.", said)
        action = getattr(route.rule, "action", None)
        if action is None:
            raise ApiError(403, "not_by_token", "This takes a person who is signed in, not a token.")
        if not in_scope(bearer.subject, action):
            raise ApiError(403, "not_in_scope", "The token was not made for this: it lacks the scope.")
        self._require_second_factor(route, bearer.user)
        return Call(bearer.subject, None, call.path, account_found=bearer.user)

    def _require_second_factor(self, route: Route, user: User) -> None:
        """Where a setting asks it of admins, one without it reaches their own account alone, to set it up."""
        is_lacking = self._admins_need_totp and user.role is Role.ADMIN and not user.has_totp
        if is_lacking and not isinstance(route.rule, InPerson | OnOwnSession | OnOwnToken):
            raise ApiError(403, TOTP_NEEDED, "Admins need a second factor here: set it up on your account's page.")

    def _permitted(self, route: Route, call: Call) -> Call:
        match route.rule:
            case SignedIn() | InPerson():
                return call
            case Allowed(action):
                if not may(call.subject, action, None):
                    raise ApiError(403, "not_allowed", "Your role does not allow this.")
                return call
            case OnCamera(action):
                return replace(call, camera_found=self._camera(call, action))
            case OnClip(action):
                return replace(call, clip_found=self._clip(call, action))
            case OnRecording(action):
                return replace(call, recording_found=self._recording(call, action))
            case OnQuery(action):
                return replace(call, query_found=self._query(call, action))
            case OnExport(action):
                return replace(call, export_found=self._export(call, action))
            case OnOwnUpload(action):
                return replace(call, open_upload_found=self._own_upload(call, action))
            case OnUser(action):
                return replace(call, user_found=self._user(call, action))
            case OnOwnSession():
                return replace(call, own_session_found=self._own_session(call))
            case OnOwnToken():
                return replace(call, own_token_found=self._own_token(call))
        raise ApiError(403, "not_allowed", "Nobody has said who may do this.")

    def _camera(self, call: Call, action: Action) -> Camera:
        camera_id = str(call.path["camera_id"])
        camera = self._cameras.get(camera_id) if is_camera_id(camera_id) else None
        if camera is None or not may(call.subject, action, camera.facts):
            raise not_found()
        return camera

    def _clip(self, call: Call, action: Action) -> ClipRecord:
        clip_id = str(call.path["clip_id"])
        try:
            ClipId.parse(clip_id)
        except ValueError as error:
            raise not_found() from error
        clip = self._clips.get(clip_id)
        if clip is None:
            raise not_found()
        camera = self._cameras.get(clip.camera)
        facts = camera.facts if camera is not None else CameraFacts(clip.camera, "")
        if not may(call.subject, action, facts):
            raise not_found()
        return clip

    def _recording(self, call: Call, action: Action) -> Upload:
        upload_id = str(call.path["recording_id"])
        upload = self._uploads.get(upload_id) if is_upload_id(upload_id) else None
        if upload is None or not may(call.subject, action, upload.facts):
            raise not_found()
        return upload

    def _export(self, call: Call, action: Action) -> ExportRecord:
        export_id = str(call.path["export_id"])
        export = self._exports.get(export_id) if is_export_id(export_id) else None
        if export is None or not may(call.subject, action, export.facts):
            raise not_found()
        return export

    def _query(self, call: Call, action: Action) -> QueryRecord:
        query_id = str(call.path["query_id"])
        query = self._queries.get(query_id) if is_query_id(query_id) else None
        if query is None:
            raise not_found()
        facts = CameraFacts("", query.owner)
        if query.camera is not None:
            camera = self._cameras.get(query.camera)
            if camera is None:
                # It goes with its camera; the indexer is about to erase it.
                raise not_found()
            facts = camera.facts
        if not may(call.subject, action, facts):
            raise not_found()
        return query

    def _user(self, call: Call, action: Action) -> User:
        user_id = str(call.path["user_id"])
        user = self._users.get(user_id) if is_user_id(user_id) else None
        if user is None or not may(call.subject, action, None):
            raise not_found()
        return user

    def _own_upload(self, call: Call, action: Action) -> OpenUpload:
        upload_id = str(call.path["upload_id"])
        upload = self._open_uploads.get(upload_id) if is_upload_id(upload_id) else None
        if upload is None or upload.owner != call.subject.user_id or not may(call.subject, action, None):
            raise not_found()
        return upload

    def _own_session(self, call: Call) -> Session:
        found = [s for s in self._sessions.of(call.account) if s.handle == call.path["session_id"] != ""]
        if not found:
            raise not_found()
        return found[0]

    def _own_token(self, call: Call) -> ApiToken:
        found = [token for token in self._tokens.of(call.account.id) if token.handle == call.path["token_id"]]
        if not found:
            raise not_found()
        return found[0]


def _bearer(request: Request) -> str | None:
    """The API token of the request, if it names one. Other schemes are a proxy's own business."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


def check_origin(request: Request) -> None:
    """Browsers say where an unsafe request comes from: it must be our own page. Programs say nothing, and carry the
    CSRF token if they carry a cookie. Raises ApiError 403."""
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site")
    is_ours = origin is None or _same_origin(origin, request)
    if not is_ours or site not in (None, "same-origin", "none"):
        raise ApiError(403, "wrong_origin", "This request comes from another site.")


def _same_origin(origin: str, request: Request) -> bool:
    parts = urlsplit(origin)
    return (parts.scheme, parts.netloc.lower()) == (request.scheme, request.host.lower())
