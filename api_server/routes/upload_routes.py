"""Resumable uploads: begin, ask how far it is, send on, give up (tus 1.0)."""

from typing import Any

from flask import Response, request
from pydantic import BaseModel, ValidationError

from api_server.access.permission import Action
from api_server.access.rules import Allowed, OnOwnUpload, Public
from api_server.audit.auditor import Auditor
from api_server.http.errors import RETRY_AFTER_S, ApiError
from api_server.http.route import Call, Header, Reply, Route
from api_server.recordings.intake import Arriving, UploadRefused
from api_server.routes.recording_routes import RecordingAnswer, UploadQuery, upload_answer
from api_server.uploads.direct import LINK_S, DirectUploads
from api_server.uploads.receiver import UploadReceiver
from api_server.uploads.record import OpenState, OpenUpload
from api_server.uploads.tus import (
    CHUNK_TYPE,
    EXTENSIONS,
    VERSION,
    answer_headers,
    number_in,
    read_metadata,
    require_version,
)
from common.clock import Clock

_AGAIN = (423, 429, 503)
_NUMBER = "^[0-9]{1,12}$"
_VERSION = Header("The protocol's version.", f"^{VERSION}$")


class OpenUploadAnswer(BaseModel):
    """How far an upload is. `part_bytes`: what is stored in one go; chunks of as many bytes cost least. `recording`:
    what it became, once all of it is there; else null."""

    id: str
    name: str
    size: int
    offset: int
    part_bytes: int
    expires_us: int
    recording: str | None


class LinkAnswer(BaseModel):
    """Where the whole file is to be PUT, with exactly as many bytes as were announced."""

    url: str
    expires_s: int


class UploadViews:
    """Safe on any thread."""

    def __init__(
        self, receiver: UploadReceiver, direct: DirectUploads, auditor: Auditor, file_bytes_max: int, clock: Clock
    ) -> None:
        self._receiver = receiver
        self._direct = direct
        self._auditor = auditor
        self._file_bytes_max = file_bytes_max
        self._clock = clock

    def options(self, _call: Call) -> Response:
        said = {
            "Tus-Resumable": VERSION,
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(self._file_bytes_max),
        }
        return Response(status=200, headers=said)

    def begin(self, call: Call) -> Reply:
        require_version(request)
        size = number_in(request, "Upload-Length")
        if size == 0:
            raise ApiError(400, "invalid_request", "The file is empty.")
        asked = _described()
        self._auditor.write(
            "recording.upload", call.subject, request, {"name": asked.name, "bytes": str(size), "resumable": "true"}
        )
        t0_us = asked.recorded_at * 1000 if asked.recorded_at is not None else None
        try:
            upload = self._receiver.begin(Arriving(call.subject.user_id, asked.name, size, t0_us))
        except UploadRefused as error:
            raise _problem(error) from error
        return _reply(upload, 201, {"Location": f"/v1/uploads/{upload.id}"})

    def show(self, call: Call) -> Reply:
        upload = call.open_upload
        if upload.state is OpenState.OPEN and upload.expires_us <= self._clock.wall_us():
            raise ApiError(410, "gone", "This upload has expired. Begin anew.", {"Tus-Resumable": VERSION})
        return _reply(upload)

    def send(self, call: Call) -> Reply:
        require_version(request)
        offset, upload = number_in(request, "Upload-Offset"), call.open_upload
        if request.mimetype != CHUNK_TYPE:
            raise ApiError(415, "not_a_chunk", f"Send the bytes as {CHUNK_TYPE}.")
        if request.content_length is None and "Transfer-Encoding" in request.headers:
            raise ApiError(411, "length_required", "Send the bytes with a Content-Length.")
        length = request.content_length or 0
        # Bounded by the file's size, which was looked at when the upload began.
        request.max_content_length = max(length, upload.size)
        try:
            taken = self._receiver.take(upload, offset, length, request.stream)
        except UploadRefused as error:
            raise _problem(error) from error
        return Reply(status=204, headers=_headers(taken))

    def link(self, call: Call) -> Reply:
        try:
            return Reply(LinkAnswer(url=self._direct.link(call.open_upload), expires_s=LINK_S))
        except UploadRefused as error:
            raise _problem(error) from error

    def finish(self, call: Call) -> Reply:
        try:
            upload = self._direct.finish(call.open_upload)
        except UploadRefused as error:
            raise _problem(error) from error
        return Reply(upload_answer(upload), 201, {"Location": f"/v1/recordings/{upload.id}"})

    def end(self, call: Call) -> Reply:
        require_version(request)
        self._receiver.end(call.open_upload)
        return Reply(headers={"Tus-Resumable": VERSION})


def _described() -> UploadQuery:
    """What the file is called, and when it was recorded. Raises ApiError 400."""
    said = read_metadata(request)
    fields: dict[str, Any] = {"name": said.get("filename", said.get("name", ""))}
    if said.get("recorded_at"):
        fields["recorded_at"] = said["recorded_at"]
    try:
        return UploadQuery.model_validate(fields)
    except ValidationError as error:
        sentence = "Upload-Metadata must name the file (filename), and may say when it was recorded (recorded_at)."
        raise ApiError(400, "invalid_request", sentence) from error


def _headers(upload: OpenUpload) -> dict[str, str]:
    became = {"X-Lookout-Recording": f"/v1/recordings/{upload.id}"} if upload.state is OpenState.DONE else {}
    return {**answer_headers(upload), **became}


def _reply(upload: OpenUpload, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    answer = OpenUploadAnswer(
        id=upload.id,
        name=upload.name,
        size=upload.size,
        offset=upload.offset,
        part_bytes=upload.part_bytes,
        expires_us=upload.expires_us,
        recording=f"/v1/recordings/{upload.id}" if upload.state is OpenState.DONE else None,
    )
    return Reply(answer, status, {**_headers(upload), **(headers or {})})


def _problem(error: UploadRefused) -> ApiError:
    later = {"Retry-After": str(RETRY_AFTER_S)} if error.status in _AGAIN else {}
    return ApiError(error.status, error.code, str(error), {"Tus-Resumable": VERSION, **later})


def upload_routes(views: UploadViews) -> list[Route]:
    whole, one = "/v1/uploads", "/v1/uploads/<upload_id>"
    own = OnOwnUpload(Action.RECORDING_UPLOAD)
    return [
        Route("OPTIONS", whole, Public("what the server can do is no secret"), views.options, "What of tus is spoken."),
        Route(
            "POST",
            whole,
            Allowed(Action.RECORDING_UPLOAD),
            views.begin,
            "Begin an upload that can be gone on with (tus 1.0).",
            answer=OpenUploadAnswer,
            status=201,
            errors=(412, 413, 429, 507),
            headers={
                "Tus-Resumable": _VERSION,
                "Upload-Length": Header("Bytes of the file.", _NUMBER, is_required=True),
                "Upload-Metadata": Header(
                    "`filename`, and perhaps `recorded_at`, each with its text in base64; comma-separated.",
                    "^[ -~]{1,4096}$",
                    is_required=True,
                ),
            },
        ),
        Route(
            "GET",
            one,
            own,
            views.show,
            "How far an upload is; HEAD says it in Upload-Offset.",
            answer=OpenUploadAnswer,
            errors=(410,),
        ),
        Route(
            "PATCH",
            one,
            own,
            views.send,
            "Send on, from byte Upload-Offset; what came before a break is kept. The last bytes make the recording.",
            status=204,
            errors=(409, 410, 412, 423),
            raw=(CHUNK_TYPE,),
            headers={
                "Tus-Resumable": _VERSION,
                "Upload-Offset": Header("How many bytes are there already.", _NUMBER, is_required=True),
            },
        ),
        Route(
            "POST",
            f"{one}/link",
            own,
            views.link,
            "A link to PUT the whole file to the store itself (with S3_PUBLIC_ENDPOINT_URL).",
            answer=LinkAnswer,
            errors=(410, 422),
        ),
        Route(
            "POST",
            f"{one}/finish",
            own,
            views.finish,
            "What was PUT under the link becomes the recording.",
            answer=RecordingAnswer,
            status=201,
            errors=(409, 410, 415),
        ),
        Route(
            "DELETE",
            one,
            own,
            views.end,
            "Give an upload up. A recording that it became stays.",
            status=204,
            errors=(412,),
        ),
    ]
