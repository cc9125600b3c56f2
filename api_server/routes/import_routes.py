"""Importing a video by its address in the store."""

from typing import Annotated

from pydantic import AfterValidator, Field

from api_server.access.permission import Action
from api_server.access.rules import Allowed
from api_server.cameras.requests import Asked
from api_server.http.errors import RETRY_AFTER_S, ApiError
from api_server.http.route import Call, Reply, Route
from api_server.recordings.importing import SOURCE_MAX_CHARS, SOURCE_PATTERN, ObjectAddress, ObjectImport
from api_server.recordings.intake import UploadRefused
from api_server.recordings.record import NAME_MAX_CHARS
from api_server.routes.parameters import TimeMs
from api_server.routes.recording_routes import RecordingAnswer, printable, upload_answer


def _is_address(text: str) -> str:
    ObjectAddress.parse(text)
    return text


class ImportBody(Asked):
    """`source`: `s3://bucket/key`. `name`: what the recording is called, else the last part of the key. `recorded_at`:
    when its first picture was taken, if that is known."""

    source: Annotated[str, Field(max_length=SOURCE_MAX_CHARS, pattern=SOURCE_PATTERN), AfterValidator(_is_address)]
    name: Annotated[str, Field(min_length=1, max_length=NAME_MAX_CHARS), AfterValidator(printable)] | None = None
    recorded_at: TimeMs | None = None


class ImportViews:
    """Safe on any thread."""

    def __init__(self, imports: ObjectImport) -> None:
        self._imports = imports

    def take(self, call: Call) -> Reply:
        wanted = call.take_body(ImportBody)
        t0_us = wanted.recorded_at * 1000 if wanted.recorded_at is not None else None
        address = ObjectAddress.parse(wanted.source)
        try:
            upload = self._imports.take(call.subject.user_id, address, wanted.name, t0_us)
        except UploadRefused as error:
            later = {"Retry-After": str(RETRY_AFTER_S)} if error.status == 503 else {}
            raise ApiError(error.status, error.code, str(error), later) from error
        return Reply(upload_answer(upload), 201, {"Location": f"/v1/recordings/{upload.id}"})


def import_routes(views: ImportViews) -> list[Route]:
    return [
        Route(
            "POST",
            "/v1/recordings/import",
            Allowed(Action.RECORDING_UPLOAD),
            views.take,
            "Copy a video from an allowed bucket (LOOKOUT_IMPORT_BUCKETS): from then on it is as an upload.",
            body=ImportBody,
            answer=RecordingAnswer,
            status=201,
            errors=(413, 415, 422, 507),
        )
    ]
