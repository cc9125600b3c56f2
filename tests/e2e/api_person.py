"""A signed-in person: the API as a program uses it."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

TIMEOUT_S = 20.0
PAGE_LIMIT = 200


class ApiPerson:
    """One session. GETs may come from several threads; the session's cookie is set once, at the start."""

    def __init__(self, address: str, name: str, password: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=TIMEOUT_S, trust_env=False)
        answer = self._client.post("/v1/session", json={"name": name, "password": password})
        answer.raise_for_status()
        self._client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]

    @classmethod
    def from_first_admin(cls, address: str, file: Path) -> Self:
        """Signs in with the `name password` that the API server left in its file."""
        name, _, password = file.read_text(encoding="utf-8").strip().partition(" ")
        return cls(address, name, password)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def create_camera(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A new camera with its token."""
        answer = self._client.post("/v1/cameras", json=body)
        answer.raise_for_status()
        made: dict[str, Any] = answer.json()
        return made

    def clips(self, **filters: str) -> list[dict[str, Any]]:
        """Every clip, empty analysis clips included, the newest first."""
        return list(self._pages("/v1/clips", "clips", {"sightings": "any", **filters}))

    def sightings(self, **filters: str) -> list[dict[str, Any]]:
        """Every sighting that fits."""
        return list(self._pages("/v1/sightings", "sightings", filters))

    def video(self, clip: str) -> bytes:
        """The whole file of a clip."""
        answer = self._client.get(f"/v1/clips/{clip}/video", follow_redirects=True)
        answer.raise_for_status()
        return answer.content

    def video_range(self, clip: str, first: int, last: int) -> httpx.Response:
        """Bytes `first` to `last`, inclusive, of a clip's file, as a player asks for them."""
        headers = {"Range": f"bytes={first}-{last}"}
        return self._client.get(f"/v1/clips/{clip}/video", headers=headers, follow_redirects=True)

    def get(self, path: str) -> httpx.Response:
        """Any other GET."""
        return self._client.get(path)

    def create_export(self, body: Mapping[str, Any]) -> str:
        """The id of a new export."""
        answer = self._client.post("/v1/exports", json=body)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def status_without_session(self, path: str) -> int:
        """What a stranger is answered."""
        return httpx.get(str(self._client.base_url.join(path)), timeout=TIMEOUT_S, trust_env=False).status_code

    def _pages(self, path: str, key: str, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        cursor: str | None = None
        while True:
            query = {**filters, "limit": str(PAGE_LIMIT)} | ({"cursor": cursor} if cursor else {})
            answer = self._client.get(path, params=query)
            answer.raise_for_status()
            page = answer.json()
            yield from page[key]
            cursor = page["next"]
            if cursor is None:
                return


def wait_for(condition: Callable[[], bool], limit_s: float, step_s: float = 0.25) -> bool:
    """Poll until `condition` holds; False when it did not within `limit_s`."""
    until_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > until_s:
            return False
        time.sleep(step_s)
    return True
