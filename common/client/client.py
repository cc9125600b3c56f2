"""The client itself: one session or API token, lists as iterators, creates that are never done twice."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from common.client.problem import ApiProblem
from common.client.resumable import VERSION, ResumableUpload, Told, metadata

TIMEOUT_S = 30.0
TRIES = 4
"""Of what may be repeated: reading, and creates, which carry an Idempotency-Key."""
PAUSE_S = 0.5
PAUSE_MAX_S = 5.0
POLL_S = 0.5
PAGE = 200
CHUNK_BYTES = 256 * 1024
_AGAIN = frozenset({502, 503, 504})

Fields = dict[str, Any]
"""What the API answers; `/openapi.json` says what is in it."""


class LookoutClient:
    """`token`: an API token; without one, `sign_in`. One thread at a time. Everything raises ApiProblem when the API
    refuses, and httpx.TransportError when it cannot be reached."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout_s: float = TIMEOUT_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        self._http = httpx.Client(
            base_url=url, timeout=timeout_s, headers=headers, transport=transport, follow_redirects=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def sign_in(self, name: str, password: str, code: str | None = None) -> Fields:
        """A session: from here on in the client's cookie. `code`: of a second factor, where one is asked for."""
        body = {"name": name, "password": password} | ({"code": code} if code is not None else {})
        said = self._json(self._http.post("/v1/session", json=body))
        self._http.headers["X-CSRF-Token"] = said["csrf_token"]
        return said

    def sign_out(self) -> None:
        self.delete("/v1/session")

    # Any route

    def get(self, path: str, **query: Any) -> Fields:
        """One answer. A `from_` is sent as `from`: it is a word of Python."""
        return self._json(self._repeated("GET", path, params=_query(query)))

    def listed(self, path: str, **query: Any) -> Iterator[Fields]:
        """Every item of a list, page by page: of the first field that holds a list."""
        wanted = {"limit": PAGE, **_query(query)}
        while True:
            page = self._json(self._repeated("GET", path, params=wanted))
            yield from next(value for value in page.values() if isinstance(value, list))
            if page.get("next") is None:
                return
            wanted["cursor"] = page["next"]

    def create(self, path: str, body: Mapping[str, Any], key: str | None = None) -> Fields:
        """A POST that makes something, exactly once, however often it has to be sent. `key`: to go on with a try of an
        earlier run of the program."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self._json(self._repeated("POST", path, json=body, headers=headers))

    def change(self, path: str, body: Mapping[str, Any], etag: str | None = None, method: str = "PATCH") -> Fields:
        """`etag`: refused (412) when it was changed since."""
        headers = {"If-Match": etag} if etag is not None else {}
        return self._json(self._http.request(method, path, json=body, headers=headers))

    def delete(self, path: str) -> None:
        self._checked(self._http.delete(path))

    def download(self, path: str, target: Path) -> int:
        """A video, poster or export into a file, which appears when it is whole; its bytes."""
        partial = target.with_name(target.name + ".part")
        size = 0
        with self._http.stream("GET", path) as response:
            if response.is_error:
                response.read()
                raise ApiProblem.of(response)
            with partial.open("wb") as file:
                for chunk in response.iter_bytes(CHUNK_BYTES):
                    size += file.write(chunk)
        partial.replace(target)
        return size

    # What programs do most

    def cameras(self) -> Iterator[Fields]:
        return self.listed("/v1/cameras")

    def create_camera(self, name: str, **settings: Any) -> Fields:
        """With its token, which is shown this once."""
        return self.create("/v1/cameras", {"name": name, **settings})

    def clips(self, **filters: Any) -> Iterator[Fields]:
        """`camera`, `analysis`, `label`, `emotion`, `text` (a plate), `person`, `from_`, `to`, `sort` (`newest`,
        `oldest`), `sightings` (`any`: also without)."""
        return self.listed("/v1/clips", **filters)

    def sightings(self, **filters: Any) -> Iterator[Fields]:
        """Filters as of `clips`; `query`: what that query found."""
        return self.listed("/v1/sightings", **filters)

    def upload(self, path: Path, media: str = "application/octet-stream", name: str | None = None) -> Fields:
        """A video file in one request, which is not repeated when it breaks off; `upload_recording` goes on."""
        with path.open("rb") as file:
            headers = {"Content-Type": media, "Content-Length": str(path.stat().st_size)}
            query = {"name": name or path.name}
            return self._json(self._http.post("/v1/recordings", params=query, content=file, headers=headers))

    def upload_recording(
        self,
        path: Path,
        name: str | None = None,
        recorded_at: str | None = None,
        *,
        begun: str | None = None,
        on_begun: Callable[[str], object] = lambda _location: None,
        told: Told | None = None,
    ) -> Fields:
        """A video file, piece by piece: what broke off is gone on with from where the server has it.

        `on_begun` is told the upload's address; as `begun` it lets another run of the program go on. `told`: (bytes
        there, bytes in all), now and then.
        """
        size = path.stat().st_size
        if begun is None:
            said = {**VERSION, "Upload-Length": str(size), "Upload-Metadata": metadata(name or path.name, recorded_at)}
            headers = {**said, "Idempotency-Key": str(uuid.uuid4())}
            begun = self._repeated("POST", "/v1/uploads", headers=headers).headers["Location"]
        on_begun(begun)
        with path.open("rb") as file:
            return self.get(ResumableUpload(self._http, begun, size, told).send(file))

    def ask(self, **question: Any) -> Fields:
        """A query: `recording` or `camera`, `from_`, `to`, and `analysis`."""
        return self.create("/v1/queries", _query(question))

    def export(self, **wanted: Any) -> Fields:
        """`kind` zip or film, and `clips`."""
        return self.create("/v1/exports", _query(wanted))

    def wait(self, path: str, limit_s: float) -> Fields:
        """Until a query or an export has come to its end. Raises TimeoutError."""
        until_s = time.monotonic() + limit_s
        while True:
            said = self.get(path)
            if said["state"] not in ("received", "processing"):
                return said
            if time.monotonic() > until_s:
                raise TimeoutError(f"{path} is still {said['state']} after {limit_s:g} s")
            time.sleep(POLL_S)

    def analyze(self, analysis: str, picture: bytes, media: str = "image/jpeg", **query: Any) -> Fields:
        """What is in one picture."""
        headers = {"Content-Type": media, "Accept": "application/json"}
        path = f"/v1/analyze/{analysis}"
        return self._json(self._http.post(path, params=_query(query), content=picture, headers=headers))

    def _repeated(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Sent again after an outage, with growing pauses. Raises ApiProblem, or the last transport error."""
        pause_s = PAUSE_S
        for tries_left in reversed(range(TRIES)):
            try:
                response = self._http.request(method, path, **options)
            except httpx.TransportError:
                if not tries_left:
                    raise
            else:
                is_busy = response.status_code == 409 and response.headers.get("Retry-After") is not None
                if not tries_left or not (response.status_code in _AGAIN or is_busy):
                    return self._checked(response)
            time.sleep(pause_s)
            pause_s = min(PAUSE_MAX_S, pause_s * 2)
        raise AssertionError("the last try returns or raises")

    def _json(self, response: httpx.Response) -> Fields:
        said = self._checked(response).json()
        if not isinstance(said, dict):
            raise ApiProblem(response.status_code, "unknown", "The answer is no object.", "none")
        return said

    @staticmethod
    def _checked(response: httpx.Response) -> httpx.Response:
        if response.is_error:
            raise ApiProblem.of(response)
        return response


def _query(given: Mapping[str, Any]) -> Fields:
    return {name.removesuffix("_"): value for name, value in given.items() if value is not None}
