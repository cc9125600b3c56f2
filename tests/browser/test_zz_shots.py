from tests.browser.test_page import sign_in, start_ms, named
from tests.browser.scenes import Cars, Face, make_clip
from playwright.sync_api import expect
def test_shots(stage, open_page):
    camera = str(stage.add_camera("Gate", clip_ms=10_000)["id"])
    stage.add_clip(make_clip(Cars(), camera, start_ms(30)))
    stage.add_clip(make_clip(Cars(), camera, start_ms(60), analysis="recorder"))
    stage.add_clip(named(make_clip(Face(), camera, start_ms(10), analysis="recognition"), "Ada Lovelace"))
    page = open_page()
    sign_in(page, stage, "/clips")
    expect(page.locator(".card")).to_have_count(3)
    page.screenshot(path="/tmp/shots/clips.png")
    page.goto(stage.url + "/sightings"); expect(page.locator("#gallery a")).to_have_count(1)
    page.screenshot(path="/tmp/shots/sightings.png")
    page.goto(stage.url + "/recordings"); expect(page.locator("#rows tr")).to_have_count(1)
    page.screenshot(path="/tmp/shots/recordings.png")
    page.goto(stage.url + "/status"); expect(page.locator("#light")).to_be_visible()
    page.screenshot(path="/tmp/shots/status.png")
    page.set_viewport_size({"width": 360, "height": 900})
    page.goto(stage.url + "/clips?person=ada"); expect(page.locator(".card")).to_have_count(1)
    page.screenshot(path="/tmp/shots/phone.png")
