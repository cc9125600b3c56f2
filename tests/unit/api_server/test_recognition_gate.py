"""Face recognition on a camera: only with a purpose, until it expires; and what is said where nobody works on it."""

from typing import Any

import pytest

from api_server.access.subject import Role
from common.contracts.camera_settings import Purpose
from common.contracts.consumer_status import ConsumerStatus
from common.kafka.ports import Record
from tests.unit.api_server.test_pictures import post
from tests.unit.api_server.test_queries import START, ask, asked_id, shown
from tests.unit.api_server.world import Browser, World, make_sighting, recorder_sidecar

DAY_US = 86_400_000_000
KNOWN_FACES = [{"name": "recorder"}, {"name": "recognition", "options": {"distance_max": 0.4}}]
NEEDED = "It needs an embedding network"


@pytest.fixture
def ann(world: World) -> Browser:
    return world.signed_in("ann")


def purpose(world: World, text: str = "my family at the door", days: float = 30) -> dict[str, object]:
    return {"text": text, "expires_us": world.clock.wall_us() + int(days * DAY_US)}


def create(browser: Browser, **fields: object) -> Any:
    return browser.send("POST", "/v1/cameras", {"name": "Door", "analyses": KNOWN_FACES, **fields})


def report(world: World, state: str, reason: str | None = None) -> None:
    status = ConsumerStatus(
        instance=f"recognition@{state}",
        analysis="recognition",
        state=state,
        reason=reason,
        threads=1,
        at_us=world.clock.wall_us(),
    )
    world.board.take(Record("consumer-status", 0, 0, 0, None, status.to_json()))


def test_recognition_without_its_own_purpose_is_refused(world: World, ann: Browser) -> None:
    for fields in ({}, {"emotion_purpose": purpose(world)}):
        answer = create(ann, **fields)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "recognition_purpose_missing")
        assert answer.get_json()["message"].startswith("Face recognition needs recognition_purpose")
    camera = world.add_camera("ann")
    answer = ann.send("PATCH", f"/v1/cameras/{camera.id}", {"analyses": KNOWN_FACES})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "recognition_purpose_missing")


def test_recognition_is_published_and_ends_with_its_purpose(world: World, ann: Browser) -> None:
    made = create(ann, recognition_purpose=purpose(world)).get_json()
    settings = world.published()[made["id"]]
    assert settings is not None
    assert settings.analyses[1].options == {"distance_max": 0.4}
    now_us = world.clock.wall_us()
    requests = settings.allowed_requests(now_us)
    assert [(r.name, r.every_ms) for r in requests] == [("recorder", None), ("recognition", 200)]
    assert [r.name for r in settings.allowed_requests(now_us + 31 * DAY_US)] == ["recorder"]


@pytest.mark.parametrize(
    "text",
    ["wanted persons, for the police", "who of our employees is late", "attendance of pupils", "Fahndung",
     "religious minorities", "sospechosos"],
)  # fmt: skip
def test_purposes_that_recognition_is_not_for_are_refused(world: World, ann: Browser, text: str) -> None:
    answer = create(ann, recognition_purpose=purpose(world, text))
    assert (answer.status_code, answer.get_json()["code"]) == (422, "recognition_purpose_refused")
    assert "GDPR" in answer.get_json()["message"]


@pytest.mark.parametrize(("days", "code"), [(-1, "recognition_purpose_expired"), (366, "recognition_purpose_too_long")])
def test_recognition_purpose_expires_within_a_year(world: World, ann: Browser, days: float, code: str) -> None:
    answer = create(ann, recognition_purpose=purpose(world, days=days))
    assert (answer.status_code, answer.get_json()["code"]) == (422, code)


def test_withdrawn_purpose_takes_recognition_along_and_leaves_emotion(world: World, ann: Browser) -> None:
    both = [*KNOWN_FACES, {"name": "emotion"}]
    made = create(ann, analyses=both, recognition_purpose=purpose(world), emotion_purpose=purpose(world)).get_json()
    changed = ann.send("PATCH", f"/v1/cameras/{made['id']}", {"recognition_purpose": None}).get_json()
    assert [one["name"] for one in changed["analyses"]] == ["recorder", "emotion"]
    assert (changed["recognition_purpose"], changed["emotion_purpose"] is None) == (None, False)


def test_who_operates_a_camera_cannot_state_its_purpose(world: World, ann: Browser) -> None:
    made = create(ann, analyses=[{"name": "recorder"}]).get_json()
    bob = world.signed_in("bob")
    root = world.signed_in("root", Role.ADMIN)
    root.send("PUT", f"/v1/users/usr-bob/grants/{made['id']}", {"right": "operate"})
    body = {"analyses": KNOWN_FACES, "recognition_purpose": purpose(world)}
    answer = bob.send("PATCH", f"/v1/cameras/{made['id']}", body)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "not_allowed")


def test_purposes_of_both_analyses_are_listed_and_paged(world: World, ann: Browser) -> None:
    stated = purpose(world)
    create(ann, analyses=[*KNOWN_FACES, {"name": "emotion"}], recognition_purpose=stated, emotion_purpose=stated)
    first = ann.get("/v1/purposes?limit=1").get_json()
    second = ann.get(f"/v1/purposes?limit=1&cursor={first['next']}").get_json()
    found = [one["analysis"] for page in (first, second) for one in page["purposes"]]
    assert (found, second["next"]) == (["recognition", "emotion"], None)


def test_whoever_switches_it_on_is_told_what_is_missing(world: World, ann: Browser) -> None:
    answer = create(ann, recognition_purpose=purpose(world)).get_json()
    assert NEEDED in answer["notes"]["recognition"]
    assert "COMPOSE_PROFILES=recognition" in answer["notes"]["recognition"]
    path = f"/v1/cameras/{answer['id']}"
    report(world, "failed", "Face recognition is off: no embedding network is set.")
    assert ann.get(path).get_json()["notes"]["recognition"] == "Face recognition is off: no embedding network is set."
    offered = {one["name"]: one for one in ann.get("/v1/analyses").get_json()["analyses"]}
    assert offered["recognition"]["purpose"] == "recognition_purpose"
    assert offered["recognition"]["note"] == "Face recognition is off: no embedding network is set."
    assert (offered["objects"]["purpose"], offered["recognition"]["models"]) == (None, [])
    report(world, "running", "The model has not answered for 7 s.")
    assert ann.get(path).get_json()["notes"]["recognition"] == "The model has not answered for 7 s."
    report(world, "running")
    assert "recognition" not in ann.get(path).get_json()["notes"]


# Queries and pictures


def test_query_needs_the_cameras_purpose_and_its_names_are_found_as_people(world: World, ann: Browser) -> None:
    camera = world.add_camera("ann").id
    world.add_clip(recorder_sidecar(camera, START))
    refused = ask(ann, camera, analysis="recognition", recognition_purpose=purpose(world))
    assert (refused.status_code, refused.get_json()["code"]) == (422, "recognition_purpose_missing")
    stated = Purpose(text="my family", expires_us=world.clock.wall_us() + DAY_US)
    allowed = world.add_camera("ann", recognition_purpose=stated).id
    world.add_clip(recorder_sidecar(allowed, START))
    query_id = asked_id(ann, allowed, analysis="recognition")
    assert shown(ann, query_id)["recognition_purpose"] == stated.model_dump()
    assert shown(ann, query_id)["emotion_purpose"] is None
    sighting = make_sighting(0, kind="face", label="Zoë", text=None)
    world.finish_query(query_id, (sighting,))
    by_name = ann.get(f"/v1/sightings?query={query_id}&person=zoe").get_json()["sightings"]
    assert [one["person"] for one in by_name] == ["Zoë"]
    assert ann.get(f"/v1/sightings?query={query_id}&label=Zo%C3%AB").get_json()["sightings"] == [], "a name is no label"


def test_query_ends_when_its_purpose_does(world: World, ann: Browser) -> None:
    upload = world.add_upload("ann")
    body = {
        "recording": upload.id,
        "analysis": "recognition",
        "recognition_purpose": purpose(world, days=0.001),
    }
    answer = ann.send("POST", "/v1/queries", body)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    world.query_keeper.run_once()
    world.clock.advance(120)
    world.query_keeper.run_once()
    assert shown(ann, answer.get_json()["id"])["reason"] == "The purpose of face recognition has expired."


def test_single_picture_passes_the_same_gate(world: World, ann: Browser) -> None:
    answer = post(ann, "/v1/analyze/recognition")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "recognition_purpose_missing")


def test_admin_sees_the_purpose_in_the_audit_log(world: World) -> None:
    root = world.signed_in("root", Role.ADMIN)
    camera = world.add_camera("root")
    stated = purpose(world)
    root.send("PATCH", f"/v1/cameras/{camera.id}", {"analyses": KNOWN_FACES, "recognition_purpose": stated})
    (entry,) = world.audited("camera.change")
    assert "my family at the door" in entry.details["recognition_purpose"]
