"""Recording of a camera, started and stopped by one call."""

from tests.unit.api_server.world import World


def names(world: World, camera_id: str) -> list[str]:
    published = world.published()[camera_id]
    assert published is not None
    return [analysis.name for analysis in published.analyses]


def test_switch_stops_and_starts_the_recorder_and_leaves_the_rest(world: World) -> None:
    ann = world.signed_in("ann")
    camera = world.add_camera("ann")
    path = f"/v1/cameras/{camera.id}/recording"
    off = ann.send("PUT", path, {"on": False})
    assert (off.status_code, off.headers["ETag"], off.get_json()["published"]) == (200, '"v2"', True)
    assert names(world, camera.id) == ["license_plate"]
    assert ann.send("PUT", path, {"on": False}).get_json()["version"] == 2, "nothing to change"
    on = ann.send("PUT", path, {"on": True}, {"If-Match": '"v2"'})
    assert on.get_json()["version"] == 3
    assert names(world, camera.id) == ["recorder", "license_plate"]
    assert [entry.details["recording"] for entry in world.audited("camera.recording")] == ["off", "off", "on"]


def test_switch_of_another_version_or_with_something_else_is_refused(world: World) -> None:
    ann = world.signed_in("ann")
    path = f"/v1/cameras/{world.add_camera('ann').id}/recording"
    late = ann.send("PUT", path, {"on": False}, {"If-Match": '"v7"'})
    assert (late.status_code, late.get_json()["code"]) == (412, "changed")
    for bad in ({}, {"on": "yes"}, {"on": None}, {"on": True, "x": 1}):
        assert ann.send("PUT", path, bad).status_code == 400, bad
    assert world.signed_in("bob").send("PUT", path, {"on": False}).status_code == 404
