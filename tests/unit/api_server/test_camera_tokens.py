"""A camera's tokens: a new one beside the old one for a while, and an end to each."""

import pytest

from common.contracts.identity import hash_token
from tests.unit.api_server.world import Browser, World


@pytest.fixture
def ann(world: World) -> Browser:
    return world.signed_in("ann")


def rotate(browser: Browser, camera: str, overlap_s: int = 0) -> str:
    answer = browser.send("POST", f"/v1/cameras/{camera}/token?overlap_s={overlap_s}")
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return str(answer.get_json()["token"])


def hashes(world: World, camera: str) -> tuple[str, ...]:
    """What the producer lets in."""
    settings = world.published()[camera]
    assert settings is not None
    return settings.token_hashes


def test_rotate_with_overlap_lets_both_tokens_in_until_it_is_over(world: World, ann: Browser) -> None:
    camera = world.add_camera("ann")
    token = rotate(ann, camera.id, 60)
    assert hashes(world, camera.id) == (camera.token_hashes[0], hash_token(token))
    world.clock.advance(59)
    assert world.registry.end_retired_tokens() == 0
    world.clock.advance(1)
    assert world.registry.end_retired_tokens() == 1
    assert hashes(world, camera.id) == (hash_token(token),)
    assert world.registry.end_retired_tokens() == 0


def test_rotate_without_overlap_ends_the_old_ones_at_once_even_those_that_were_let_in_longer(
    world: World, ann: Browser
) -> None:
    camera = world.add_camera("ann")
    rotate(ann, camera.id, 3600)
    token = rotate(ann, camera.id)
    assert hashes(world, camera.id) == (hash_token(token),)


def test_rotate_twice_never_lengthens_the_life_of_an_older_token(world: World, ann: Browser) -> None:
    camera = world.add_camera("ann")
    second = rotate(ann, camera.id, 60)
    third = rotate(ann, camera.id, 3600)
    world.clock.advance(60)
    world.registry.end_retired_tokens()
    assert hashes(world, camera.id) == (hash_token(second), hash_token(third))


def test_rotate_many_times_keeps_few(world: World, ann: Browser) -> None:
    camera = world.add_camera("ann")
    tokens = [rotate(ann, camera.id, 3600) for _ in range(9)]
    assert hashes(world, camera.id) == tuple(hash_token(token) for token in tokens[-5:])


def test_end_of_a_replaced_token_is_published_at_once(world: World, ann: Browser) -> None:
    camera = world.add_camera("ann")
    token = rotate(ann, camera.id, 3600)
    answer = ann.get(f"/v1/cameras/{camera.id}/tokens")
    newest, old = answer.get_json()["tokens"]
    assert (newest["newest"], newest["ends_us"]) == (True, None)
    assert (old["newest"], old["ends_us"]) == (False, world.clock.wall_us() + 3600 * 1_000_000)
    for token_hash in hashes(world, camera.id):
        assert token_hash not in answer.get_data(as_text=True)
    assert ann.send("DELETE", f"/v1/cameras/{camera.id}/tokens/{old['id']}").status_code == 204
    assert hashes(world, camera.id) == (hash_token(token),)
    assert ann.send("DELETE", f"/v1/cameras/{camera.id}/tokens/{old['id']}").status_code == 404
    assert ann.send("DELETE", f"/v1/cameras/{camera.id}/tokens/{newest['id']}").status_code == 404


def test_overlap_survives_other_changes_of_the_camera(world: World, ann: Browser) -> None:
    camera = world.add_camera("ann")
    rotate(ann, camera.id, 60)
    assert ann.send("PATCH", f"/v1/cameras/{camera.id}", {"name": "Gate"}).status_code == 200
    assert len(hashes(world, camera.id)) == 2
    world.clock.advance(60)
    world.housekeeping._keep_up()
    assert len(hashes(world, camera.id)) == 1


def test_overlap_that_the_database_forgot_is_over(world: World, ann: Browser) -> None:
    """It came back from the topic, which knows tokens and not until when they work."""
    camera = world.add_camera("ann")
    rotate(ann, camera.id, 3600)
    known = world.cameras.get(camera.id)
    assert known is not None
    world.database.collection("cameras").update({"_id": camera.id}, {"$set": {"retiring": []}})
    assert world.registry.end_retired_tokens() == 1
    assert hashes(world, camera.id) == known.token_hashes[-1:]


@pytest.mark.parametrize("overlap", ["-1", "604801", "x"])
def test_rotate_with_an_odd_overlap_is_refused(world: World, ann: Browser, overlap: str) -> None:
    camera = world.add_camera("ann")
    assert ann.send("POST", f"/v1/cameras/{camera.id}/token?overlap_s={overlap}").status_code == 400
