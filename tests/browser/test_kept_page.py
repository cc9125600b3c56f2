"""The page that says what is kept and why, and a shared clip, in a real browser."""

import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.scenes import Cars, make_clip
from tests.browser.stage import Stage
from tests.browser.test_page import sign_in, start_ms
from tests.browser.waiting import wait_video


def test_purposes_and_retention_are_on_one_page(stage: Stage, open_page: Callable[[], Page]) -> None:
    page = open_page()
    sign_in(page, stage)
    stage.admin.post(
        "/v1/cameras",
        json={
            "name": "Square <b>",
            "analyses": [{"name": "emotion"}, {"name": "recorder"}],
            "emotion_purpose": {"text": "safety of the square", "expires_us": (time.time_ns() // 1000) + 10**12},
            "retention_hours": {"recorder": 5},
        },
    ).raise_for_status()
    page.goto(stage.url + "/kept")
    expect(page.locator("#purposes tr")).to_have_count(1)
    expect(page.locator("#purposes")).to_contain_text("safety of the square")
    expect(page.locator("#purposes")).to_contain_text("Square <b>")
    expect(page.locator("#kept tr")).to_have_count(2)
    expect(page.locator("#kept")).to_contain_text("5 hours (its own)")
    expect(page.locator("#rules")).to_contain_text("No clip is held.")
    expect(page.get_by_role("link", name="Kept")).to_have_attribute("aria-current", "page")


def test_shared_clip_plays_for_whoever_has_the_link_until_it_is_withdrawn(
    stage: Stage, open_page: Callable[[], Page]
) -> None:
    camera = str(stage.add_camera("Gate", clip_ms=10_000)["id"])
    clip = stage.add_clip(make_clip(Cars(), camera, start_ms(30)))
    page = open_page()
    sign_in(page, stage, "/clips")
    page.locator(f'[data-clip="{clip}"]').click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Gate")  # the script has taken over the buttons
    page.get_by_role("button", name="Share").click()
    page.get_by_label("What for").fill("the insurer")
    page.get_by_role("button", name="Make a link").click()
    expect(page.locator("#share-link code")).to_contain_text("/s/")
    link = page.locator("#share-link code").inner_text()
    expect(page.locator("#shares")).to_contain_text("the insurer")

    stranger = open_page()
    stranger.goto(link)
    expect(stranger.get_by_role("heading", name="Shared clip")).to_be_visible()
    stranger.locator("video").evaluate("video => video.play()")
    wait_video(stranger, "video.currentTime > 0.3")
    page.get_by_role("button", name="Withdraw").click()
    expect(page.locator("#shares li")).to_have_count(0)
    stranger.reload()
    expect(stranger.get_by_role("heading", name="Not found")).to_be_visible()


def test_held_clip_cannot_be_deleted_until_it_is_released(stage: Stage, open_page: Callable[[], Page]) -> None:
    camera = str(stage.add_camera("Gate", clip_ms=10_000)["id"])
    clip = stage.add_clip(make_clip(Cars(), camera, start_ms(30)))
    page = open_page()
    sign_in(page, stage, "/clips")
    page.locator(f'[data-clip="{clip}"]').click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Gate")  # the script has taken over the buttons
    page.get_by_role("button", name="Hold").click()
    page.get_by_label("Reason").fill("case 7")
    page.get_by_role("button", name="Hold clip").click()
    expect(page.get_by_text("Held: case 7.")).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_be_disabled()
    page.reload()
    expect(page.get_by_text("Held: case 7.")).to_be_visible()
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_role("button", name="Delete")).to_be_enabled()
