"""The Python client against the application itself."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from common.client import ApiProblem, LookoutClient
from tests.unit.api_server.test_exports import clips_of
from tests.unit.api_server.world import FILM, PASSWORD, World


@pytest.fixture
def client(world: World) -> Iterator[LookoutClient]:
    world.add_user("ann")
    with LookoutClient("http://testserver", transport=httpx.WSGITransport(world.app)) as client:
        client.sign_in("ann", PASSWORD)
        yield client


def test_client_lists_page_by_page(world: World, client: LookoutClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.client.client.PAGE", 2)
    clips = clips_of(world, "ann", 5)
    assert [clip["id"] for clip in client.clips(analysis="license_plate")] == clips[::-1]
    assert [clip["id"] for clip in client.clips(sort="oldest")] == clips
    assert len(list(client.sightings(text="mab123", from_=1))) == 5
    assert [one["clip"] for one in client.sightings(sort="oldest", from_=1)] == clips
    assert list(client.sightings(person="Ada")) == []
    assert [camera["name"] for camera in client.cameras()] == ["Door"]
    cameras = sorted([camera["id"] for camera in client.cameras()] + [world.add_camera("ann").id for _ in range(4)])
    assert [line["camera"] for line in client.listed("/v1/status")] == cameras, "all made at one moment"
    assert len(list(client.listed("/v1/retention"))) == 10, "two analyses of each"
    assert len(list(client.listed("/v1/account/sessions"))) == 1


def test_client_creates_once_although_the_answer_was_lost(
    world: World, client: LookoutClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.client.client.PAUSE_S", 0.01)
    send = client._http.request
    lost: list[httpx.Response] = []

    def lossy(method: str, path: str, **options: object) -> httpx.Response:
        response = send(method, path, **options)  # type: ignore[arg-type]
        if not lost:
            lost.append(response)
            raise httpx.ReadError("the answer was lost")
        return response

    monkeypatch.setattr(client._http, "request", lossy)
    made = client.create_camera("Gate", clip_ms=10_000)
    assert made["token"] == lost[0].json()["token"]
    assert [camera.name for camera in world.cameras.active()] == ["Gate"]


def test_client_refusals_are_problems_with_a_sentence(client: LookoutClient) -> None:
    with pytest.raises(ApiProblem, match=r"no such thing") as refused:
        client.get("/v1/cameras/cam-none222222")
    assert (refused.value.status, refused.value.code) == (404, "not_found")
    assert refused.value.request_id != "none"
    client.sign_out()
    with pytest.raises(ApiProblem) as out:
        client.get("/v1/cameras")
    assert out.value.status == 401


def test_client_changes_under_an_etag(world: World, client: LookoutClient) -> None:
    camera = world.add_camera("ann")
    path = f"/v1/cameras/{camera.id}"
    assert client.change(path, {"name": "New"}, '"v1"')["version"] == 2
    with pytest.raises(ApiProblem) as refused:
        client.change(path, {"name": "Newer"}, '"v1"')
    assert refused.value.status == 412
    client.delete(path)
    assert list(client.cameras()) == []


def test_client_uploads_exports_and_downloads(world: World, client: LookoutClient, tmp_path: Path) -> None:
    film = tmp_path / "street.mp4"
    film.write_bytes(FILM)
    upload = client.upload(film, "video/mp4")
    assert (upload["name"], upload["bytes"]) == ("street.mp4", len(FILM))
    query = client.ask(recording=upload["id"], analysis="license_plate")
    world.finish_query(query["id"])
    assert client.wait(f"/v1/queries/{query['id']}", 5)["state"] == "finished"
    export = client.export(kind="zip", clips=clips_of(world, "ann"))
    target = tmp_path / "clips.zip"
    assert client.download(client.wait(f"/v1/exports/{export['id']}", 5)["file"], target) == target.stat().st_size
    assert target.read_bytes()[:2] == b"PK"
    with pytest.raises(ApiProblem):
        client.download("/v1/exports/ex-aaaaaaaaaaaaaaaa/file", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_readme_program_runs(
    world: World,
    client: LookoutClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    program = readme.partition("## From a program")[2].partition("```python\n")[2].partition("```")[0]
    clips_of(world, "ann")
    (tmp_path / "street.mp4").write_bytes(FILM)
    monkeypatch.chdir(tmp_path)
    ask = client.ask

    def answered(**question: object) -> dict[str, object]:
        query = ask(**question)
        world.finish_query(query["id"])
        return query

    client.ask = answered  # type: ignore[method-assign]
    monkeypatch.setattr("common.client.LookoutClient", lambda *_args, **_named: client)
    exec(compile(program, "README.md", "exec"), {})
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "finished"
    assert "M AB 123" in said[0]


def test_client_waits_only_so_long(world: World, client: LookoutClient) -> None:
    upload = world.add_upload("ann")
    query = client.ask(recording=upload.id, analysis="license_plate")
    with pytest.raises(TimeoutError):
        client.wait(f"/v1/queries/{query['id']}", 0)


class Breaking(httpx.BaseTransport):
    """Breaks off in the middle of every second piece, and loses the answer to some others."""

    def __init__(self, world: World) -> None:
        self._inner = httpx.WSGITransport(world.app)
        self.pieces = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "PATCH":
            return self._inner.handle_request(request)
        self.pieces += 1
        if self.pieces % 3 == 1:
            data = request.read()
            half = httpx.Request(
                "PATCH", request.url, headers={**request.headers, "Content-Length": "7"}, content=data[:7]
            )
            self._inner.handle_request(half)
            raise httpx.WriteError("broken")
        response = self._inner.handle_request(request)
        if self.pieces % 3 == 2:
            raise httpx.ReadTimeout("the answer was lost")
        return response


def test_client_goes_on_with_an_upload_that_breaks(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.client.resumable.PAUSE_S", 0.001)
    monkeypatch.setattr("common.client.resumable.CHUNK_BYTES", 700)
    world.add_user("ann")
    film = tmp_path / "street.mp4"
    film.write_bytes(FILM)
    begun: list[str] = []
    told: list[tuple[int, int]] = []
    with LookoutClient("http://testserver", transport=Breaking(world)) as client:
        client.sign_in("ann", PASSWORD)
        made = client.upload_recording(
            film, recorded_at="2026-01-31T08:00:00Z", on_begun=begun.append, told=lambda n, of: told.append((n, of))
        )
        assert (made["name"], made["bytes"], made["time_known"]) == ("street.mp4", len(FILM), True)
        assert client.download(made["video"], tmp_path / "copy.mp4") == len(FILM)
        assert (tmp_path / "copy.mp4").read_bytes() == FILM
        assert told[-1] == (len(FILM), len(FILM))
        assert [n for n, _ in told] == sorted(n for n, _ in told)
        assert client.upload_recording(film, begun=begun[0])["id"] == made["id"], "there is nothing left to send"


def test_client_gives_up_what_is_no_video(world: World, client: LookoutClient, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"just some text, and a lot of it " * 10)
    with pytest.raises(ApiProblem) as refused:
        client.upload_recording(tmp_path / "notes.txt")
    assert refused.value.status == 415
    assert world.store.objects() == {}
