"""Cameras: create, list, show, change, delete, new token."""

from typing import Any

from flask import request
from pydantic import BaseModel, ConfigDict, Field

from api_server.access.permission import Action, may
from api_server.access.rules import Allowed, OnCamera, SignedIn
from api_server.accounts.users import Users
from api_server.cameras.camera import Camera, CameraKind
from api_server.cameras.purpose import Gate, PurposeMissing, PurposeRefused
from api_server.cameras.registry import CameraRegistry, VersionChanged
from api_server.cameras.requests import Asked, CameraChange, NewCameraBody
from api_server.cameras.store import CameraStore
from api_server.clips.store import ClipStore
from api_server.http.errors import ApiError, not_found
from api_server.http.etag import etag_of, wanted_version
from api_server.http.route import Call, Reply, Route
from api_server.routes.parameters import LongPageQuery
from api_server.routes.state_answer import CameraStateAnswer, CameraStates
from api_server.routes.visible import by_creation
from api_server.status.analysis_notes import AnalysisNotes
from common.contracts.camera_settings import DEFAULT_EVERY_MS, PURPOSE_FIELDS, purpose_of
from common.contracts.frame import Policy
from common.contracts.place import Line, Zone

OVERLAP_S_MAX = 7 * 24 * 3600


class AnalysisAnswer(BaseModel):
    """One analysis of a camera. `every_ms`: search interval; null: every frame."""

    name: str
    every_ms: int | None
    options: dict[str, Any]


class PurposeAnswer(BaseModel):
    """Why, and until when (µs since the epoch), an analysis of people is allowed."""

    text: str
    expires_us: int


class CameraAnswer(BaseModel):
    """A camera. `published`: the newest version has reached the services that act on it. `notes`: analysis to a
    sentence, why nothing comes of it, where nobody works on it."""

    id: str
    name: str
    place: str
    kind: CameraKind
    address: str | None = Field(description="Whether one is set and of which kind, `rtsp://•••`: never the address.")
    owner: str | None = Field(description="User name; null when the owner's account is gone.")
    analyses: list[AnalysisAnswer]
    notes: dict[str, str]
    clip_ms: int
    policy: Policy
    emotion_purpose: PurposeAnswer | None
    recognition_purpose: PurposeAnswer | None
    zones: list[Zone]
    lines: list[Line]
    retention_hours: dict[str, int]
    state: CameraStateAnswer
    partition: int
    version: int
    published: bool
    created_us: int


class CameraWithToken(CameraAnswer):
    """A camera and its token, shown this once. `ingest_path`: where frames are posted, on the ingest port."""

    token: str
    ingest_path: str
    ingest_port: int


class CameraList(BaseModel):
    """`next`: the cursor of the following page, null on the last."""

    cameras: list[CameraAnswer]
    next: str | None


class RotateQuery(BaseModel):
    """`overlap_s`: how long the tokens before the new one still work, so that the camera can be given it meanwhile."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    overlap_s: int = Field(0, ge=0, le=OVERLAP_S_MAX)


class RecordingSwitch(Asked):
    """Whether what the camera sends is recorded."""

    on: bool

    @property
    def recording(self) -> str:
        """In the words of the audit log."""
        return "on" if self.on else "off"


class CameraViews:
    """What the camera routes do. Safe on any thread."""

    def __init__(
        self,
        cameras: CameraStore,
        clips: ClipStore,
        registry: CameraRegistry,
        users: Users,
        states: CameraStates,
        notes: AnalysisNotes,
        ingest_port: int,
    ) -> None:
        self._notes = notes
        self._states = states
        self._cameras = cameras
        self._clips = clips
        self._registry = registry
        self._users = users
        self._ingest_port = ingest_port

    def list(self, call: Call) -> Reply:
        found = (c for c in self._cameras.active() if may(call.subject, Action.CAMERA_VIEW, c.facts))
        shown, cursor = call.take_query(LongPageQuery).cut(found, by_creation, rises=True)
        names, states = self._users.names(), self._states.of(*(c.id for c in shown))
        return Reply(
            CameraList(
                cameras=[
                    CameraAnswer.model_validate(_fields(c, names.get(c.owner), states[c.id], self._notes))
                    for c in shown
                ],
                next=cursor,
            )
        )

    def show(self, call: Call) -> Reply:
        return self._reply(call.camera)

    def create(self, call: Call) -> Reply:
        try:
            camera, token = self._registry.create(call.subject.user_id, call.take_body(NewCameraBody).to_camera())
        except (PurposeMissing, PurposeRefused) as error:
            raise _purpose_problem(error) from error
        return self._reply_with_token(camera, token, 201)

    def change(self, call: Call) -> Reply:
        wanted = call.take_body(CameraChange)
        _require_purpose_right(call, wanted)
        try:
            camera = self._registry.change(call.camera.id, wanted, wanted_version(request))
        except (PurposeMissing, PurposeRefused) as error:
            raise _purpose_problem(error) from error
        except VersionChanged as error:
            raise _changed() from error
        if camera is None:
            raise not_found()
        return self._reply(camera)

    def record(self, call: Call) -> Reply:
        wanted = call.take_body(RecordingSwitch)
        try:
            camera = self._registry.set_recording(call.camera.id, wanted.on, wanted_version(request))
        except VersionChanged as error:
            raise _changed() from error
        if camera is None:
            raise not_found()
        return self._reply(camera)

    def rotate(self, call: Call) -> Reply:
        rotated = self._registry.rotate_token(call.camera.id, call.take_query(RotateQuery).overlap_s)
        if rotated is None:
            raise not_found()
        return self._reply_with_token(*rotated, 201)

    def delete(self, call: Call) -> Reply:
        held = self._clips.held_of(call.camera.id)
        if held:
            sentence = f"{held} of its clips are held. Release them first, or nothing of the camera can be deleted."
            raise ApiError(409, "held", sentence)
        if not self._registry.delete(call.camera.id):
            raise not_found()
        return Reply()

    def _reply(self, camera: Camera) -> Reply:
        answer = CameraAnswer.model_validate(self._own_fields(camera))
        return Reply(answer, headers={"ETag": etag_of(camera.version)})

    def _reply_with_token(self, camera: Camera, token: str, status: int) -> Reply:
        path = f"/v1/cameras/{camera.id}/frames"
        shown_once = {"token": token, "ingest_path": path, "ingest_port": self._ingest_port}
        answer = CameraWithToken.model_validate(self._own_fields(camera) | shown_once)
        return Reply(answer, status, {"Location": f"/v1/cameras/{camera.id}", "ETag": etag_of(camera.version)})

    def _own_fields(self, camera: Camera) -> dict[str, object]:
        return _fields(camera, self._owner_name(camera), self._states.of(camera.id)[camera.id], self._notes)

    def _owner_name(self, camera: Camera) -> str | None:
        owner = self._users.get(camera.owner)
        return owner.name if owner is not None else None


def _fields(camera: Camera, owner: str | None, state: CameraStateAnswer, notes: AnalysisNotes) -> dict[str, object]:
    """Everything of the camera; the answer's model lets through what it names, and the token's hash is not named."""
    analyses = [
        {
            "name": a.name,
            "every_ms": a.every_ms if a.every_ms is not None else DEFAULT_EVERY_MS.get(a.name),
            "options": a.options,
        }
        for a in camera.analyses
    ]
    is_published = camera.published_version == camera.version
    return camera.model_dump() | {
        "owner": owner,
        "analyses": analyses,
        "notes": {a.name: note for a in camera.analyses if (note := notes.of(a.name)) is not None},
        "published": is_published,
        "address": camera.address_shown or None,
        "state": state,
    }


def _require_purpose_right(call: Call, wanted: CameraChange) -> None:
    """Whoever edits a camera may not thereby let people be analysed. Raises ApiError 403."""
    for analysis, field in PURPOSE_FIELDS.items():
        stated, known = getattr(wanted, field), purpose_of(call.camera, analysis)
        is_known = stated is None or stated.to_purpose() == known
        if not is_known and not may(call.subject, Action.CAMERA_PURPOSE, call.camera.facts):
            raise ApiError(403, "not_allowed", "Only the owner of the camera and admins can state a purpose.")


def _changed() -> ApiError:
    return ApiError(412, "changed", "The camera was changed since you read it. Read it again.")


def _purpose_problem(error: PurposeMissing | PurposeRefused) -> ApiError:
    if isinstance(error, PurposeRefused):
        return ApiError(422, error.code, str(error))
    return purpose_missing(error.gate)


def purpose_missing(gate: Gate) -> ApiError:
    sentence = f"{gate.title} needs {gate.field}: why it is wanted (text) and until when (expires_us)."
    return ApiError(422, f"{gate.field}_missing", sentence)


def camera_routes(views: CameraViews) -> list[Route]:
    one = "/v1/cameras/<camera_id>"
    view, edit = Action.CAMERA_VIEW, Action.CAMERA_EDIT
    return [
        Route(
            "GET",
            "/v1/cameras",
            SignedIn(view),
            views.list,
            "The cameras you may see, in the order they were made.",
            query=LongPageQuery,
            answer=CameraList,
        ),
        Route(
            "POST",
            "/v1/cameras",
            Allowed(Action.CAMERA_CREATE),
            views.create,
            "Create a camera. Its token is shown this once.",
            body=NewCameraBody,
            answer=CameraWithToken,
            status=201,
            errors=(422,),
        ),
        Route("GET", one, OnCamera(view), views.show, "One camera.", answer=CameraAnswer),
        Route(
            "PATCH",
            one,
            OnCamera(edit),
            views.change,
            "Change a camera. Acts within seconds, without a restart.",
            body=CameraChange,
            answer=CameraAnswer,
            errors=(412, 422),
        ),
        Route(
            "PUT",
            f"{one}/recording",
            OnCamera(edit),
            views.record,
            "Start or stop recording. Acts within seconds, without a restart; what was recorded stays.",
            body=RecordingSwitch,
            answer=CameraAnswer,
            errors=(412,),
        ),
        Route(
            "DELETE",
            one,
            OnCamera(Action.CAMERA_DELETE),
            views.delete,
            "Delete a camera with all its clips and sightings. Refused while one of them is held.",
            status=204,
            errors=(409,),
        ),
        Route(
            "POST",
            f"{one}/token",
            OnCamera(Action.CAMERA_TOKEN),
            views.rotate,
            "Make a new token; those before it stop working, at once or after overlap_s.",
            query=RotateQuery,
            answer=CameraWithToken,
            status=201,
        ),
    ]
