"""Single pictures through the API server, with the real process that looks at them behind it."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from api_server.access.subject import Role
from api_server.pictures.purposes import PurposeStore
from api_server.pictures.service import NOT_RUNNING
from common.contracts.camera_settings import Purpose
from common.contracts.picture_call import PICTURE_MAX_BYTES
from common.metrics import Metrics
from consumers import offline
from consumers.pictures.desk import PictureDesk
from consumers.pictures.server import PictureServer
from tests.unit.api_server.world import SIGNING_KEY, Browser, World
from tests.unit.pipeline.making import BRIGHT, make_jpeg, make_picture

SPOT = make_jpeg(make_picture(spot=(16, 16)))
PURPOSE = "safety of a public square"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Plates and emotions are bright spots here: no model file is needed."""
    monkeypatch.setattr(offline, "load_definition", lambda name: replace(BRIGHT, name=name))
    server = PictureServer("127.0.0.1", 0, PictureDesk(), SIGNING_KEY.encode(), Metrics(), lambda: 1_700_000_000.0)
    server.start()
    yield World(tmp_path, pictures_url=f"http://127.0.0.1:{server.port}")
    server.stop()


def post(
    browser: Browser, path: str, data: object = SPOT, kind: str | None = "image/jpeg", **headers: str
) -> TestResponse:
    sent = {"X-CSRF-Token": browser.csrf, **headers}
    return browser.client.post(path, data=data, content_type=kind, headers=sent)


def test_picture_raw_body_is_answered_with_what_is_in_it(world: World) -> None:
    answer = post(world.signed_in("ann"), "/v1/analyze/license_plate")
    body = answer.get_json()
    assert (answer.status_code, body["analysis"], body["width"], body["height"]) == (200, "license_plate", 64, 48)
    assert [found["box"] for found in body["detections"]] == [[16, 16, 12, 12]]
    assert set(body["model"]) == {"name", "version", "sha256"}


def test_picture_in_a_form_is_the_same(world: World) -> None:
    form = {"image": (io.BytesIO(SPOT), "a.jpg")}
    answer = post(world.signed_in("ann"), "/v1/analyze/license_plate", form, "multipart/form-data")
    assert (answer.status_code, len(answer.get_json()["detections"])) == (200, 1)


@pytest.mark.parametrize("accept", ["image/jpeg", "image/png"])
def test_picture_drawn_when_accept_says_so(world: World, accept: str) -> None:
    answer = post(world.signed_in("ann"), "/v1/analyze/license_plate", Accept=accept)
    assert (answer.status_code, answer.mimetype) == (200, accept)
    assert answer.data[:4] in (b"\xff\xd8\xff\xe0", b"\x89PNG")


def test_picture_threshold_reaches_the_analysis(world: World) -> None:
    answer = post(world.signed_in("ann"), "/v1/analyze/license_plate?min_confidence=0.95")
    assert answer.get_json()["detections"] == []


LYING = SPOT.replace(b"\x00\x11\x08\x00\x30\x00\x40", b"\x00\x11\x08\x27\x10\x27\x10")


@pytest.mark.parametrize(
    ("path", "data", "kind", "accept", "status", "code"),
    [
        ("/v1/analyze/nonsense", SPOT, "image/jpeg", "*/*", 404, "no_such_analysis"),
        ("/v1/analyze/recorder", SPOT, "image/jpeg", "*/*", 404, "no_such_analysis"),
        ("/v1/analyze/license_plate?mode=x", SPOT, "image/jpeg", "*/*", 400, "invalid_request"),
        ("/v1/analyze/objects?mode=fast", SPOT, "image/jpeg", "*/*", 400, "invalid_request"),
        ("/v1/analyze/license_plate", SPOT, "image/jpeg", "video/mp4", 406, "not_acceptable"),
        ("/v1/analyze/license_plate", SPOT, "text/plain", "*/*", 415, "not_a_picture"),
        ("/v1/analyze/license_plate", b"", "image/jpeg", "*/*", 411, "length_required"),
        ("/v1/analyze/license_plate", b"GIF89a", "image/jpeg", "*/*", 415, "not_a_picture"),
        ("/v1/analyze/license_plate", SPOT[:100], "image/jpeg", "*/*", 422, "jpeg_cut"),
        ("/v1/analyze/license_plate", LYING, "image/jpeg", "*/*", 422, "jpeg_size"),
        ("/v1/analyze/license_plate", b"a" * (PICTURE_MAX_BYTES + 1), "image/png", "*/*", 413, "too_large"),
    ],
)
def test_picture_refused_before_any_decoder(
    world: World, path: str, data: bytes, kind: str, accept: str, status: int, code: str
) -> None:
    assert LYING != SPOT
    answer = post(world.signed_in("ann"), path, data, kind, Accept=accept)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


def test_picture_form_with_more_or_less_than_a_picture_is_refused(world: World) -> None:
    browser = world.signed_in("ann")
    for form in ({"other": (io.BytesIO(SPOT), "a.jpg")}, {"image": (io.BytesIO(SPOT), "a.jpg"), "x": "y"}, {"a": "b"}):
        answer = post(browser, "/v1/analyze/license_plate", form, "multipart/form-data")
        assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request")


def test_picture_emotion_needs_a_purpose_that_passes_the_gate(world: World) -> None:
    browser = world.signed_in("ann")
    until = world.now_ms + 3_600_000
    for query, code in (
        ("", "emotion_purpose_missing"),
        (f"?purpose={PURPOSE}", "emotion_purpose_missing"),
        (f"?purpose=staff productivity&purpose_expires={until}", "emotion_purpose_refused"),
        (f"?purpose={PURPOSE}&purpose_expires={world.now_ms - 1}", "emotion_purpose_expired"),
        (f"?purpose={PURPOSE}&purpose_expires={until + 400 * 86_400_000}", "emotion_purpose_too_long"),
    ):
        answer = post(browser, f"/v1/analyze/emotion{query}")
        assert (answer.status_code, answer.get_json()["code"]) == (422, code)
    path = f"/v1/analyze/emotion?purpose={PURPOSE}&purpose_expires={until}"
    assert [post(browser, path).status_code for _ in range(2)] == [200, 200]
    stated = browser.get("/v1/purposes").get_json()["purposes"]
    assert [(p["subject"], p["text"], p["expires_us"], p["by"]) for p in stated] == [
        ("pictures", PURPOSE, until * 1000, "ann")
    ]


def test_purposes_lists_what_one_may_see(world: World) -> None:
    world.add_user("ann")
    world.add_user("bob")
    expires_us = world.clock.wall_us() + 10**12
    purpose = Purpose(text=PURPOSE, expires_us=expires_us)
    hers = world.add_camera("ann", emotion_purpose=purpose)
    world.add_camera("bob", emotion_purpose=purpose)
    world.add_camera("ann")
    (only,) = world.signed_in("ann").get("/v1/purposes").get_json()["purposes"]
    assert (only["subject"], only["id"], only["name"], only["by"]) == ("camera", hers.id, "Door", "ann")
    assert len(world.signed_in("root", Role.ADMIN).get("/v1/purposes").get_json()["purposes"]) == 2


def test_purposes_are_paged_those_that_hold_longest_first(world: World) -> None:
    world.add_user("ann")
    now_us = world.clock.wall_us()
    for n in (2, 0, 1, 1):
        world.add_camera("ann", emotion_purpose=Purpose(text=PURPOSE, expires_us=now_us + 10**9 * (n + 1)))
    purposes = PurposeStore(world.database)
    for n in range(2):
        purposes.state("usr-ann", "emotion", Purpose(text=f"{PURPOSE} {n}", expires_us=now_us + 10**10), now_us)
    ann = world.signed_in("ann")
    whole = ann.get("/v1/purposes").get_json()
    assert whole["next"] is None
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = ann.get(f"/v1/purposes?limit=2&cursor={cursor}").get_json()
        found += [one["id"] for one in page["purposes"]]
        cursor = page["next"]
    assert found == [one["id"] for one in whole["purposes"]]
    assert len(set(found)) == 6
    ends = [one["expires_us"] for one in whole["purposes"]]
    assert ends == sorted(ends, reverse=True)
    assert [one["subject"] for one in whole["purposes"]] == ["pictures"] * 2 + ["camera"] * 4
    assert ann.get("/v1/purposes?limit=0").status_code == 400


def test_picture_without_anybody_who_looks_is_a_503_with_a_sentence(tmp_path: Path) -> None:
    for url in ("http://127.0.0.1:9", ""):
        world = World(tmp_path, pictures_url=url)
        answer = post(world.signed_in("ann"), "/v1/analyze/license_plate")
        assert (answer.status_code, answer.get_json()["code"]) == (503, "no_pictures")
        assert NOT_RUNNING in answer.get_json()["message"]
        assert answer.headers["Retry-After"]
