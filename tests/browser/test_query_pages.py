"""Recordings and queries in a real browser: upload, ask, follow, play, delete."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from api_server.http.event_stream import STREAMS_PER_USER
from common.contracts.clip_event import PartReady, QueryFailed, QueryPlanned
from common.contracts.segment_job import part_key
from tests.browser.scenes import Cars, make_clip
from tests.browser.stage import Stage
from tests.browser.test_page import IS_PLAYING, sign_in
from tests.browser.waiting import wait_video

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


def test_upload_is_queried_followed_played_and_deleted(
    stage: Stage, open_page: Callable[[], Page], tmp_path: Path
) -> None:
    start_ms = time.time_ns() // 1_000_000 // 10_000 * 10_000 - 60_000
    made = make_clip(Cars(), "cam-aaaaaaaaaa", start_ms)
    (tmp_path / "street.mp4").write_bytes(made.video)
    (tmp_path / "notes.mp4").write_bytes(b"no video at all " * 100)
    page = open_page()
    sign_in(page, stage, "/recordings")
    expect(page.locator("#empty")).to_contain_text("No recordings")

    page.get_by_role("button", name="Upload a video").click()
    dialog = page.locator("#upload-dialog")
    dialog.get_by_label("File").set_input_files(tmp_path / "notes.mp4")
    dialog.get_by_role("button", name="Upload", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("This is no video file")
    dialog.get_by_label("File").set_input_files(tmp_path / "street.mp4")
    dialog.get_by_role("button", name="Upload", exact=True).click()
    row = page.locator("#rows tr")
    expect(row).to_contain_text("street.mp4")
    expect(row).to_contain_text("10 s")

    row.get_by_role("button", name="Query").click()
    asking = page.locator("#query-dialog")
    asking.get_by_label("Analysis").select_option("emotion")
    asking.get_by_label("What for").fill("mood of employees")
    asking.get_by_role("button", name="Start query").click()
    expect(asking.get_by_role("alert")).to_contain_text("prohibited")
    asking.get_by_label("Analysis").select_option("license_plate")
    asking.get_by_role("button", name="Start query").click()
    page.wait_for_url("**/queries/q-*")
    query_id = page.url.rsplit("/", 1)[1]
    expect(page.locator("#state")).to_have_text("received")
    expect(page.locator("#note")).to_contain_text("no consumer of license plate is running")

    stage.tell(QueryPlanned(query_id=query_id, parts=4, duration_ms=10_000, frame_count=100))
    key = part_key(query_id, 0)
    stage.tell(PartReady(query_id=query_id, part=0, parts=4, object_key=key, frame_count=25, duration_ms=2_500))
    expect(page.locator("#progress-words")).to_contain_text("25 %")
    stage.finish(query_id, made)
    expect(page.locator("#state")).to_have_text("finished")
    page.locator("#sightings button").first.click()
    wait_video(page, IS_PLAYING)
    expect(page.locator("#input")).to_be_visible()

    page.get_by_role("link", name="Queries").click()
    card = page.locator(f'[data-query="{query_id}"]')
    expect(card).to_contain_text("sighting")
    card.click()
    page.get_by_role("button", name="Delete query").click()
    page.locator("#delete-dialog").get_by_role("button", name="Delete query").click()
    expect(page).to_have_url(stage.url + "/queries")
    expect(page.locator("#empty")).to_contain_text("No queries")


def test_footage_is_asked_about_compared_and_a_query_is_cancelled(stage: Stage, open_page: Callable[[], Page]) -> None:
    camera = str(stage.add_camera("Gate", clip_ms=10_000)["id"])
    start_ms = time.time_ns() // 1_000_000 // 10_000 * 10_000 - 60_000
    stage.add_clip(make_clip(Cars(), camera, start_ms, analysis="recorder"))
    found = make_clip(Cars(), camera, start_ms)
    stage.add_clip(found)
    page = open_page()
    sign_in(page, stage, "/recordings")
    expect(page.locator("#rows tr")).to_contain_text("Gate")
    page.get_by_role("button", name="Query").click()
    page.get_by_role("button", name="Start query").click()
    page.wait_for_url("**/queries/q-*")
    query_id = page.url.rsplit("/", 1)[1]
    stage.finish(query_id, found)
    expect(page.locator("#diff-words")).to_contain_text("same, 0 new, 0 gone, 0 changed")

    expect(page.locator("#diff-models")).to_contain_text("Before: a model that nobody remembers.")

    page.goto(f"{stage.url}/recordings")
    page.get_by_role("button", name="Query").click()
    asking = page.locator("#query-dialog")
    asking.get_by_label("Analysis").select_option("objects")
    expect(asking).to_contain_text("No consumer of objects is running.")
    asking.get_by_text("How to search").click()
    asking.get_by_label("Model").select_option("fastestdet")
    asking.get_by_label("Surer than").select_option("0.2")
    asking.get_by_label("traffic", exact=True).check()
    asking.get_by_role("button", name="Start query").click()
    page.wait_for_url(lambda url: "/queries/q-" in url and query_id not in url)
    asked = stage.admin.get(f"/v1/queries/{page.url.rsplit('/', 1)[1]}").json()
    assert asked["options"] == {"model": "fastestdet", "min_confidence": 0.2, "classes": ["traffic"]}
    expect(page.locator("#facts")).to_contain_text("model fastestdet")

    failed = stage.ask(camera=camera, **{"from": start_ms, "to": start_ms + 5_000})
    stage.tell(QueryFailed(query_id=failed, reason="The video cannot be decoded."))
    page.goto(f"{stage.url}/queries/{failed}")
    expect(page.get_by_role("alert")).to_have_text("The video cannot be decoded.")
    waiting = stage.ask(camera=camera, **{"from": start_ms, "to": start_ms + 6_000})
    page.goto(f"{stage.url}/queries/{waiting}")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#state")).to_have_text("cancelled")
    expect(page.locator("#running")).to_be_hidden()


def test_query_is_followed_by_events_and_by_asking_where_there_is_no_place(
    stage: Stage, open_page: Callable[[], Page]
) -> None:
    start_ms = time.time_ns() // 1_000_000 // 10_000 * 10_000 - 60_000
    camera = str(stage.add_camera("Gate", clip_ms=10_000)["id"])
    stage.add_clip(make_clip(Cars(), camera, start_ms, analysis="recorder"))
    query_id = stage.ask(camera=camera, **{"from": start_ms, "to": start_ms + 10_000})
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(stage.url)))
    sign_in(page, stage, f"/queries/{query_id}")
    expect(page.locator("#state")).to_have_text("received")
    events, once = f"/v1/queries/{query_id}/events", f"/v1/queries/{query_id}"

    others = [open_page() for _ in range(STREAMS_PER_USER)]
    for other in others:
        sign_in(other, stage, f"/queries/{query_id}")
        expect(other.locator("#state")).to_have_text("received")
    stage.tell(QueryPlanned(query_id=query_id, parts=4, duration_ms=10_000, frame_count=100))
    key = part_key(query_id, 0)
    stage.tell(PartReady(query_id=query_id, part=0, parts=4, object_key=key, frame_count=25, duration_ms=2_500))
    for one in (page, *others):
        expect(one.locator("#progress-words")).to_contain_text("25 %")
    assert events in asked
    assert once not in asked, "followed, not asked again and again"

    stage.finish(query_id, make_clip(Cars(), camera, start_ms))
    for one in (page, *others):
        expect(one.locator("#state")).to_have_text("finished")
        expect(one.locator("#sightings button").first).to_be_visible()
    expect(page.locator("#input-video")).to_be_visible()
    wait_video(page, "video.readyState >= 1", "#input-video")

    del asked[:]
    page.goto(f"{stage.url}/queries")
    expect(page.locator(f'[data-query="{query_id}"]')).to_contain_text("finished")
    second = stage.ask(camera=camera, **{"from": start_ms, "to": start_ms + 5_000})
    card = page.locator(f'[data-query="{second}"]')
    expect(card).to_contain_text("received")
    stage.tell(QueryFailed(query_id=second, reason="The video cannot be decoded."))
    expect(card).to_contain_text("The video cannot be decoded.")
    assert sum(one.startswith("/v1/queries/events?") for one in asked) == 1
    assert sum(one.startswith("/v1/queries?") for one in asked) == 1, "the list is followed, not asked again and again"
