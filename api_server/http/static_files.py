"""The files that pages are made of: the project's own and Bootstrap's stylesheet, read once, small on the line."""

import gzip
import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from flask import Request, Response

from common.errors import ConfigurationError

STATIC_FOLDER = "web/static"
LIBRARY = "bootstrap.min.css"
_IN_PACKAGE = Path("static", "bootstrap5", "css", LIBRARY)
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_WORTH = 0.9
"""A file that gzip makes no smaller than this part of it goes as it is."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of the page. `packed`: the same, gzipped, where that is worth it. `etag` changes with the content and, as
    a strong one has to (RFC 9110, 8.8.3.3), with the coding."""

    content: bytes
    packed: bytes | None
    media: str
    digest: str

    @classmethod
    def of(cls, content: bytes, media: str) -> "StaticFile":
        packed = gzip.compress(content, mtime=0)
        is_worth_it = len(packed) < _WORTH * len(content)
        return cls(content, packed if is_worth_it else None, media, hashlib.sha256(content).hexdigest()[:24])

    def answer(self, request: Request) -> Response:
        """The file, or 304. Nothing in it is anybody's secret, so that its packed length tells nothing."""
        is_packed = self.packed is not None and request.accept_encodings["gzip"] > 0
        etag = f'"{self.digest}-gzip"' if is_packed else f'"{self.digest}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if self.packed is not None:
            headers["Vary"] = "Accept-Encoding"
        if request.headers.get("If-None-Match") == etag:
            return Response(status=304, headers=headers)
        if is_packed:
            headers["Content-Encoding"] = "gzip"
        return Response(self.packed if is_packed else self.content, headers=headers, mimetype=self.media)


def library_path() -> Path:
    """Where bootstrap-flask keeps the stylesheet; the package itself is not imported (it would want WTForms).

    ConfigurationError when it is not installed.
    """
    found = importlib.util.find_spec("flask_bootstrap")
    path = Path(found.origin).parent / _IN_PACKAGE if found is not None and found.origin else None
    if path is None or not path.is_file():
        raise ConfigurationError("the page needs the stylesheet of bootstrap-flask: pip install bootstrap-flask")
    return path


def read_static() -> Mapping[str, StaticFile]:
    """Every file of the page by name. Only these can be asked for: no name ever reaches the file system."""
    files = {LIBRARY: StaticFile.of(library_path().read_bytes(), _TYPES[".css"])}
    for entry in resources.files("api_server").joinpath(*STATIC_FOLDER.split("/")).iterdir():
        suffix = entry.name[entry.name.rfind(".") :]
        if entry.is_file() and suffix in _TYPES:
            files[entry.name] = StaticFile.of(entry.read_bytes(), _TYPES[suffix])
    return files
