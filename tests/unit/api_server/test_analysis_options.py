"""What can be set for the analyses of a camera, and where the API says that something is not right."""

from typing import Any

import pytest

from tests.unit.api_server.world import World


def test_analyses_are_listed_with_what_can_be_set(world: World) -> None:
    answer = world.signed_in("ann").get("/v1/analyses").get_json()
    found = {one["name"]: one for one in answer["analyses"]}
    assert set(found) == {"recorder", "license_plate", "emotion", "objects", "people", "recognition"}
    assert (found["recorder"]["every_ms"], found["recorder"]["options"]) == (None, [])
    plates = {option["name"]: option for option in found["license_plate"]["options"]}
    assert [one["value"] for one in plates["mode"]["choices"]] == ["fast", "video", "standard", "thorough"]
    assert plates["mode"]["default"] == "standard"
    objects = {option["name"]: option for option in found["objects"]["options"]}
    assert (objects["score_min"]["minimum"], objects["score_min"]["maximum"]) == (0.1, 0.99)
    assert "toothbrush" in objects["classes"]["further"]
    assert (answer["clip_ms_min"], answer["clip_ms_max"], answer["retention_hours_min"]) == (2_000, 300_000, 3)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (
            {"analyses": [{"name": "recorder"}, {"name": "objects", "options": {"score_min": 2}}]},
            "analyses.1.options.score_min",
        ),
        ({"analyses": [{"name": "license_plate", "options": {"formats": ["xx"]}}]}, "analyses.0.options.formats"),
        ({"analyses": [{"name": "license_plate", "every_ms": 0}]}, "analyses.0.every_ms"),
        ({"retention_hours": {"recorder": 1}}, "retention_hours.recorder"),
        ({"clip_ms": 10}, "clip_ms"),
        ({"zones": [{"name": "a", "points": [[0, 0], [1, 0], [1, 1.5]]}]}, "zones.0.points.2.1"),
        ({"lines": [{"name": "a/b", "a": [0, 0], "b": [1, 1]}]}, "lines.0.name"),
    ],
)
def test_problem_names_the_field_and_says_why(world: World, body: dict[str, Any], path: str) -> None:
    ann = world.signed_in("ann")
    camera = world.add_camera("ann")
    answer = ann.send("PATCH", f"/v1/cameras/{camera.id}", body)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request")
    field = answer.get_json()["fields"][0]
    assert field["path"] == path
    assert field["message"]
    assert not field["message"].startswith("Value error")
    known = world.cameras.get(camera.id)
    assert known is not None
    assert known.version == camera.version


def test_problem_without_a_field_names_none(world: World) -> None:
    answer = world.signed_in("ann").get("/v1/cameras/cam-aaaaaaaaaa").get_json()
    assert set(answer) == {"title", "status", "detail", "code", "message", "request_id"}


def test_options_zones_and_lines_reach_the_topic(world: World) -> None:
    ann = world.signed_in("ann")
    camera = world.add_camera("ann")
    options = {"mode": "thorough", "formats": ["br", "generic"], "patterns": ["AA999AA"], "motion_gate": True}
    line = {"name": "gate", "a": [0.5, 0.0], "b": [0.5, 1.0]}
    body = {
        "analyses": [{"name": "license_plate", "every_ms": 200, "options": options}],
        "zones": [{"name": "yard", "points": [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]], "dwell_s": 5}],
        "lines": [line],
        "retention_hours": {"license_plate": 12},
    }
    answer = ann.send("PATCH", f"/v1/cameras/{camera.id}", body, {"If-Match": '"v1"'})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    settings = world.published()[camera.id]
    assert settings is not None
    assert settings.version == 2
    assert settings.analyses[0].options == options
    assert settings.lines[0].model_dump(mode="json") == line
    assert settings.zones[0].dwell_s == 5
    again = ann.send("PATCH", f"/v1/cameras/{camera.id}", body, {"If-Match": '"v1"'})
    assert again.status_code == 412
