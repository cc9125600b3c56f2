"""Creates with an Idempotency-Key are done once."""

import pytest

from api_server.database.schema import REPEATS
from api_server.http.repeats import KEPT_S, WORKING_S, Repeats
from common.errors import Transient
from tests.unit.api_server.test_route_table import ask_body
from tests.unit.api_server.world import FILM, World, recorder_sidecar

KEY = {"Idempotency-Key": "0123456789abcdef-key"}
OTHER = {"Idempotency-Key": "another-key-0123456789"}


def test_repeat_of_a_create_answers_the_same_and_makes_nothing(world: World) -> None:
    ann = world.signed_in("ann")
    first, again = (ann.send("POST", "/v1/cameras", {"name": "Door"}, KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.get_json() == first.get_json()
    assert again.get_json()["token"].startswith("lk_")
    assert (again.headers["Location"], again.headers["ETag"]) == (first.headers["Location"], first.headers["ETag"])
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert len(world.cameras.active()) == 1
    assert ann.send("POST", "/v1/cameras", {"name": "Door"}, OTHER).get_json()["id"] != first.get_json()["id"]


def test_repeat_keeps_no_secret_that_the_database_can_show(world: World) -> None:
    ann = world.signed_in("ann")
    token = ann.send("POST", "/v1/cameras", {"name": "Door"}, KEY).get_json()["token"]
    (document,) = world.database.collection(REPEATS).find({})
    assert document["sealed"]
    assert token not in str(document)
    assert KEY["Idempotency-Key"] not in str(document)


def test_repeat_of_queries_and_uploads_makes_nothing(world: World) -> None:
    ann = world.signed_in("ann")
    camera = world.add_camera("ann")
    world.add_clip(recorder_sidecar(camera.id))
    body = {**ask_body(camera.id), "force": True}
    ids = {ann.send("POST", "/v1/queries", body, KEY).get_json()["id"] for _ in range(3)}
    assert len(ids) == 1
    headers = {"X-CSRF-Token": ann.csrf, **KEY}
    uploads = {
        ann.client.post("/v1/recordings?name=a.mp4", data=FILM, content_type="video/mp4", headers=headers).get_json()[
            "id"
        ]
        for _ in range(2)
    }
    assert len(uploads) == 1
    assert len(world.uploads.live()) == 1


def test_repeat_key_belongs_to_one_request_of_one_person(world: World) -> None:
    ann, bob = world.signed_in("ann"), world.signed_in("bob")
    assert ann.send("POST", "/v1/cameras", {"name": "Door"}, KEY).status_code == 201
    other = ann.send("POST", "/v1/cameras", {"name": "Gate"}, KEY)
    assert (other.status_code, other.get_json()["code"]) == (422, "key_reused")
    assert bob.send("POST", "/v1/cameras", {"name": "Door"}, KEY).headers.get("Idempotency-Replayed") is None


@pytest.mark.parametrize("key", ["", "short", "a" * 129, "with space 0123456789", "ümläute-0123456789"])
def test_repeat_key_that_is_none_is_refused(world: World, key: str) -> None:
    answer = world.signed_in("ann").send("POST", "/v1/cameras", {"name": "Door"}, {"Idempotency-Key": key})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request")


def test_repeat_after_a_refusal_is_a_new_try(world: World) -> None:
    ann = world.signed_in("ann")
    bad = {"name": "Door", "analyses": [{"name": "emotion"}]}
    assert [ann.send("POST", "/v1/cameras", bad, KEY).status_code for _ in range(2)] == [422, 422]
    assert ann.send("POST", "/v1/cameras", {"name": "Door"}, KEY).status_code == 201


def test_repeat_of_a_try_whose_outcome_nobody_knows_is_not_done_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.signed_in("ann")

    def fail(*_: object) -> None:
        raise Transient("cut off in between")

    with monkeypatch.context() as patch:
        patch.setattr(world.registry, "create", fail)
        assert ann.send("POST", "/v1/cameras", {"name": "Door"}, KEY).status_code == 503
    busy = ann.send("POST", "/v1/cameras", {"name": "Door"}, KEY)
    assert (busy.status_code, busy.get_json()["code"]) == (409, "in_progress")
    world.clock.advance(WORKING_S + 1)
    unknown = ann.send("POST", "/v1/cameras", {"name": "Door"}, KEY)
    assert (unknown.status_code, unknown.get_json()["code"]) == (409, "outcome_unknown")
    assert world.cameras.active() == []


def test_repeats_are_forgotten_after_a_day(world: World) -> None:
    ann = world.signed_in("ann")
    ann.send("POST", "/v1/cameras", {"name": "Door"}, KEY)
    repeats = Repeats(world.database, world.clock)
    assert repeats.forget() == 0
    world.clock.advance(KEPT_S + 1)
    assert repeats.forget() == 1


def test_cameras_are_paged_in_the_order_they_were_made(world: World) -> None:
    ann = world.signed_in("ann")
    made = [world.add_camera("ann", name=f"Camera {n}").id for n in range(5)]
    found: list[str] = []
    path = "/v1/cameras?limit=2"
    while path:
        page = ann.get(path).get_json()
        found += [camera["id"] for camera in page["cameras"]]
        world.add_user(f"bob{len(found)}")
        path = f"/v1/cameras?limit=2&cursor={page['next']}" if page["next"] else ""
    assert sorted(found) == sorted(made)
    assert len(found) == 5
