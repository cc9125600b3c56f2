"""Searching: plates as they are misread, people by their names, and what queries found."""

import re

import pytest

from api_server.clips.person_name import UNKNOWN, person_key
from api_server.clips.plate_text import plate_key, plate_pattern
from common.contracts.camera_settings import RECOGNITION
from consumers.recognition import analyzer, definition
from tests.unit.api_server.test_route_table import ask_body
from tests.unit.api_server.world import World, make_sidecar, make_sighting, recorder_sidecar


@pytest.mark.parametrize(
    ("asked", "stored", "fits"),
    [
        ("M AB 123", "MAB123", True),
        ("m-ab·123", "M AB 123", True),
        ("MOI 100", "M01 I00", True),
        ("AB 12", "M AB 123", True),
        ("MAB123", "MAB124", True),
        ("MAB123", "MB123", True),
        ("MAB123", "MXAB123", True),
        ("MAB123", "MXB124", False),
        ("MAB", "MAC", False),
        ("MA", "AM", False),
        ("A.*B", "AXXB", False),
        ("A+B1", "AAB1", True),
        ("[12]", "1", False),
    ],
)
def test_plate_pattern_forgives_what_is_misread(asked: str, stored: str, fits: bool) -> None:
    assert (re.search(plate_pattern(asked), plate_key(stored)) is not None) is fits


def test_plate_pattern_of_the_longest_text_is_small() -> None:
    assert len(plate_pattern("W" * 32)) < 4_000


def test_names_are_told_as_recognition_tells_them() -> None:
    assert (definition.DEFINITION.name, analyzer.UNKNOWN) == (RECOGNITION, UNKNOWN)


@pytest.mark.parametrize(
    ("asked", "name", "fits"),
    [
        ("ada", "Ada Lovelace", True),
        ("LOVELACE", "Ada Lovelace", True),
        ("ada  love", "Ada Lovelace", True),
        ("zoe obrien", "Zoë O'Brien", True),
        ("Jean Luc", "Jean-Luc", True),
        ("strasse", "Straße", True),
        ("мария", "Мария", True),
        ("ada.*", "Adaline", True),
        ("a.*a", "Ada", False),
        ("lada", "Ada Lovelace", False),
        ("$", "$", False),
    ],
)
def test_person_is_found_by_any_part_of_the_name(asked: str, name: str, fits: bool) -> None:
    assert (bool(person_key(asked)) and re.search(person_key(asked), person_key(name)) is not None) is fits


def name_faces(world: World) -> tuple[str, str]:
    """Two clips with faces that were named, and one with a plate and an emotion of the same words."""
    world.add_user("ann")
    camera = world.add_camera("ann").id
    start = 1_700_000_000_000
    faces = [
        tuple(
            make_sighting(
                n, kind="face", label=name, text=None, first_us=(start + at) * 1000, last_us=(start + at) * 1000
            )
            for n, name in enumerate(names)
        )
        for at, names in ((0, ("Ada Lovelace", "unknown")), (10_000, ("Zoë", "Ada Byron")))
    ]
    first, second = (
        world.add_clip(make_sidecar(camera, "recognition", start + n * 10_000, sightings=seen)).clip_id
        for n, seen in enumerate(faces)
    )
    world.add_clip(make_sidecar(camera, sightings=(make_sighting(text="ADA 1"),)))
    world.add_clip(make_sidecar(camera, "objects", sightings=(make_sighting(kind="thing", label="ada", text=None),)))
    return first, second


def test_person_filter_finds_sightings_and_their_clips(world: World) -> None:
    first, second = name_faces(world)
    ann = world.signed_in("ann")

    def names(query: str) -> list[str | None]:
        return [one["person"] for one in ann.get(f"/v1/sightings?{query}").get_json()["sightings"]]

    def clips(query: str) -> list[str]:
        return [one["id"] for one in ann.get(f"/v1/clips?{query}").get_json()["clips"]]

    assert names("person=ada") == ["Ada Byron", "Ada Lovelace"]
    assert names("person=zoe") == ["Zoë"]
    assert names("person=nobody") == []
    assert names("person=ada&from=1700000005000") == ["Ada Byron"]
    assert names("person=ada&analysis=license_plate") == []
    assert names("analysis=recognition&label=unknown") == [None]
    assert clips("person=ada") == [second, first]
    assert clips("person=lovelace") == [first]
    assert clips("person=unknown") == []
    assert ann.get("/v1/clips?person=--").status_code == 400
    assert ann.get("/v1/sightings?person=" + "x" * 81).status_code == 400


def test_label_does_not_find_people_because_that_is_not_written_down(world: World) -> None:
    name_faces(world)
    ann = world.signed_in("ann")
    assert ann.client.get("/v1/sightings", query_string={"label": "Ada Lovelace"}).get_json()["sightings"] == []
    found = ann.get("/v1/sightings?label=ada").get_json()["sightings"]
    assert [(one["analysis"], one["person"]) for one in found] == [("objects", None)]


def test_person_of_somebody_elses_camera_is_not_found(world: World) -> None:
    name_faces(world)
    bob = world.signed_in("bob")
    assert bob.get("/v1/sightings?person=ada").get_json()["sightings"] == []
    assert bob.get("/v1/clips?person=ada").get_json()["clips"] == []


def test_emotion_filter_is_a_label_of_one_analysis(world: World) -> None:
    ann = world.signed_in("ann")
    camera = world.add_camera("ann").id
    happy = (make_sighting(kind="face", label="happy", text=None),)
    face = world.add_clip(make_sidecar(camera, "emotion", sightings=happy)).clip_id
    world.add_clip(make_sidecar(camera, "objects", sightings=happy))
    for kind in ("clips", "sightings"):

        def found(query: str, kind: str = kind) -> list[str]:
            return [one.get("clip", one["id"]) for one in ann.get(f"/v1/{kind}?{query}").get_json()[kind]]

        assert found("emotion=happy") == [face]
        assert found("emotion=happy&analysis=emotion&label=happy") == [face]
        assert found("emotion=sad") == []
        assert found("emotion=happy&analysis=objects") == []
        assert found("emotion=happy&label=sad") == []
        assert len(found("label=happy")) == 2


def asked_query(world: World, *texts: str) -> str:
    ann = world.signed_in("ann")
    camera = world.add_camera("ann")
    world.add_clip(recorder_sidecar(camera.id))
    query = ann.send("POST", "/v1/queries", ask_body(camera.id)).get_json()["id"]
    world.finish_query(query, tuple(make_sighting(n, text=text) for n, text in enumerate(texts)))
    return str(query)


def test_sightings_of_a_query_are_searched_like_others(world: World) -> None:
    query = asked_query(world, "M AB 123", "K XY 9", "M AB 124", "B OO 77")
    ann = world.signed_in("ann")
    found = ann.get(f"/v1/sightings?query={query}&text=mab123").get_json()["sightings"]
    assert [s["text"] for s in found] == ["M AB 124", "M AB 123"]
    assert {(s["query"], s["clip"], s["crop"]) for s in found} == {(query, None, None)}
    assert ann.get(found[0]["video"]).status_code == 200
    first = ann.get(f"/v1/sightings?query={query}&limit=3").get_json()
    rest = ann.get(f"/v1/sightings?query={query}&limit=3&cursor={first['next']}").get_json()
    assert [s["text"] for s in first["sightings"] + rest["sightings"]] == ["B OO 77", "M AB 124", "K XY 9", "M AB 123"]
    assert rest["next"] is None
    camera = found[0]["camera"]
    assert len(ann.get(f"/v1/sightings?query={query}&camera={camera}").get_json()["sightings"]) == 4
    assert ann.get(f"/v1/sightings?query={query}&analysis=emotion").get_json()["sightings"] == []
    assert ann.get("/v1/sightings").get_json()["sightings"] == []
    assert ann.get(f"/v1/sightings?query={query}&emotion=happy").get_json()["sightings"] == []
    assert ann.get(f"/v1/sightings?query={query}&person=ada").get_json()["sightings"] == []
    last = ann.get(f"/v1/sightings?query={query}&sort=oldest&limit=3").get_json()
    end = ann.get(f"/v1/sightings?query={query}&sort=oldest&limit=3&cursor={last['next']}").get_json()
    assert [s["text"] for s in last["sightings"] + end["sightings"]] == ["M AB 123", "K XY 9", "M AB 124", "B OO 77"]
    late = ann.get(f"/v1/sightings?query={query}&from=1700000003500").get_json()["sightings"]
    assert [s["text"] for s in late] == ["B OO 77", "M AB 124"]


def test_sightings_of_a_query_of_somebody_else_are_not_there(world: World) -> None:
    query = asked_query(world, "M AB 123")
    bob = world.signed_in("bob")
    for name in (query, "q-" + "a" * 16):
        answer = bob.get(f"/v1/sightings?query={name}")
        assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")
    assert bob.get("/v1/sightings?query=nonsense").status_code == 400
