"""Clips and sightings over the API: listed, filtered, paged, deleted."""

from typing import Any

import pytest

from api_server.access.subject import Role
from api_server.clips.paging import Cursor
from tests.unit.api_server.world import Browser, World, make_sidecar, make_sighting, recorder_sidecar

START = 1_700_000_000_000


@pytest.fixture
def camera(world: World) -> str:
    world.add_user("ann")
    return world.add_camera("ann").id


@pytest.fixture
def ann(world: World, camera: str) -> Browser:
    return world.signed_in("ann")


def ids(browser: Browser, query: str = "", kind: str = "clips") -> list[str]:
    answer = browser.get(f"/v1/{kind}?{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [item["id"] for item in answer.get_json()[kind]]


def test_list_newest_window_first(world: World, camera: str, ann: Browser) -> None:
    events = [world.add_clip(make_sidecar(camera, start_ms=START + n * 10_000)) for n in (0, 2, 1)]
    assert ids(ann) == [events[1].clip_id, events[2].clip_id, events[0].clip_id]


def test_list_leaves_out_analysis_clips_without_sightings_and_never_recordings(
    world: World, camera: str, ann: Browser
) -> None:
    empty = world.add_clip(make_sidecar(camera, "emotion", sightings=())).clip_id
    recorded = world.add_clip(recorder_sidecar(camera)).clip_id
    seen = world.add_clip(make_sidecar(camera)).clip_id
    assert set(ids(ann)) == {recorded, seen}
    assert set(ids(ann, "sightings=any")) == {recorded, seen, empty}


def test_list_filters(world: World, camera: str, ann: Browser) -> None:
    other = world.add_camera("ann").id
    happy = make_sighting(kind="face", label="happy", text=None)
    plate = world.add_clip(make_sidecar(camera, start_ms=START)).clip_id
    face = world.add_clip(make_sidecar(camera, "emotion", START + 10_000, sightings=(happy,))).clip_id
    elsewhere = world.add_clip(make_sidecar(other, start_ms=START + 20_000)).clip_id
    assert ids(ann, f"camera={other}") == [elsewhere]
    assert ids(ann, "analysis=emotion") == [face]
    assert ids(ann, "label=happy") == [face]
    assert ids(ann, "label=sad") == []
    assert ids(ann, "text=m-ab%20123") == [elsewhere, plate]
    assert ids(ann, f"text=AB12&camera={camera}") == [plate]
    assert ids(ann, f"from={START + 5_000}&to={START + 15_000}") == [face]
    assert ids(ann, "from=2023-11-14T22:13:29Z&to=2023-11-14T23:13:32%2B01:00") == [face]
    assert ids(ann, "camera=&analysis=&label=&text=&from=&to=") == [elsewhere, face, plate]


def test_list_pages_hold_every_clip_once(world: World, camera: str, ann: Browser) -> None:
    made = [world.add_clip(make_sidecar(camera, start_ms=START + n // 2 * 10_000,
                                        analysis=("emotion", "license_plate")[n % 2])).clip_id
            for n in range(11)]  # fmt: skip
    for query in ("limit=3", "limit=3&text=AB"):
        seen: list[str] = []
        cursor = ""
        while True:
            page = ann.get(f"/v1/clips?{query}&cursor={cursor}").get_json()
            assert len(page["clips"]) <= 3
            seen += [clip["id"] for clip in page["clips"]]
            if page["next"] is None:
                break
            cursor = page["next"]
        assert sorted(seen) == sorted(made)
        assert len(seen) == len(set(seen))


def walked(browser: Browser, kind: str, query: str) -> list[str]:
    """Every id of a list, page by page."""
    seen: list[str] = []
    cursor = ""
    while True:
        page = browser.get(f"/v1/{kind}?{query}&cursor={cursor}").get_json()
        seen += [item["id"] for item in page[kind]]
        if page["next"] is None:
            return seen
        cursor = page["next"]


@pytest.mark.parametrize("kind", ["clips", "sightings"])
@pytest.mark.parametrize("narrowed", ["", "&text=AB", "&from=1700000005000", "&camera=CAMERA"])
def test_list_oldest_first_is_the_newest_first_turned_round(
    world: World, camera: str, ann: Browser, kind: str, narrowed: str
) -> None:
    for n in range(7):
        at_us = (START + n // 2 * 10_000) * 1000
        twice = tuple(make_sighting(k, first_us=at_us, last_us=at_us) for k in range(2))
        analysis = ("emotion", "license_plate")[n % 2]
        world.add_clip(make_sidecar(camera, analysis, START + n // 2 * 10_000, sightings=twice))
    query = narrowed.replace("CAMERA", camera)
    newest = walked(ann, kind, f"limit=3{query}")
    assert len(newest) == len(set(newest)) > 3
    assert walked(ann, kind, f"limit=3&sort=newest{query}") == newest
    assert walked(ann, kind, f"limit=3&sort=oldest{query}") == newest[::-1]
    assert walked(ann, kind, f"limit=200&sort=oldest{query}") == newest[::-1]


@pytest.mark.parametrize("kind", ["clips", "sightings"])
def test_list_what_comes_meanwhile_shifts_nothing(world: World, camera: str, ann: Browser, kind: str) -> None:
    def add(n: int) -> str:
        at_us = (START + n * 10_000) * 1000
        seen = (make_sighting(first_us=at_us, last_us=at_us),)
        clip = world.add_clip(make_sidecar(camera, start_ms=START + n * 10_000, sightings=seen)).clip_id
        return clip if kind == "clips" else f"{clip}.0"

    made = [add(n) for n in range(10, 14)]
    for turn, (order, expected) in enumerate((("newest", made[::-1]), ("oldest", made))):
        first = ann.get(f"/v1/{kind}?limit=2&sort={order}").get_json()
        newer = add(14 + turn)
        rest = ann.get(f"/v1/{kind}?limit=9&sort={order}&cursor={first['next']}").get_json()
        shown = [item["id"] for item in first[kind] + rest[kind]]
        assert [one for one in shown if one in made] == expected
        assert len(shown) == len(set(shown))
        # What comes at the front is seen when the list is begun anew, what comes at the end is come by.
        assert (newer in shown) is (order == "oldest")


@pytest.mark.parametrize("kind", ["clips", "sightings"])
def test_list_cursor_of_another_order_is_refused(world: World, camera: str, ann: Browser, kind: str) -> None:
    for n in range(3):
        world.add_clip(make_sidecar(camera, start_ms=START + n * 10_000))
    newest = ann.get(f"/v1/{kind}?limit=1").get_json()["next"]
    oldest = ann.get(f"/v1/{kind}?limit=1&sort=oldest").get_json()["next"]
    for query in (f"cursor={newest}&sort=oldest", f"cursor={oldest}", f"cursor={oldest}&sort=newest"):
        answer = ann.get(f"/v1/{kind}?{query}")
        assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request")
        assert "begin anew without it" in answer.get_json()["message"]
    for path in ("/v1/cameras", "/v1/queries", "/v1/recordings", "/v1/exports"):
        assert ann.get(f"{path}?cursor={oldest}").status_code == 400, path


def test_list_a_clip_with_many_fitting_sightings_is_listed_once(world: World, camera: str, ann: Browser) -> None:
    many = tuple(make_sighting(n) for n in range(40))
    clips = [
        world.add_clip(make_sidecar(camera, start_ms=START + n * 10_000, sightings=many)).clip_id for n in range(3)
    ]
    assert ids(ann, "text=MAB") == clips[::-1]
    assert ids(ann, "text=MAB&sort=oldest") == clips
    assert walked(ann, "clips", "text=MAB&sort=oldest&limit=1") == clips


def test_list_of_an_operator_holds_own_cameras_only(world: World, camera: str, ann: Browser) -> None:
    world.add_user("bob")
    mine = world.add_clip(make_sidecar(camera)).clip_id
    his_camera = world.add_camera("bob").id
    his = world.add_clip(make_sidecar(his_camera)).clip_id
    assert ids(ann) == [mine]
    assert ids(ann, f"camera={his_camera}") == []
    assert ids(ann, "", "sightings") == [f"{mine}.0"]
    assert set(ids(world.signed_in("root", Role.ADMIN))) == {mine, his}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=x", "cursor=x", "cursor=" + Cursor(1, "x").encode() + "A", "camera=../x",
        "camera=A", "analysis=a;b", "from=yesterday", "from=2026-01-01T00:00:00", "to=-1", "text=--",
        "text=" + "x" * 33, "label=" + "x" * 65, "sightings=none", "unknown=1",
        "sort=longest", "sort=oldest&sort=oldest",
        "limit=5&limit=6", "from=9999999999999999",
    ],
)  # fmt: skip
def test_list_bad_parameters_are_refused(ann: Browser, query: str) -> None:
    for kind in ("clips", "sightings"):
        answer = ann.get(f"/v1/{kind}?{query}")
        assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request"), kind


@pytest.mark.parametrize("text", [".*", "A|Z", "(", "[A-Z]", "$where", "M.*3", "^A"])
def test_search_text_is_never_a_pattern(world: World, camera: str, ann: Browser, text: str) -> None:
    world.add_clip(make_sidecar(camera))
    answer = ann.client.get("/v1/sightings", query_string={"text": text})
    found = answer.get_json().get("sightings", [])
    assert answer.status_code in (200, 400)
    assert len(found) == (1 if text == "^A" else 0)  # of `^A` the letter is left


@pytest.mark.parametrize("text", ["mab123", "M-AB 123", "m.ab.123", "ab1", "\uff2d\uff21\uff22"])
def test_search_plate_is_compared_by_letters_and_digits(world: World, camera: str, ann: Browser, text: str) -> None:
    world.add_clip(make_sidecar(camera))
    found = ann.client.get("/v1/sightings", query_string={"text": text}).get_json()["sightings"]
    assert [sighting["text"] for sighting in found] == ["M AB 123"]


def test_sighting_says_where_it_is(world: World, camera: str, ann: Browser) -> None:
    clip = world.add_clip(make_sidecar(camera)).clip_id
    (found,) = ann.get("/v1/sightings").get_json()["sightings"]
    assert found["clip"] == clip
    assert found["crop"] == f"/v1/clips/{clip}/crops/0"
    assert found["box"] == [10, 20, 100, 40]
    assert found["at_ms"] == 500
    assert "text_key" not in found
    assert ann.get(found["crop"]).mimetype == "image/jpeg"


def test_sightings_pages_hold_each_once(world: World, camera: str, ann: Browser) -> None:
    world.add_clip(make_sidecar(camera, sightings=tuple(make_sighting(n) for n in range(7))))
    first = ann.get("/v1/sightings?limit=4").get_json()
    rest = ann.get(f"/v1/sightings?limit=4&cursor={first['next']}").get_json()
    assert [s["n"] for s in first["sightings"] + rest["sightings"]] == [6, 5, 4, 3, 2, 1, 0]
    assert rest["next"] is None


def test_clip_shows_its_sightings_and_parts(world: World, camera: str, ann: Browser) -> None:
    event = world.add_clip(make_sidecar(camera, sightings=(make_sighting(0), make_sighting(1, text="XY 9"))))
    shown: dict[str, Any] = ann.get(f"/v1/clips/{event.clip_id}").get_json()
    assert [s["text"] for s in shown["sightings"]] == ["M AB 123", "XY 9"]
    assert shown["frame_count"] == 5
    assert shown["counts"] == {"analysed": 5}
    assert shown["complete"] is True
    assert shown["video_bytes"] == event.video_bytes
    assert "origin" not in shown
    assert ann.get(shown["sidecar"]).get_json()["origin"]["partition"] == 3


@pytest.mark.parametrize(
    "clip_id", ["x", "a.b.1.2", "license_plate.cam-aaaaaaaaaa.1700000000000.10000", "..%2f..", "%00"]
)
def test_clip_that_is_none_is_not_found(ann: Browser, clip_id: str) -> None:
    assert ann.get(f"/v1/clips/{clip_id}").status_code == 404


def test_delete_is_gone_at_once_with_sightings_and_remainders(world: World, camera: str, ann: Browser) -> None:
    clip = world.add_clip(make_sidecar(camera)).clip_id
    rest = world.add_clip(make_sidecar(camera, remainder=1, first_offset=200)).clip_id
    kept = world.add_clip(make_sidecar(camera, "emotion")).clip_id
    assert ann.send("DELETE", f"/v1/clips/{clip}").status_code == 204
    assert ids(ann) == [kept]
    assert ids(ann, "", "sightings") == [f"{kept}.0"]
    assert ids(ann, "text=AB") == [kept]
    for gone in (clip, rest):
        for part in ("", "/video", "/poster", "/crops/0", "/sidecar"):
            assert ann.get(f"/v1/clips/{gone}{part}").status_code == 404
    assert ann.send("DELETE", f"/v1/clips/{clip}").status_code == 404


def test_list_database_down_answers_503_as_json(world: World, ann: Browser) -> None:
    world.database.is_down = True
    answer = ann.get("/v1/clips")
    assert answer.status_code == 503
    assert set(answer.get_json()) == {"title", "status", "detail", "code", "message", "request_id"}
    assert answer.headers["X-Request-Id"] == answer.get_json()["request_id"]
