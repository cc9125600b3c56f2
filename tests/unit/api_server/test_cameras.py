"""Cameras over the API: created, changed, deleted, published."""

from pathlib import Path

import pytest

from api_server.access.subject import Role
from api_server.cameras.camera import CameraKind
from api_server.cameras.demo import ensure_demo_cameras, read_demo_tokens
from api_server.cameras.reconcile import read_published, reconcile
from common.contracts.camera_settings import Purpose
from common.contracts.identity import hash_token, make_token
from common.deadline import Deadline
from common.errors import ConfigurationError, Transient
from tests.unit.api_server.world import World

DAY_US = 24 * 3600 * 1_000_000


def purpose(world: World, text: str = "art in the lobby", days: float = 30) -> dict[str, object]:
    return {"text": text, "expires_us": int(world.clock.wall_us() + days * DAY_US)}


def test_create_token_is_shown_once_and_stored_as_a_hash(world: World) -> None:
    browser = world.signed_in("ann")
    answer = browser.send("POST", "/v1/cameras", {"name": "Front door ✓"})
    made = answer.get_json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/cameras/{made['id']}"
    assert made["token"].startswith("lk_")
    assert made["ingest_path"] == f"/v1/cameras/{made['id']}/frames"
    shown = browser.get(f"/v1/cameras/{made['id']}").get_json()
    assert "token" not in shown
    assert "token_hashes" not in shown
    assert hash_token(made["token"]) not in browser.get("/v1/cameras").get_data(as_text=True)
    assert made["token"] not in repr(world.database.snapshot())
    published = world.published()[made["id"]]
    assert published is not None
    assert published.token_hashes == (hash_token(made["token"]),)
    assert published.owner == "usr-ann"


def test_create_defaults_are_recording_and_plates_never_emotion(world: World) -> None:
    made = world.signed_in("ann").send("POST", "/v1/cameras", {"name": "Door"}).get_json()
    assert made["analyses"] == [
        {"name": "recorder", "every_ms": None, "options": {}},
        {"name": "license_plate", "every_ms": 500, "options": {}},
    ]
    assert (made["clip_ms"], made["policy"], made["emotion_purpose"]) == (60_000, "every-frame", None)


def test_create_each_takes_the_partition_with_the_fewest(world: World) -> None:
    world.add_user("ann")
    partitions = [world.add_camera("ann").partition for _ in range(25)]
    assert sorted(partitions) == sorted([*range(12), *range(12), 0])
    gone = world.cameras.active()[5]
    world.registry.delete(gone.id)
    world.add_camera("ann")
    assert world.add_camera("ann").partition in {gone.partition, *range(1, 12)}


def test_create_database_down_answers_503(world: World) -> None:
    browser = world.signed_in("ann")
    world.database.is_down = True
    answer = browser.send("POST", "/v1/cameras", {"name": "Door"})
    assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert world.published() == {}


def test_create_kafka_down_is_published_later(world: World) -> None:
    world.add_user("ann")
    world.add_camera("ann")  # the number of partitions is known from here on
    world.cluster.is_down = True
    made = world.signed_in("ann").send("POST", "/v1/cameras", {"name": "Door"}).get_json()
    assert made["published"] is False
    world.cluster.is_down = False
    assert world.publisher.publish_pending() == 1
    assert made["id"] in world.published()
    assert world.publisher.publish_pending() == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "  "},
        {"name": "a\nb"},
        {"name": "x" * 101},
        {"name": "Door", "clip_ms": 1999},
        {"name": "Door", "clip_ms": 300_001},
        {"name": "Door", "clip_ms": "60000"},
        {"name": "Door", "policy": "sometimes"},
        {"name": "Door", "analyses": [{"name": "faces"}]},
        {"name": "Door", "analyses": [{"name": "recorder"}, {"name": "recorder"}]},
        {"name": "Door", "analyses": [{"name": "recorder", "every_ms": 100}]},
        {"name": "Door", "analyses": [{"name": "license_plate", "every_ms": 0}]},
        {"name": "Door", "analyses": [{"name": "license_plate", "options": {"$where": "1"}}]},
        {"name": {"$ne": None}},
        {"name": 7},
        {"name": "Door", "owner": "usr-root"},
        {"name": "Door", "partition": 3},
    ],
)
def test_create_what_is_not_right_is_refused_with_a_sentence(world: World, body: dict[str, object]) -> None:
    answer = world.signed_in("ann").send("POST", "/v1/cameras", body)
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "invalid_request"
    assert answer.get_json()["message"].endswith(".")


def test_create_bodies_that_are_no_json_are_refused(world: World) -> None:
    browser = world.signed_in("ann")
    headers = {"X-CSRF-Token": browser.csrf}

    def status(data: bytes, kind: str) -> int:
        return browser.client.post("/v1/cameras", data=data, content_type=kind, headers=headers).status_code

    assert status(b"{}", "text/plain") == 415
    assert browser.send("POST", "/v1/cameras").status_code == 400
    chunked = browser.client.post(
        "/v1/cameras", headers={**headers, "Transfer-Encoding": "chunked"}, content_type="application/json"
    )
    assert chunked.status_code == 411
    assert status(b"{", "application/json") == 400
    assert status(b"\xff\xfe", "application/json") == 400
    assert status(b'{"name": "' + b"x" * 70_000 + b'"}', "application/json") == 413
    deep = b'{"name": ' + b"[" * 30_000 + b"]" * 30_000 + b"}"
    assert status(deep, "application/json") == 400


def test_change_raises_the_version_and_publishes(world: World) -> None:
    browser = world.signed_in("ann")
    camera = world.add_camera("ann")
    answer = browser.send("PATCH", f"/v1/cameras/{camera.id}", {"name": "Back door", "clip_ms": 10_000})
    assert answer.get_json()["name"] == "Back door"
    assert answer.get_json()["version"] == 2
    published = world.published()[camera.id]
    assert published is not None
    assert (published.version, published.name, published.clip_ms) == (2, "Back door", 10_000)
    assert published.token_hashes == camera.token_hashes


def test_change_made_for_an_older_version_is_refused(world: World) -> None:
    browser = world.signed_in("ann")
    path = f"/v1/cameras/{world.add_camera('ann').id}"
    etag = browser.get(path).headers["ETag"]
    assert browser.send("PATCH", path, {"name": "One"}, {"If-Match": etag}).status_code == 200
    late = browser.send("PATCH", path, {"name": "Two"}, {"If-Match": etag})
    assert (late.status_code, late.get_json()["code"]) == (412, "changed")
    assert browser.send("PATCH", path, {"name": "Two"}, {"If-Match": "W/nonsense"}).status_code == 400
    assert browser.get(path).get_json()["name"] == "One"


@pytest.mark.parametrize("body", [{}, {"name": None}, {"clip_ms": None}, {"id": "cam-x"}])
def test_change_that_says_nothing_is_refused(world: World, body: dict[str, object]) -> None:
    browser = world.signed_in("ann")
    assert browser.send("PATCH", f"/v1/cameras/{world.add_camera('ann').id}", body).status_code == 400


def test_rotate_replaces_the_token(world: World) -> None:
    browser = world.signed_in("ann")
    camera = world.add_camera("ann")
    answer = browser.send("POST", f"/v1/cameras/{camera.id}/token")
    published = world.published()[camera.id]
    assert answer.status_code == 201
    assert published is not None
    assert published.token_hashes == (hash_token(answer.get_json()["token"]),)
    assert published.token_hashes != camera.token_hashes


def test_delete_takes_the_record_away_and_the_camera_out_of_sight(world: World) -> None:
    browser = world.signed_in("ann")
    camera = world.add_camera("ann")
    assert browser.send("DELETE", f"/v1/cameras/{camera.id}").status_code == 204
    assert world.published()[camera.id] is None
    assert browser.get(f"/v1/cameras/{camera.id}").status_code == 404
    assert browser.send("DELETE", f"/v1/cameras/{camera.id}").status_code == 404
    assert browser.get("/v1/cameras").get_json() == {"cameras": [], "next": None}


def test_list_shows_own_cameras_and_all_to_an_admin(world: World) -> None:
    world.add_user("ann")
    world.add_user("bob")
    mine = world.add_camera("ann").id
    world.clock.advance(1)
    his = world.add_camera("bob").id
    assert [c["id"] for c in world.signed_in("ann").get("/v1/cameras").get_json()["cameras"]] == [mine]
    shown = world.signed_in("root", Role.ADMIN).get("/v1/cameras").get_json()["cameras"]
    assert [(c["id"], c["owner"]) for c in shown] == [(mine, "ann"), (his, "bob")]


# The emotion gate

EMOTION = [{"name": "recorder"}, {"name": "emotion"}]


def test_emotion_without_purpose_is_refused(world: World) -> None:
    answer = world.signed_in("ann").send("POST", "/v1/cameras", {"name": "Door", "analyses": EMOTION})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "emotion_purpose_missing")


def test_emotion_with_purpose_is_published_with_it(world: World) -> None:
    body = {"name": "Door", "analyses": EMOTION, "emotion_purpose": purpose(world)}
    made = world.signed_in("ann").send("POST", "/v1/cameras", body).get_json()
    published = world.published()[made["id"]]
    assert published is not None
    requests = published.allowed_requests(world.clock.wall_us())
    assert [(r.name, r.every_ms) for r in requests] == [("recorder", None), ("emotion", 100)]
    assert [r.name for r in published.allowed_requests(world.clock.wall_us() + 31 * DAY_US)] == ["recorder"]


@pytest.mark.parametrize(
    "text",
    ["mood of our employees", "Watching STUDENTS", "at work", "im Büro", "Mitarbeiter", "Schüler im Unterricht",
     "élèves à l'école", "control de empleados", "job interviews"],
)  # fmt: skip
def test_emotion_at_work_and_in_education_is_refused_by_name_of_the_law(world: World, text: str) -> None:
    body = {"name": "Door", "analyses": EMOTION, "emotion_purpose": purpose(world, text)}
    answer = world.signed_in("ann").send("POST", "/v1/cameras", body)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "emotion_purpose_refused")
    assert "EU AI Act, Art. 5(1)(f)" in answer.get_json()["message"]


@pytest.mark.parametrize("text", ["artwork in a network museum", "demonstration", "an art piece", "classical concert"])
def test_emotion_other_purposes_pass(world: World, text: str) -> None:
    body = {"name": "Door", "analyses": EMOTION, "emotion_purpose": purpose(world, text)}
    assert world.signed_in("ann").send("POST", "/v1/cameras", body).status_code == 201


@pytest.mark.parametrize(("days", "code"), [(-1, "emotion_purpose_expired"), (366, "emotion_purpose_too_long")])
def test_emotion_purpose_must_expire_within_a_year(world: World, days: float, code: str) -> None:
    body = {"name": "Door", "analyses": EMOTION, "emotion_purpose": purpose(world, days=days)}
    answer = world.signed_in("ann").send("POST", "/v1/cameras", body)
    assert (answer.status_code, answer.get_json()["code"]) == (422, code)


def test_emotion_purpose_withdrawn_takes_the_analysis_along(world: World) -> None:
    browser = world.signed_in("ann")
    body = {"name": "Door", "analyses": EMOTION, "emotion_purpose": purpose(world)}
    path = f"/v1/cameras/{browser.send('POST', '/v1/cameras', body).get_json()['id']}"
    changed = browser.send("PATCH", path, {"emotion_purpose": None}).get_json()
    assert [a["name"] for a in changed["analyses"]] == ["recorder"]
    assert changed["emotion_purpose"] is None


def test_emotion_camera_with_expired_purpose_can_still_be_renamed(world: World) -> None:
    browser = world.signed_in("ann")
    body = {"name": "Door", "analyses": EMOTION, "emotion_purpose": purpose(world, days=0.001)}
    path = f"/v1/cameras/{browser.send('POST', '/v1/cameras', body).get_json()['id']}"
    world.clock.advance(120)
    assert browser.send("PATCH", path, {"name": "Gate"}).status_code == 200


# At start, database and topic


def published(world: World) -> dict[str, object]:
    return dict(read_published(world.cluster.follower(["camera-settings"]), Deadline(5)))


def settle(world: World) -> int:
    reader = world.cluster.follower(["camera-settings"])
    return reconcile(world.cameras, world.publisher, read_published(reader, Deadline(5)), world.clock)


def test_reconcile_publishes_what_the_topic_lacks(world: World) -> None:
    world.add_user("ann")
    camera = world.add_camera("ann")
    world.cluster.recreate_topic("camera-settings")
    assert settle(world) == 1
    assert world.published()[camera.id] == camera.settings
    assert settle(world) == 0


def test_reconcile_takes_back_what_the_database_lost(world: World) -> None:
    world.add_user("ann")
    camera = world.add_camera("ann")
    before = world.database.snapshot()
    token = world.registry.rotate_token(camera.id)
    new = world.add_camera("ann", name="New")
    world.database.crash(before)
    assert settle(world) == 2
    assert token is not None
    restored = world.cameras.get(camera.id)
    assert restored is not None
    assert restored.token_hashes == token[0].token_hashes
    adopted = world.cameras.get(new.id)
    assert adopted is not None
    assert (adopted.name, adopted.owner) == ("New", "usr-ann")
    assert settle(world) == 0
    assert world.publisher.publish_pending() == 0


def test_reconcile_camera_that_is_taken_back_has_its_place_kind_and_address(world: World) -> None:
    ann = world.signed_in("ann")
    old = world.add_camera("ann")
    before = world.database.snapshot()
    facts = {"place": "Yard", "kind": "ip-camera", "address": "rtsp://ann:secret@192.0.2.7/one"}
    ann.send("PATCH", f"/v1/cameras/{old.id}", facts)
    new = ann.send("POST", "/v1/cameras", {"name": "New", **facts}).get_json()["id"]
    world.database.crash(before)
    assert settle(world) == 2
    for camera_id in (old.id, new):
        camera = world.cameras.get(camera_id)
        assert camera is not None
        assert (camera.place, camera.kind, camera.address_shown) == ("Yard", CameraKind.IP_CAMERA, "rtsp://•••")
        assert world.seal.open(camera.address_sealed) == facts["address"]
    assert settle(world) == 0
    assert b"secret" not in b"".join(record.value or b"" for record in world.cluster.records("camera-settings"))


def test_reconcile_settings_of_an_older_server_take_nothing_away(world: World) -> None:
    ann = world.signed_in("ann")
    camera_id = ann.send("POST", "/v1/cameras", {"name": "Door", "place": "Yard"}).get_json()["id"]
    camera = world.cameras.get(camera_id)
    assert camera is not None
    older = camera.settings.model_copy(update={"name_plate": None, "version": 9, "name": "Gate"})
    world.cluster.append("camera-settings", 0, camera_id.encode(), older.to_json())
    settle(world)
    known = world.cameras.get(camera_id)
    assert known is not None
    assert (known.name, known.place) == ("Gate", "Yard")


def test_demo_camera_that_was_deleted_comes_back_with_its_place(world: World) -> None:
    demo(world)
    ann = world.signed_in("ann", role=Role.ADMIN)
    facts = {"place": "Yard", "address": "rtsp://ann:secret@192.0.2.7/one"}
    assert ann.send("PATCH", "/v1/cameras/demo-cars", facts).status_code == 200
    assert ann.send("DELETE", "/v1/cameras/demo-cars").status_code == 204
    demo(world)
    camera = ann.get("/v1/cameras/demo-cars").get_json()
    assert (camera["place"], camera["address"]) == ("Yard", "rtsp://•••")


def test_reconcile_deleted_camera_is_taken_out_of_the_topic(world: World) -> None:
    world.add_user("ann")
    camera = world.add_camera("ann")
    world.cluster.is_down = True
    world.registry.delete(camera.id)
    world.cluster.is_down = False
    assert settle(world) == 1
    assert world.published()[camera.id] is None


def test_reconcile_unreadable_settings_are_published_anew(world: World) -> None:
    world.add_user("ann")
    camera = world.add_camera("ann")
    world.cluster.append("camera-settings", 0, camera.id.encode(), b"not json")
    assert settle(world) == 1
    assert published(world)[camera.id] == camera.settings


def test_publish_concurrent_changes_end_with_the_newest(world: World) -> None:
    world.add_user("ann")
    camera = world.add_camera("ann")
    world.producer.fail_next(Transient("lost"))
    browser = world.signed_in("ann")
    assert browser.send("PATCH", f"/v1/cameras/{camera.id}", {"name": "One"}).get_json()["published"] is False
    assert browser.send("PATCH", f"/v1/cameras/{camera.id}", {"name": "Two"}).get_json()["published"] is True
    assert world.publisher.publish_pending() == 0
    newest = world.published()[camera.id]
    assert newest is not None
    assert newest.name == "Two"


# Demo cameras


def demo(world: World) -> dict[str, str]:
    tokens = {"demo-face": make_token(), "demo-cars": make_token()}
    ensure_demo_cameras(world.registry, tokens, "usr-root", world.clock)
    return tokens


def test_demo_cameras_run_everything_on_partitions_of_their_own(world: World) -> None:
    tokens = demo(world)
    made = world.published()
    assert set(made) == {"demo-face", "demo-cars"}
    for camera_id, settings in made.items():
        assert settings is not None
        assert settings.token_hashes == (hash_token(tokens[camera_id]),)
        assert [a.name for a in settings.allowed_requests(world.clock.wall_us())] == [
            "recorder", "emotion", "license_plate",
        ]  # fmt: skip
        assert settings.clip_ms == 10_000
        assert settings.emotion_purpose is not None
        assert settings.emotion_purpose.text == "demonstration"
    assert len({s.partition for s in made.values() if s is not None}) == 2


def test_demo_cameras_kept_as_they_are_at_the_next_start(world: World) -> None:
    tokens = demo(world)
    before = world.published()
    world.clock.advance(3600)
    ensure_demo_cameras(world.registry, tokens, "usr-root", world.clock)
    assert world.published() == before


def test_demo_cameras_new_token_and_expired_purpose_are_renewed(world: World) -> None:
    demo(world)
    world.clock.advance(31 * 24 * 3600)
    tokens = demo(world)
    settings = world.published()["demo-face"]
    assert settings is not None
    assert settings.version == 2
    assert settings.token_hashes == (hash_token(tokens["demo-face"]),)
    assert settings.emotion_purpose == Purpose(text="demonstration", expires_us=world.clock.wall_us() + 30 * DAY_US)


def test_demo_camera_deleted_comes_back_and_its_old_clips_do_not(world: World) -> None:
    demo(world)
    world.registry.delete("demo-face")
    world.clock.advance(60)
    demo(world)
    camera = world.cameras.get("demo-face")
    assert camera is not None
    assert camera.is_erased(world.now_ms - 61_000)
    assert not camera.is_erased(world.now_ms)


@pytest.mark.parametrize(
    "text", ["nonsense", "[]", '{"demo-face": {}}', '{"cam-x": {"token": "lk_x"}}', '{"demo-face": {"token": "short"}}']
)
def test_demo_file_not_understood_is_a_setting_to_mend(tmp_path: Path, text: str) -> None:
    (tmp_path / "demo-cameras.json").write_text(text)
    with pytest.raises(ConfigurationError):
        read_demo_tokens(tmp_path)


def test_demo_file_absent_means_no_demo(tmp_path: Path) -> None:
    assert read_demo_tokens(tmp_path) == {}


ZONE = {"name": "door", "points": [[0.4, 0], [0.6, 0], [0.6, 1]], "dwell_s": 5}
LINE = {"name": "gate", "a": [0.5, 0], "b": [0.5, 1]}


def test_options_zones_and_lines_are_published_and_shown(world: World) -> None:
    browser = world.signed_in("ann")
    asked = [{"name": "objects", "options": {"classes": ["traffic"], "motion_gate": True}}]
    made = browser.send("POST", "/v1/cameras", {"name": "Yard", "analyses": asked, "zones": [ZONE]}).get_json()
    assert made["analyses"] == [{"name": "objects", "every_ms": 200, "options": asked[0]["options"]}]
    changed = browser.send("PATCH", f"/v1/cameras/{made['id']}", {"lines": [LINE], "zones": []})
    assert changed.status_code == 200, changed.get_json()
    assert (changed.get_json()["zones"], changed.get_json()["lines"]) == ([], [LINE])
    published = world.published()[made["id"]]
    assert published is not None
    assert published.analyses[0].options == asked[0]["options"]
    assert [line.name for line in published.lines] == ["gate"]
    assert published.zones == ()
    stored = world.cameras.get(made["id"])
    assert stored is not None
    assert stored.settings == published


@pytest.mark.parametrize(
    "body",
    [
        {"zones": [ZONE, ZONE]},
        {"zones": [ZONE | {"points": [[0, 0], [1, 1]]}]},
        {"zones": [ZONE | {"points": [[0, 0], [1, 1], [2, 0]]}]},
        {"zones": [ZONE | {"name": "picture"}]},
        {"lines": [LINE | {"colour": "red"}]},
        {"zones": None},
        {"analyses": [{"name": "objects", "options": {"classes": ["x" * 9_000]}}]},
        {"analyses": [{"name": "objects", "options": {"network": {"a.b": 1}}}]},
        {"analyses": [{"name": "objects", "options": {"a": [[[[[1]]]]]}}]},
    ],
)
def test_bad_places_and_options_are_refused(world: World, body: dict[str, object]) -> None:
    browser = world.signed_in("ann")
    made = browser.send("POST", "/v1/cameras", {"name": "Yard"}).get_json()
    assert browser.send("PATCH", f"/v1/cameras/{made['id']}", body).status_code in (400, 422)
