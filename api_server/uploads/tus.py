"""The words of tus 1.0 (tus.io), the protocol of resumable uploads that clients and libraries speak."""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

from flask import Request

from api_server.http.errors import ApiError
from api_server.uploads.record import OpenUpload

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,expiration"
CHUNK_TYPE = "application/offset+octet-stream"
METADATA_MAX_CHARS = 4_096
_SIZE_MAX = 10**15


def require_version(request: Request) -> None:
    """A client may leave it out; another version it may not speak. Raises ApiError 412."""
    if request.headers.get("Tus-Resumable", VERSION) != VERSION:
        said = {"Tus-Version": VERSION}
        raise ApiError(412, "other_version", f"This server speaks tus {VERSION}.", said)


def number_in(request: Request, header: str) -> int:
    """Raises ApiError 400."""
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise ApiError(400, "invalid_request", f"{header} must be a number of bytes.")
    return min(_SIZE_MAX, int(text))


def read_metadata(request: Request) -> Mapping[str, str]:
    """`Upload-Metadata`: pairs of a name and a text in base64. Raises ApiError 400."""
    header = request.headers.get("Upload-Metadata", "")
    if len(header) > METADATA_MAX_CHARS:
        raise _unreadable()
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        name, _, coded = pair.partition(" ")
        try:
            found[name] = base64.b64decode(coded.strip(), validate=True).decode("utf-8")
        except (binascii.Error, ValueError) as error:
            raise _unreadable() from error
    return found


def answer_headers(upload: OpenUpload) -> dict[str, str]:
    """What every answer about an upload says."""
    expires = datetime.fromtimestamp(upload.expires_us // 1_000_000, UTC)
    return {
        "Tus-Resumable": VERSION,
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.size),
        "Upload-Expires": format_datetime(expires, usegmt=True),
        "Cache-Control": "no-store",
    }


def _unreadable() -> ApiError:
    return ApiError(400, "invalid_request", "Upload-Metadata must be names and base64: filename ZmlsbS5tcDQ=")
