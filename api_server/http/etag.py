"""Versions of things that people edit, as ETags: `"v3"`."""

import re

from flask import Request

from api_server.http.errors import ApiError

_ETAG = re.compile(r'^"v(\d{1,18})"$')


def etag_of(version: int) -> str:
    return f'"v{version}"'


def wanted_version(request: Request) -> int | None:
    """The version in `If-Match`; None: any. Raises ApiError 400."""
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return None
    match = _ETAG.fullmatch(header)
    if match is None:
        raise ApiError(400, "invalid_request", 'If-Match must be an ETag of this, like "v3".')
    return int(match[1])
