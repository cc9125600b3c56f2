"""One picture through one analysis."""

from typing import Annotated

from flask import Response, request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from werkzeug.exceptions import RequestEntityTooLarge

from api_server.access.permission import Action
from api_server.access.rules import Allowed
from api_server.cameras.purpose import GATES, PurposeRefused, check_purpose
from api_server.http.errors import RETRY_AFTER_S, ApiError
from api_server.http.route import Call, Reply, Route
from api_server.pictures.header import PictureRefused, checked_picture
from api_server.pictures.purposes import PurposeStore
from api_server.pictures.service import PictureService
from api_server.queries.requests import ANALYSES, PLATE_MODES
from api_server.routes.parameters import TimeMs
from common.clock import Clock
from common.contracts.camera_settings import LICENSE_PLATE, Purpose
from common.contracts.detection import Box
from common.contracts.picture_call import JPEG, JSON, PICTURE_MAX_BYTES, PNG, PictureFound

MULTIPART = "multipart/form-data"
FIELD = "image"
RAW = (JPEG, PNG, "application/octet-stream", MULTIPART)
FORM_EXTRA_BYTES = 64 * 1024
"""Boundaries and part headers of a form that holds one picture."""


def _plate_mode(mode: str) -> str:
    if mode not in PLATE_MODES:
        raise ValueError(f"one of {', '.join(PLATE_MODES)}")
    return mode


class PictureQuery(BaseModel):
    """How to look. `purpose` and `purpose_expires`: why, and until when, emotions or known faces are looked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_confidence: float | None = Field(None, ge=0, le=1)
    mode: Annotated[str, AfterValidator(_plate_mode)] | None = Field(None, description="Of license_plate.")
    purpose: str | None = Field(None, min_length=3, max_length=500)
    purpose_expires: TimeMs | None = None


class ModelSaid(BaseModel):
    """Which weights spoke."""

    name: str
    version: str
    sha256: str


class DetectionAnswer(BaseModel):
    """One thing in the picture. `box`: x, y, width, height in pixels of the picture as it is shown."""

    kind: str
    label: str | None
    text: str | None
    score: float
    scores: dict[str, float] | None
    box: Box
    points: list[tuple[int, int]] | None


class PictureReport(BaseModel):
    """What was found. `model_ms`: time in the model."""

    analysis: str
    width: int
    height: int
    model: ModelSaid
    model_ms: float
    detections: list[DetectionAnswer]


class PictureViews:
    """Safe on any thread."""

    def __init__(self, service: PictureService, purposes: PurposeStore, clock: Clock) -> None:
        self._service = service
        self._purposes = purposes
        self._clock = clock

    def look(self, call: Call) -> Reply | Response:
        """1. what is asked for; 2. the gate of analyses of people; 3. the picture's header; 4. only then a decoder,
        elsewhere."""
        asked = call.take_query(PictureQuery)
        analysis = str(call.path["analysis"])
        if analysis not in ANALYSES:
            raise ApiError(404, "no_such_analysis", f"There is no such analysis; there are {', '.join(ANALYSES)}.")
        if asked.mode is not None and analysis != LICENSE_PLATE:
            raise ApiError(400, "invalid_request", f"mode belongs to {LICENSE_PLATE}.")
        accept = request.accept_mimetypes.best_match([JSON, JPEG, PNG]) if "Accept" in request.headers else JSON
        if accept is None:
            raise ApiError(406, "not_acceptable", f"The answer is {JSON}, {JPEG} or {PNG}.")
        if analysis in GATES:
            self._pass_gate(call, analysis, asked)
        try:
            picture = checked_picture(_picture())
            options = asked.model_dump(include={"min_confidence", "mode"}, exclude_none=True)
            answer = self._service.ask(analysis, options, accept, picture)
        except PictureRefused as error:
            headers = {"Retry-After": str(RETRY_AFTER_S)} if error.status == 503 else {}
            raise ApiError(error.status, error.code, str(error), headers) from error
        if answer.found is None:
            return Response(answer.drawn, mimetype=accept)
        return Reply(_report(answer.found))

    def _pass_gate(self, call: Call, analysis: str, asked: PictureQuery) -> None:
        """As for cameras (DESIGN 9). Raises ApiError 422."""
        if asked.purpose is None or asked.purpose_expires is None:
            gate = GATES[analysis]
            sentence = f"{gate.title} needs purpose and purpose_expires: why it is wanted, and until when."
            raise ApiError(422, f"{gate.field}_missing", sentence)
        now_us = self._clock.wall_us()
        purpose = Purpose(text=asked.purpose, expires_us=asked.purpose_expires * 1000)
        try:
            check_purpose(analysis, purpose, now_us)
        except PurposeRefused as error:
            raise ApiError(422, error.code, str(error)) from error
        self._purposes.state(call.subject.user_id, analysis, purpose, now_us)


def _picture() -> bytes:
    """The raw body, or the field `image` of a form. Raises ApiError 400, 411, 413, 415."""
    if request.mimetype not in RAW:
        raise ApiError(415, "not_a_picture", f"Send the picture's bytes as {JPEG} or {PNG}, or a form with {FIELD}.")
    size = request.content_length
    if size is None:
        raise ApiError(411, "length_required", "Send the picture with a Content-Length.")
    is_form = request.mimetype == MULTIPART
    most = PICTURE_MAX_BYTES + (FORM_EXTRA_BYTES if is_form else 0)
    if size > most:
        raise ApiError(413, "too_large", f"A picture may have {PICTURE_MAX_BYTES} bytes; this one has more.")
    request.max_content_length = most
    request.max_form_memory_size = FORM_EXTRA_BYTES
    request.max_form_parts = 1
    try:
        if not is_form:
            data = request.get_data(cache=False)
        else:
            file = request.files.get(FIELD)
            data = file.read() if file is not None else b""
    except RequestEntityTooLarge as error:
        raise ApiError(400, "invalid_request", f"The form holds more than the field {FIELD}.") from error
    if not data:
        what = f"The form has no file in its field {FIELD}." if is_form else "The body is empty."
        raise ApiError(400, "invalid_request", what)
    return data


def _report(found: PictureFound) -> PictureReport:
    return PictureReport.model_validate(found.model_dump())


def picture_routes(views: PictureViews) -> list[Route]:
    return [
        Route(
            "POST",
            "/v1/analyze/<analysis>",
            Allowed(Action.PICTURE_ANALYZE),
            views.look,
            "Look at one JPEG or PNG: what is in it, or, by Accept, the picture with it drawn.",
            query=PictureQuery,
            answer=PictureReport,
            media=JPEG,
            errors=(404, 406, 422),
            raw=RAW,
        )
    ]
