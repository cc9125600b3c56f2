"""Zones, lines and options of a camera in a real browser: drawn, typed, saved, refused; they act without a restart."""

import json
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from common.kafka.confluent import ConfluentTopicReader
from common.kafka.ports import FROM_BEGINNING
from common.topics import CAMERA_SETTINGS, FRAMES
from tests.browser.scenes import Cars
from tests.browser.stage import Stage
from tests.browser.test_page import sign_in
from tests.support.service_process import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
IS_WIDER_THAN_THE_SCREEN = "document.documentElement.scrollWidth > innerWidth"


def published(stage: Stage, camera: str) -> dict[str, object]:
    """The camera's newest settings in the topic."""
    kafka = stage.system.kafka
    reader = ConfluentTopicReader(kafka, [kafka.topic(CAMERA_SETTINGS)], FROM_BEGINNING)
    newest: dict[str, object] = {}
    until = time.monotonic() + 30
    try:
        while time.monotonic() < until:
            for record in reader.poll(0.5):
                if record.key == camera.encode() and record.value is not None:
                    newest = json.loads(record.value)
            if reader.is_caught_up:
                return newest
    finally:
        reader.close()
    raise AssertionError("the topic was not read to its end")


def newest_frame_settings(stage: Stage, camera: str) -> int:
    """The settings version that the camera's newest frame in the log names."""
    kafka = stage.system.kafka
    reader = ConfluentTopicReader(kafka, [kafka.topic(FRAMES)], FROM_BEGINNING)
    version = 0
    until = time.monotonic() + 30
    try:
        while time.monotonic() < until and not reader.is_caught_up:
            for record in reader.poll(0.5):
                if record.key == camera.encode():
                    version = int(dict(record.headers)["settings"])
    finally:
        reader.close()
    return version


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """A place in the picture as a point of the screen: the picture fills the middle of its frame."""
    box = page.locator("#places").bounding_box()
    assert box is not None
    scale = min(box["width"] / 640, box["height"] / 480)
    left, top = box["x"] + (box["width"] - 640 * scale) / 2, box["y"] + (box["height"] - 480 * scale) / 2
    return left + x * 640 * scale, top + y * 480 * scale


def click(page: Page, x: float, y: float) -> None:
    page.mouse.click(*at(page, x, y))


def test_line_and_zone_are_drawn_saved_and_there_again_and_reach_the_topic_and_ingest(
    stage: Stage, open_page: Callable[[], Page]
) -> None:
    camera = stage.add_camera("Gate", analyses=[{"name": "recorder"}, {"name": "objects"}])
    camera_id = str(camera["id"])
    stage.play(camera, Cars())
    page = open_page()
    sign_in(page, stage, f"/cameras/{camera_id}")
    expect(page.locator("#state")).to_contain_text("live")
    page.get_by_role("link", name="Analyses, zones and lines").click()
    expect(page.locator(".badge.live")).to_be_visible()

    page.get_by_role("button", name="Draw line").click()
    click(page, 0.25, 0.5)
    click(page, 0.75, 0.5)
    page.get_by_role("button", name="Draw zone").click()
    for corner in ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.1)):
        click(page, *corner)
    expect(page.locator("#place-list li")).to_have_count(2)
    page.locator("#place-list li", has_text="Line").get_by_label("Line", exact=True).fill("gate")
    page.get_by_label("Longer than, s").fill("5")
    page.locator(".handle").first.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.get_by_label("Corner 2, across, percent").fill("50")
    expect(page.locator("#changed")).to_have_text("Not saved yet")
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("#notices")).to_contain_text("Saved")

    saved = stage.admin.get(f"/v1/cameras/{camera_id}").json()
    (line,), (zone,) = saved["lines"], saved["zones"]
    assert line["name"] == "gate"
    for got, wanted in zip((*line["a"], *line["b"]), (0.25, 0.5, 0.75, 0.5), strict=True):
        assert abs(got - wanted) < 0.02, line
    assert zone["dwell_s"] == 5
    assert abs(zone["points"][0][0] - 0.12) < 0.02
    assert zone["points"][1][0] == 0.5
    topic = published(stage, camera_id)
    assert (topic["lines"], topic["version"]) == (saved["lines"], saved["version"])
    wait_until(
        lambda: newest_frame_settings(stage, camera_id) == saved["version"], "frames name the new settings, no restart"
    )

    page.reload()
    expect(page.locator("#place-list li")).to_have_count(2)
    expect(page.locator("polyline.line")).to_have_count(1)
    expect(page.locator("polygon.zone")).to_have_count(1)
    page.get_by_role("button", name="Delete gate").click()
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("#notices")).to_contain_text("Saved")
    assert stage.admin.get(f"/v1/cameras/{camera_id}").json()["lines"] == []


def test_options_are_set_refused_at_their_fields_and_made_by_the_keyboard_alone(
    stage: Stage, open_page: Callable[[], Page]
) -> None:
    camera_id = str(stage.add_camera("Gate")["id"])
    path = f"/v1/cameras/{camera_id}"
    page = open_page()
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, stage, f"/cameras/{camera_id}/analysis")
    plates = page.locator('[data-analysis="license_plate"]')
    plates.get_by_label("Care").select_option("thorough")
    plates.get_by_label("Brazil").check()
    plates.get_by_label("Patterns of your own").fill("AA-9")
    plates.get_by_label("Searched every, ms").fill("250")
    objects = page.locator('[data-analysis="objects"]')
    objects.get_by_role("checkbox").first.check()
    objects.get_by_label("Surer than").fill("2")
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("#problem")).to_contain_text("see what is marked")
    expect(plates.locator('[data-path="license_plate.options.patterns"]')).to_contain_text("letters, digits and ?")
    expect(objects.locator('[data-path="objects.options.score_min"]')).to_contain_text("from 0.1 to 0.99")
    assert stage.admin.get(path).json()["version"] == 1

    plates.get_by_label("Patterns of your own").fill("AA9, A9A")
    objects.get_by_label("Surer than").fill("0.6")
    objects.get_by_label("traffic", exact=True).check()
    objects.get_by_label("By name").fill("dog, cat")
    objects.get_by_label("Clips kept for, hours").fill("48")
    page.get_by_label("Clip length, seconds").fill("20")
    page.get_by_role("button", name="Draw zone").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#place-list li")).to_have_count(1)
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("#notices")).to_contain_text("Saved")
    saved = stage.admin.get(path).json()
    found = {one["name"]: one for one in saved["analyses"]}
    assert found["license_plate"]["every_ms"] == 250
    assert found["license_plate"]["options"] == {"mode": "thorough", "formats": ["br"], "patterns": ["AA9", "A9A"]}
    assert found["objects"]["options"] == {"score_min": 0.6, "classes": ["traffic", "dog", "cat"]}
    assert (saved["clip_ms"], saved["retention_hours"]) == (20_000, {"objects": 48})
    assert len(saved["zones"][0]["points"]) == 4
    assert not page.evaluate(IS_WIDER_THAN_THE_SCREEN)

    stage.admin.patch(path, json={"name": "Renamed meanwhile"})
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("#problem")).to_contain_text("changed since you read it")


def test_known_faces_are_switched_on_with_a_purpose_and_say_what_they_wait_for(
    stage: Stage, open_page: Callable[[], Page]
) -> None:
    camera_id = str(stage.add_camera("Gate")["id"])
    page = open_page()
    sign_in(page, stage, f"/cameras/{camera_id}/analysis")
    faces = page.locator('[data-analysis="recognition"]')
    faces.get_by_role("checkbox").first.check()
    expect(faces.locator("[data-note]")).to_contain_text("It needs an embedding network")
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("#problem")).to_contain_text("Face recognition needs recognition_purpose")
    faces.get_by_label("What for").fill("which of our employees is late")
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("#problem")).to_contain_text("this purpose speaks of it (employees)")
    faces.get_by_label("What for").fill("my family at the door")
    faces.get_by_label("Not further than").fill("0.35")
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("#notices")).to_contain_text("Something else has to be done before it acts")
    expect(faces.locator("[data-note]")).to_contain_text("COMPOSE_PROFILES=recognition")
    saved = stage.admin.get(f"/v1/cameras/{camera_id}").json()
    assert saved["recognition_purpose"]["text"] == "my family at the door"
    assert [one["options"] for one in saved["analyses"] if one["name"] == "recognition"] == [{"distance_max": 0.35}]
    topic = published(stage, camera_id)
    assert topic["recognition_purpose"] == saved["recognition_purpose"]

    page.get_by_label("Clip length, seconds").fill("20")
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("#notices")).to_contain_text("Saved. It acts within a few seconds.")
    again = stage.admin.get(f"/v1/cameras/{camera_id}").json()
    assert again["recognition_purpose"] == saved["recognition_purpose"], "what is stated is not stated anew"
    page.goto(f"{stage.url}/kept")
    expect(page.locator("#purposes")).to_contain_text("known faces")
