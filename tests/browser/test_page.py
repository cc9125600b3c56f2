"""The page in a real browser: signing in, watching live, adding a camera, playing, searching, deleting."""

import re
import shlex
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response, Route, expect

from common.contracts.clip import ClipId
from tests.browser.scenes import Cars, Face, MadeClip, make_clip
from tests.browser.stage import Stage
from tests.browser.waiting import wait_js, wait_video
from tests.support.service_process import wait_until

pytestmark = pytest.mark.timeout(400)
WAITS = "The object store has not answered for 12 s."
IS_PLAYING = "video.currentTime > 1.0"
COLOURS_ON_CANVAS = """canvas => {
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4 * 997) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
  return seen.size;
}"""


def sign_in(page: Page, stage: Stage, path: str = "/") -> None:
    name, password = stage.system.first_admin()
    page.goto(stage.url + path)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url(stage.url + path)


def start_ms(seconds_ago: int) -> int:
    return (time.time_ns() // 1_000_000 - seconds_ago * 1000) // 10_000 * 10_000


DRAWN_PIXELS = """(() => {
    const canvas = document.getElementById("overlay");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, at) => at % 4 === 3 && value > 0).length;
})()"""


def test_sign_in_wrong_password_is_told_and_the_page_asked_for_comes_afterwards(
    stage: Stage, open_page: Callable[[], Page]
) -> None:
    page = open_page()
    page.goto(stage.url + "/clips?analysis=emotion")
    expect(page).to_have_url(f"{stage.url}/sign-in?next=%2Fclips%3Fanalysis%3Demotion")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    page.get_by_label("Password").fill(stage.system.first_admin()[1])
    page.keyboard.press("Enter")
    expect(page).to_have_url(stage.url + "/clips?analysis=emotion")
    expect(page.get_by_role("combobox", name="Analysis")).to_have_value("emotion")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(stage.url + "/sign-in")
    page.goto(stage.url + "/clips")
    assert "/sign-in" in page.url
    page.goto(stage.url + "/sign-in?next=//evil.example/")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(stage.system.first_admin()[1])
    page.keyboard.press("Enter")
    expect(page).to_have_url(stage.url + "/")
    check_early_hands(page, stage)


def check_early_hands(page: Page, stage: Stage) -> None:
    """On a slow line nothing that a person does before the scripts have come is lost, or goes out by itself."""
    asked: list[str] = []
    held: list[Route] = []
    page.on("request", lambda request: asked.append(request.url))
    is_slow = False

    def take(route: Route) -> None:
        if is_slow and not route.request.url.endswith(("/early.js", "/theme.js")):  # without these nothing is shown
            held.append(route)
        else:
            route.continue_()

    def let_go() -> None:
        nonlocal is_slow
        is_slow = False
        waiting, held[:] = held[:], []
        for route in waiting:
            route.continue_()

    def open_slowly(path: str) -> None:
        nonlocal is_slow
        page.wait_for_load_state()
        is_slow = True
        page.goto(stage.url + path, wait_until="commit")

    page.route("**/static/*.js", take)
    open_slowly("/clips")
    page.get_by_role("button", name="Sign out").click()
    let_go()
    expect(page).to_have_url(stage.url + "/sign-in")

    name, password = stage.system.first_admin()
    open_slowly("/sign-in?next=/clips")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    let_go()
    expect(page).to_have_url(stage.url + "/clips")
    assert not [url for url in asked if "password" in url]

    open_slowly("/clips")
    page.get_by_role("button", name="Choose clips").click()
    let_go()
    expect(page.get_by_role("button", name="All shown")).to_be_visible()


def is_sent(curl: list[str], folder: Path) -> bool:
    """Whether the shown line, run in a shell's place, gets a picture acknowledged."""
    (folder / "picture.jpg").write_bytes(Cars().shot(2).jpeg())
    assert curl[0] == "curl"
    command = [*curl, "-s", "-w", "%{http_code}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.endswith("201")


def test_first_page_is_small(stage: Stage, open_page: Callable[[], Page]) -> None:
    page = open_page()
    sign_in(page, stage)
    answers: list[Response] = []

    def hear(answer: Response) -> None:
        answers.append(answer)

    page.on("response", hear)
    page.reload()
    expect(page.get_by_role("heading", name="No camera yet")).to_be_visible()
    # What is asked again every two seconds is no part of loading.
    addresses = {answer.url for answer in answers}
    assert len(addresses) <= 20, addresses
    assert sum(int(answer.headers.get("content-length", 0)) for answer in answers) < 200_000


def test_camera_added_with_the_shown_curl_line_is_seen_live(
    stage: Stage, open_page: Callable[[], Page], tmp_path: Path
) -> None:
    page = open_page()
    sign_in(page, stage)
    expect(page.get_by_role("heading", name="No camera yet")).to_be_visible()

    page.get_by_role("button", name="Add camera").first.click()
    form = page.locator("#add-form")
    form.get_by_label("Name").fill("Yard <b>✓</b>")
    form.get_by_label("Emotion").check()
    form.get_by_label("What for").fill("mood of our employees")
    form.get_by_role("button", name="Add camera").click()
    expect(form.get_by_role("alert")).to_contain_text("EU AI Act, Art. 5(1)(f)")
    form.get_by_label("What for").fill("art in the yard")
    form.get_by_role("button", name="Add camera").click()
    dialog = page.locator("#token-dialog")
    expect(dialog.get_by_role("heading", name="Connect Yard <b>✓</b>")).to_be_visible()

    curl = shlex.split(dialog.locator('[data-fill="curl"]').inner_text())
    stage.start_ingest()
    wait_until(lambda: is_sent(curl, tmp_path), "the shown line sends a picture")
    client = shlex.split(dialog.locator('[data-fill="client"]').inner_text())
    token = dialog.locator('[data-fill="token"]').inner_text()
    assert client[:3] == ["python", "-m", "camera_client"]
    assert client[client.index("--token") + 1] == token
    dialog.get_by_role("button", name="Done").click()

    (camera,) = stage.admin.get("/v1/cameras").json()["cameras"]
    stage.play({**camera, "token": token, "ingest_path": f"/v1/cameras/{camera['id']}/frames"}, Face())
    card = page.locator(f'article[data-camera="{camera["id"]}"]')
    expect(card.locator(".badge.live")).to_be_visible()
    canvas = card.locator("canvas")
    wait_until(lambda: bool(canvas.evaluate(COLOURS_ON_CANVAS) > 20), "a picture is drawn")
    expect(card.get_by_role("list", name="How far behind")).to_contain_text("recording not running")
    lags = {camera["id"]: (camera["partition"], 7, 1.2)}
    stage.report("recorder-1", "recorder", lags, reason=WAITS)
    expect(card.get_by_role("list", name="How far behind")).to_contain_text("recording 1.2 s behind")
    check_status(page)

    card.get_by_role("heading").get_by_role("link").click()
    expect(page.locator(".badge.live")).to_be_visible()
    page.get_by_label("Name").fill("Back yard")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Back yard")
    assert token not in page.content()
    page.get_by_role("button", name="Delete camera").click()
    page.locator("#delete-dialog").get_by_role("button", name="Delete camera").click()
    expect(page.get_by_role("heading", name="No camera yet")).to_be_visible()


def check_status(page: Page) -> None:
    """What a consumer waits for stands beside the lag that comes of it, and the consumer is not shown as well."""
    page.get_by_role("link", name="Status").click()
    expect(page.locator("#lags tr", has_text="recording")).to_contain_text(WAITS)
    consumer = page.locator("#consumers tr", has_text="recorder-1")
    expect(consumer).to_contain_text(WAITS)
    expect(consumer.locator(".badge")).to_have_class(re.compile("warning"))
    page.get_by_role("link", name="Cameras").click()


def named(made: MadeClip, name: str) -> MadeClip:
    """A clip of faces as face recognition tells them."""
    seen = tuple(sighting.model_copy(update={"label": name}) for sighting in made.sidecar.sightings)
    return replace(made, sidecar=made.sidecar.model_copy(update={"sightings": seen}))


def check_order_and_person(page: Page, stage: Stage, camera: str, newest: str) -> None:
    """Oldest first, what comes is added at the end; a person is found by a part of the name."""
    page.get_by_role("combobox", name="Sort").select_option("oldest")
    expect(page.locator("#clips .card").last).to_have_attribute("data-clip", newest)
    expect(page).to_have_url(re.compile("sort=oldest"))
    ada = stage.add_clip(named(make_clip(Face(), camera, start_ms(0), analysis="recognition"), "Ada Lovelace"))
    expect(page.locator("#clips .card").last).to_have_attribute("data-clip", ada)
    expect(page.locator("#clips .card")).to_have_count(4)
    page.get_by_role("textbox", name="Person").fill("lovelace")
    expect(page.locator("#clips .card")).to_have_count(1)
    expect(page.locator("#clips .card")).to_have_attribute("data-clip", ada)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#clips .card").first).to_have_attribute("data-clip", ada)


def check_faces(page: Page) -> None:
    """Two faces, in the gallery and not in the table; one is a person, the other an emotion."""
    expect(page.locator("#gallery a")).to_have_count(2)
    page.get_by_role("textbox", name="Person").fill("ADA")
    expect(page.locator("#gallery a")).to_have_count(1)
    expect(page.locator("#gallery")).to_contain_text("Ada Lovelace")
    page.get_by_role("textbox", name="Person").fill("")
    page.get_by_role("combobox", name="Emotion").select_option("happy")
    expect(page.locator("#gallery a")).to_have_count(1)
    expect(page.locator("#gallery")).to_contain_text("happy")
    assert page.locator("#gallery img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 50
    expect(page.locator("#table")).to_be_hidden()


def test_clip_is_found_played_and_deleted(stage: Stage, open_page: Callable[[], Page]) -> None:
    camera = str(stage.add_camera("Gate", clip_ms=10_000)["id"])
    window_ms = start_ms(30)
    plates = stage.add_clip(make_clip(Cars(), camera, window_ms))
    recording = stage.add_clip(make_clip(Cars(), camera, window_ms, analysis="recorder"))
    page = open_page()
    sign_in(page, stage, "/clips")
    expect(page.locator("#clips .card")).to_have_count(2)
    assert (
        page.locator(f'[data-clip="{plates}"] img').evaluate("image => image.decode().then(() => image.naturalWidth)")
        == 640
    )

    fresh = stage.add_clip(make_clip(Face(), camera, start_ms(10), analysis="emotion"))
    expect(page.locator("#clips .card").first).to_have_attribute("data-clip", fresh)
    page.get_by_role("textbox", name="Plate").fill("rt-39 h")
    expect(page.locator("#clips .card")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"text=rt-39\+h"))
    page.go_back()
    expect(page.locator("#clips .card")).to_have_count(3)
    page.get_by_role("combobox", name="Emotion").select_option("happy")
    expect(page.locator("#clips .card")).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    check_order_and_person(page, stage, camera, fresh)

    page.locator(f'[data-clip="{plates}"]').click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Gate")
    page.locator("video").wait_for()
    page.keyboard.press("Space")
    wait_video(page, IS_PLAYING)
    wait_video(page, "video.getVideoPlaybackQuality().totalVideoFrames > 5")
    page.keyboard.press("Space")
    at = page.evaluate("document.querySelector('video').currentTime")
    page.keyboard.press(".")
    wait_video(page, f"Math.abs(video.currentTime - {at} - 0.1) < 0.06")
    page.locator(".sightings button").filter(has_text="TN64FLE").click()
    wait_video(page, "video.currentTime > 7")

    page.goto(stage.url + "/sightings")
    page.get_by_role("searchbox", name="Plate").fill("74 x")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("KA74XEF")
    assert page.locator("tbody img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 50
    page.get_by_role("link", name="Play").click()
    wait_video(page, "video.currentTime > 0")  # the page asks for the clip before it seeks

    page.get_by_role("button", name="Delete").click()
    page.locator("#delete-dialog").get_by_role("button", name="Delete clip").click()
    expect(page).to_have_url(stage.url + "/clips")
    expect(page.locator(f'[data-clip="{recording}"]')).to_be_visible()
    expect(page.locator(f'[data-clip="{plates}"]')).to_have_count(0)
    page.goto(f"{stage.url}/clips/{plates}")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()

    page.goto(stage.url + "/sightings")
    check_faces(page)
    page.context.clear_cookies()
    page.get_by_role("searchbox", name="Plate").fill("KA")
    page.wait_for_url("**/sign-in?next=*")


def test_boxes_of_a_clip_are_switched_on_and_off(stage: Stage, open_page: Callable[[], Page]) -> None:
    """An analysed clip gives way to the recorded one; a recorded clip gets the boxes of a sidecar."""
    camera = str(stage.add_camera("Gate", clip_ms=10_000)["id"])
    window_ms = start_ms(30)
    plates = stage.add_clip(make_clip(Cars(), camera, window_ms))
    recording = stage.add_clip(make_clip(Cars(), camera, window_ms, analysis="recorder"))
    page = open_page()
    sign_in(page, stage, "/clips")
    expect(page.locator("#clips .card")).to_have_count(2)
    page.goto(f"{stage.url}/clips/{plates}?t=8")
    page.get_by_role("group", name="Boxes").get_by_label("drawn").uncheck()
    wait_video(page, "video.src.includes('recorder.')")
    wait_video(page, "video.currentTime > 7")

    page.goto(f"{stage.url}/clips/{recording}?t=8")
    wait_video(page, "video.readyState >= 2")
    assert page.evaluate(DRAWN_PIXELS) == 0
    page.get_by_role("group", name="Boxes").get_by_label("license plate").check()
    wait_js(page, f"({DRAWN_PIXELS}) > 500")
    page.get_by_role("group", name="Boxes").get_by_label("license plate").uncheck()
    wait_js(page, f"({DRAWN_PIXELS}) === 0")

    # A worker that was killed before it stored the poster: a word in the list, the first picture in the player.
    stage.system.store.delete(ClipId.parse(recording).poster_key)
    page = open_page()  # that has not seen it before
    sign_in(page, stage, "/clips")
    card = page.locator(f'[data-clip="{recording}"]')
    expect(card).to_contain_text("No picture")
    expect(card.locator("img")).to_have_count(0)
    card.click()
    wait_video(page, "video.readyState >= 2 && video.videoWidth > 0")
    expect(page.locator("#problem")).to_be_hidden()


def test_page_works_at_phone_width_and_by_keyboard(stage: Stage, open_page: Callable[[], Page]) -> None:
    camera = str(stage.add_camera("Gate with a rather long name that has to wrap somewhere")["id"])
    clip = stage.add_clip(make_clip(Cars(), camera, start_ms(30)))
    page = open_page()
    page.set_viewport_size({"width": 360, "height": 740})
    sign_in(page, stage)
    for path, content in (
        ("/", "article[data-camera]"),
        (f"/cameras/{camera}", "#clips a"),
        ("/clips", "#clips a"),
        (f"/clips/{clip}", ".sightings button"),
        ("/sightings", "tbody tr"),
        ("/status", "main"),
    ):
        page.goto(stage.url + path)
        expect(page.locator(content).first).to_be_visible()
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, path
    page.goto(stage.url + "/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.get_by_role("button", name="Add camera").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#add-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#add-dialog")).to_be_hidden()
