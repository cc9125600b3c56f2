"""Exports: a zip that proves what is in it, and films that a worker makes."""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from api_server.access.subject import Right, Role
from api_server.exports.erasure import ExportEraser
from api_server.exports.film import Film, Shown, stretches
from api_server.exports.record import ExportKind, ExportRecord, ExportState
from api_server.exports.store import ExportStore
from api_server.exports.worker import ATTEMPTS_MAX, LEASE_S, FilmWorker
from api_server.routes.export_routes import ACTIVE_MAX, KEPT_S
from api_server.strays import SETTLED_AFTER_S
from tests.unit.api_server.world import Browser, World, make_sidecar, make_sighting, recorder_sidecar

START_MS = 1_700_000_000_000


def clips_of(world: World, owner: str, count: int = 3) -> list[str]:
    camera = world.add_camera(owner)
    sighting = (make_sighting(),)
    return [
        world.add_clip(make_sidecar(camera.id, start_ms=START_MS + n * 10_000, sightings=sighting)).clip_id
        for n in range(count)
    ]


def ask(browser: Browser, **body: object) -> str:
    answer = browser.send("POST", "/v1/exports", body)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    assert answer.headers["Location"] == f"/v1/exports/{answer.get_json()['id']}"
    return str(answer.get_json()["id"])


def opened(data: bytes) -> tuple[zipfile.ZipFile, dict[str, object]]:
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    return archive, json.loads(archive.read("manifest.json"))


def test_zip_holds_the_clips_as_they_are_and_their_hashes(world: World) -> None:
    ann = world.signed_in("ann")
    clips = clips_of(world, "ann")
    answer = ann.get(f"/v1/exports/{ask(ann, kind='zip', name='Ärger im Hof', clips=clips)}/file")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="rger_im_Hof.zip"'
    archive, manifest = opened(answer.data)
    entries = manifest["clips"]
    assert isinstance(entries, list)
    assert (manifest["name"], manifest["missing"], [e["clip"] for e in entries]) == ("Ärger im Hof", [], clips)
    for entry in entries:
        data = archive.read(entry["file"])
        assert data == world.store.read(world.record(entry["clip"]).clip_id.video_key)
        assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"])
        assert entry["file"].endswith("_license_plate.mp4")
    sums = archive.read("SHA256SUMS").decode().splitlines()
    assert sums == [f"{e['sha256']}  {e['file']}" for e in entries]


def test_zip_says_what_was_deleted_meanwhile(world: World) -> None:
    ann = world.signed_in("ann")
    clips = clips_of(world, "ann")
    export = ask(ann, kind="zip", clips=clips)
    assert ann.send("DELETE", f"/v1/clips/{clips[0]}").status_code == 204
    world.store.delete(world.record(clips[1]).clip_id.video_key)
    _, manifest = opened(ann.get(f"/v1/exports/{export}/file").data)
    missing = manifest["missing"]
    assert isinstance(missing, list)
    assert {entry["clip"] for entry in missing} == set(clips[:2])


def test_zip_of_a_time_is_what_the_camera_recorded(world: World) -> None:
    ann = world.signed_in("ann")
    camera = world.add_camera("ann")
    ids = [world.add_clip(recorder_sidecar(camera.id, START_MS + n * 10_000)).clip_id for n in range(3)]
    export = ask(ann, kind="zip", camera=camera.id, **{"from": START_MS + 10_000, "to": START_MS + 30_000})
    _, manifest = opened(ann.get(f"/v1/exports/{export}/file").data)
    entries = manifest["clips"]
    assert isinstance(entries, list)
    assert [e["clip"] for e in entries] == ids[1:]
    nothing = ann.send("POST", "/v1/exports", {"kind": "zip", "camera": camera.id, "from": 1, "to": 2})
    assert (nothing.status_code, nothing.get_json()["code"]) == (422, "nothing_recorded")


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "zip"},
        {"kind": "rar", "clips": ["a"]},
        {"kind": "zip", "clips": ["no clip"]},
        {"kind": "zip", "clips": [], "camera": "cam-aaaaaaaaaa"},
        {"kind": "zip", "camera": "cam-aaaaaaaaaa", "from": 2, "to": 1},
        {"kind": "zip", "clips": ["license_plate.cam-aaaaaaaaaa.1700000000000.10000"] * 2},
        {"kind": "zip", "clips": ["license_plate.cam-aaaaaaaaaa.1700000000000.10000"], "from": 1},
        {"kind": "film", "clips": [f"license_plate.cam-aaaaaaaaaa.{n}0000.10000" for n in range(1, 102)]},
        {"kind": "film", "clips": ["license_plate.cam-aaaaaaaaaa.1700000000000.10000"], "around_ms": 0},
    ],
)
def test_export_that_is_not_whole_is_refused(world: World, body: dict[str, object]) -> None:
    answer = world.signed_in("ann").send("POST", "/v1/exports", body)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request")


def test_export_of_clips_of_others_is_as_if_there_were_none(world: World) -> None:
    ann, _bob = world.signed_in("ann"), world.signed_in("bob")
    his = clips_of(world, "bob")
    hers = clips_of(world, "ann")
    assert ann.send("POST", "/v1/exports", {"kind": "zip", "clips": [*hers, his[0]]}).status_code == 404
    assert (
        ann.send(
            "POST", "/v1/exports", {"kind": "zip", "camera": world.record(his[0]).camera, "from": 1, "to": 2}
        ).status_code
        == 404
    )


def test_export_whose_grant_was_withdrawn_holds_nothing_of_it(world: World) -> None:
    ann, _bob = world.signed_in("ann"), world.signed_in("bob")
    his = clips_of(world, "bob")
    grant = f"grants.{world.record(his[0]).camera}"
    world.users.edit("usr-ann", {grant: Right.VIEW.value})
    export = ask(ann, kind="zip", clips=his)
    assert len(opened(ann.get(f"/v1/exports/{export}/file").data)[0].namelist()) == 5
    world.users.edit("usr-ann", {}, unset=(grant,))
    assert opened(ann.get(f"/v1/exports/{export}/file").data)[0].namelist() == ["SHA256SUMS", "manifest.json"]


def test_exports_are_listed_for_their_owner_and_paged(world: World) -> None:
    ann, bob = world.signed_in("ann"), world.signed_in("bob")
    clips = clips_of(world, "ann", 1)
    ids = []
    for _ in range(3):
        ids.append(ask(ann, kind="zip", clips=clips))
        world.clock.advance(1)
    first = ann.get("/v1/exports?limit=2").get_json()
    rest = ann.get(f"/v1/exports?limit=2&cursor={first['next']}").get_json()
    assert [e["id"] for e in first["exports"] + rest["exports"]] == ids[::-1]
    assert rest["next"] is None
    assert bob.get("/v1/exports").get_json()["exports"] == []
    assert len(world.signed_in("root", Role.ADMIN).get("/v1/exports").get_json()["exports"]) == 3
    assert ann.send("DELETE", f"/v1/exports/{ids[0]}").status_code == 204
    assert ann.get(f"/v1/exports/{ids[0]}").status_code == 404


class FilmBench:
    """A worker whose films are made up: cutting is moviepy's business (`test_film`)."""

    def __init__(self, world: World, folder: Path) -> None:
        self.exports = ExportStore(world.database)
        self.worker = FilmWorker(self.exports, world.clips, world.cameras, world.store, folder, world.clock)
        self.eraser = ExportEraser(self.exports, world.clips, world.store, world.clock)

    def state(self, export_id: str) -> ExportRecord:
        export = self.exports.known(export_id)
        assert export is not None
        return export


class StandInMaker:
    """Puts the clips behind one another."""

    def __init__(self, folder: Path, captions: bool, around_s: float | None) -> None:
        self.target = folder / "film.mp4"
        self.data = b""

    def add(self, scene: object) -> None:
        self.data += scene.path.read_bytes()  # type: ignore[attr-defined]

    def finish(self) -> Film:
        self.target.write_bytes(self.data)
        return Film(self.target, 1_500, ("a note",))


@pytest.fixture
def bench(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FilmBench:
    monkeypatch.setattr("api_server.exports.worker.FilmMaker", StandInMaker)
    return FilmBench(world, tmp_path / "films")


def test_film_is_made_by_a_worker_and_fetched_under_its_name(world: World, bench: FilmBench, tmp_path: Path) -> None:
    ann = world.signed_in("ann")
    clips = clips_of(world, "ann")
    export = ask(ann, kind="film", name="Night", clips=clips)
    waiting = ann.get(f"/v1/exports/{export}/file")
    assert (waiting.status_code, waiting.get_json()["code"]) == (409, "not_finished")
    world.clock.advance(60)
    assert "waits for the film worker" in ann.get(f"/v1/exports/{export}").get_json()["note"]
    assert bench.worker.run_once() == 1
    assert bench.worker.run_once() == 0
    said = ann.get(f"/v1/exports/{export}").get_json()
    assert (said["state"], said["clips_done"], said["duration_ms"], said["notes"]) == ("finished", 3, 1500, ["a note"])
    film = ann.get(f"/v1/exports/{export}/file")
    assert film.data == b"".join(world.store.read(world.record(c).clip_id.video_key) for c in clips)
    assert film.headers["Content-Disposition"] == 'attachment; filename="Night.mp4"'
    assert list((tmp_path / "films").iterdir()) == []


def test_film_goes_with_a_clip_it_shows(world: World, bench: FilmBench) -> None:
    ann = world.signed_in("ann")
    clips = clips_of(world, "ann")
    export = ask(ann, kind="film", clips=clips)
    bench.worker.run_once()
    ann.send("DELETE", f"/v1/clips/{clips[1]}")
    refused = ann.get(f"/v1/exports/{export}/file")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "clips_gone")
    assert bench.eraser.expire() == 1
    bench.eraser.run_once()
    assert not [key for key in world.store.objects() if key.startswith("exports/")]
    assert bench.exports.known(export) is None


def test_film_whose_worker_died_is_taken_up_again_and_at_last_given_up(
    world: World, bench: FilmBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.signed_in("ann")
    export = ask(ann, kind="film", clips=clips_of(world, "ann"))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "read_range", die)
        for attempt in range(1, ATTEMPTS_MAX + 1):
            with pytest.raises(KeyboardInterrupt):
                bench.worker.run_once()
            assert (bench.state(export).state, bench.state(export).attempts) == (ExportState.PROCESSING, attempt)
            assert bench.worker.run_once() == 0
            world.clock.advance(LEASE_S + 1)
    assert bench.worker.run_once() == 0
    assert bench.state(export).state is ExportState.FAILED
    assert "never came to an end" in (bench.state(export).reason or "")


def test_film_deleted_while_it_is_made_leaves_nothing(
    world: World, bench: FilmBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.signed_in("ann")
    export = ask(ann, kind="film", clips=clips_of(world, "ann"))
    put = world.store.replace

    def put_late(*arguments: object, **options: object) -> None:
        bench.exports.hide(export)
        bench.eraser.run_once()
        put(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(world.store, "replace", put_late)
    bench.worker.run_once()
    assert not [key for key in world.store.objects() if key.startswith("exports/")]


def test_film_worker_that_is_stopped_gives_the_film_back(world: World, bench: FilmBench, tmp_path: Path) -> None:
    ann = world.signed_in("ann")
    export = ask(ann, kind="film", clips=clips_of(world, "ann"))
    stopping = FilmWorker(
        bench.exports, world.clips, world.cameras, world.store, tmp_path, world.clock, is_stopping=lambda: True
    )
    stopping.run_once()
    assert (bench.state(export).state, bench.state(export).attempts) == (ExportState.RECEIVED, 0)
    assert bench.worker.run_once() == 1


def test_films_of_one_person_are_bounded(world: World) -> None:
    ann = world.signed_in("ann")
    clips = clips_of(world, "ann", 1)
    for _ in range(ACTIVE_MAX):
        ask(ann, kind="film", clips=clips)
    answer = ann.send("POST", "/v1/exports", {"kind": "film", "clips": clips})
    assert (answer.status_code, answer.get_json()["code"]) == (429, "too_many_films")


def test_exports_end_after_a_day_and_orphans_are_swept(world: World, bench: FilmBench) -> None:
    ann = world.signed_in("ann")
    clips = clips_of(world, "ann", 1)
    ask(ann, kind="zip", clips=clips)
    ask(ann, kind="film", clips=clips)
    bench.worker.run_once()
    world.store.create("exports/ex-aaaaaaaaaaaaaaaa/film.mp4", b"x", "video/mp4")
    assert (bench.eraser.expire(), bench.eraser.sweep()) == (0, 0)
    world.clock.advance(max(KEPT_S, SETTLED_AFTER_S) + 1)
    assert (bench.eraser.sweep(), bench.eraser.expire()) == (1, 2)
    bench.eraser.run_once()
    assert (bench.exports.ids(), [k for k in world.store.objects() if k.startswith("exports/")]) == (set(), [])


@pytest.mark.parametrize(
    ("shown", "around_s", "expected"),
    [
        ((), 1.0, [(0.0, 10.0)]),
        ((Shown("A", 4, 5),), None, [(0.0, 10.0)]),
        ((Shown("A", 4, 5),), 1.0, [(3, 6)]),
        ((Shown("B", 6, 7), Shown("A", 4, 5)), 1.0, [(3, 8)]),
        ((Shown("A", 0, 1), Shown("B", 8, 12)), 1.0, [(0, 2), (7, 10)]),
        ((Shown("A", 30, 31),), 1.0, [(0.0, 10.0)]),
    ],
)
def test_stretches_lie_around_what_was_seen(
    shown: tuple[Shown, ...], around_s: float | None, expected: list[tuple[float, float]]
) -> None:
    assert stretches(shown, 10.0, around_s) == expected


def test_export_kinds_are_the_documented_ones() -> None:
    assert {kind.value for kind in ExportKind} == {"zip", "film"}
