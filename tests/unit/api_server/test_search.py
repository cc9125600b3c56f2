"""Searching: plates as they are misread, and what queries found."""

import re

import pytest

from api_server.clips.plate_text import plate_key, plate_pattern
from tests.unit.api_server.test_route_table import ask_body
from tests.unit.api_server.world import World, make_sighting, recorder_sidecar


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
    late = ann.get(f"/v1/sightings?query={query}&from=1700000003500").get_json()["sightings"]
    assert [s["text"] for s in late] == ["B OO 77", "M AB 124"]


def test_sightings_of_a_query_of_somebody_else_are_not_there(world: World) -> None:
    query = asked_query(world, "M AB 123")
    bob = world.signed_in("bob")
    for name in (query, "q-" + "a" * 16):
        answer = bob.get(f"/v1/sightings?query={name}")
        assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")
    assert bob.get("/v1/sightings?query=nonsense").status_code == 400
