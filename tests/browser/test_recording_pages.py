"""Recordings in a real browser: an upload that breaks goes on; any time of a span is played, downloaded and queried."""

import io
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from playwright.sync_api import Page, Route, expect

from common.contracts.playable import UploadPrepared, playable_key
from common.settings import StorageSettings, load_settings
from common.storage.s3 import S3ObjectStore
from common.topics import CLIP_EVENTS
from tests.browser.scenes import Cars, make_clip
from tests.browser.stage import Stage
from tests.browser.test_page import sign_in
from tests.browser.waiting import wait_video
from tests.unit.playable.films import draw

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
PIECE = 8 * 2**20
IS_SHOWN = "video.currentTime > 0.2 && video.videoWidth > 0"


@pytest.fixture
def service_variables(service_variables: dict[str, str]) -> dict[str, str]:
    """The stage of this file may import from a bucket of its own."""
    return {**service_variables, "LOOKOUT_IMPORT_BUCKETS": f"b{secrets.token_hex(6)}"}


def padded(video: bytes, size: int) -> bytes:
    """The same film with a `free` box behind it, so that it has `size` bytes."""
    left = size - len(video)
    return video + left.to_bytes(4, "big") + b"free" + bytes(left - 8)


def upload_over_a_break(page: Page, path: Path) -> None:
    pieces: list[str] = []

    def break_the_second(route: Route) -> None:
        if route.request.method == "PATCH":
            pieces.append(route.request.headers["upload-offset"])
            if len(pieces) == 2:
                route.abort("connectionreset")
                return
        route.continue_()

    page.route("**/v1/uploads/*", break_the_second)
    page.get_by_role("button", name="Upload a video").click()
    dialog = page.locator("#upload-dialog")
    dialog.get_by_label("File").set_input_files(path)
    dialog.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator("#rows tr").filter(has_text=path.name)).to_be_visible()
    assert pieces == ["0", str(PIECE), str(PIECE), str(2 * PIECE)]


def import_by_key(page: Page, stage: Stage, film: bytes) -> None:
    bucket = stage.system.variables["LOOKOUT_IMPORT_BUCKETS"]
    settings = load_settings(StorageSettings, stage.system.variables)
    archive = S3ObjectStore(settings.model_copy(update={"bucket": bucket}))
    archive.ensure_bucket()
    archive.create("2026/yard.mp4", film, "video/mp4")
    page.get_by_role("button", name="Import from a bucket").click()
    dialog = page.locator("#import-dialog")
    expect(dialog).to_contain_text(f"Allowed: {bucket}.")
    for source, sentence in (
        (f"s3://{settings.bucket}/x.mp4", "is allowed from"),
        (f"s3://{bucket}/none.mp4", "There is no"),
    ):
        dialog.get_by_label("Object").fill(source)
        dialog.get_by_role("button", name="Import").click()
        expect(dialog.get_by_role("alert")).to_contain_text(sentence)
    dialog.get_by_label("Object").fill(f"s3://{bucket}/2026/yard.mp4")
    dialog.get_by_role("button", name="Import").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#rows tr").filter(has_text="yard.mp4")).to_contain_text("10 s")


def sort_and_filter(page: Page) -> None:
    """A span of twenty seconds and two films of ten, one of them padded."""
    first = page.locator("#rows tr").first
    page.get_by_label("Sort").select_option("longest first")
    expect(first).to_contain_text("Gate")
    page.get_by_label("Sort").select_option("largest first")
    expect(first).to_contain_text("street.mp4")
    expect(first).to_contain_text("upload, mp4, h264")
    page.get_by_label("Longer than").select_option("1 minute")
    expect(page.locator("#empty")).to_contain_text("Nothing was recorded that fits these filters.")
    expect(page).to_have_url(re.compile("duration_min_s=60&sort=largest"))
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#rows tr")).to_have_count(3)


def play_and_download(page: Page, camera: str) -> None:
    page.locator("#rows tr").filter(has_text="Gate").get_by_role("button", name="Play").click()
    playing = page.locator("#footage-dialog")
    playing.get_by_role("button", name="Play").click()
    wait_video(page, IS_SHOWN, "#footage-video")
    expect(playing.locator("#footage-words")).to_contain_text("200 pictures")
    with page.expect_download() as saved:
        playing.get_by_role("button", name="Download").click()
    assert saved.value.suggested_filename.startswith(f"{camera}_")
    with av.open(io.BytesIO(saved.value.path().read_bytes()), "r") as container:
        assert sum(1 for _ in container.decode(video=0)) == 200
    playing.get_by_label("From").fill("2020-01-01T00:00:00")
    playing.get_by_role("button", name="Play").click()
    expect(playing.get_by_role("alert")).to_contain_text("at most 6 hours")
    playing.get_by_role("button", name="Close").click()


def play_what_was_made(page: Page, stage: Stage, folder: Path, playable: bytes) -> None:
    """An upload in Matroska: first as nobody has looked into it, then as a worker has."""
    name = "shed.mkv"
    recording = stage.upload(name, draw(folder / name))
    page.reload()
    row = page.locator("#rows tr").filter(has_text=name)
    expect(row).to_contain_text("Being prepared for playing.")
    expect(row.get_by_role("link", name="Play")).to_have_count(0)
    expect(row.get_by_role("link", name="Download")).to_be_visible()
    stage.system.store.create(playable_key(recording), playable, "video/mp4")
    event = UploadPrepared(upload_id=recording, state="made", media="video/mp4", note="It was encoded anew.")
    topic = stage.system.kafka.topic(CLIP_EVENTS)
    stage.system.producer.send_and_wait(topic, recording.encode(), event.to_json())
    expect(row).to_contain_text("It was encoded anew.")  # the page looks again by itself
    expect(row.get_by_role("link", name="Download")).to_be_visible()
    with page.expect_popup() as opened:
        row.get_by_role("link", name="Play").click()
    wait_video(opened.value, IS_SHOWN)
    opened.value.close()


def test_upload_that_breaks_goes_on_and_spans_are_played(
    stage: Stage, open_page: Callable[[], Page], tmp_path: Path
) -> None:
    camera = str(stage.add_camera("Gate", clip_ms=10_000)["id"])
    start_ms = time.time_ns() // 1_000_000 // 10_000 * 10_000 - 60_000
    made = [make_clip(Cars(), camera, start_ms + n * 10_000, analysis="recorder", at_s=n * 10) for n in range(2)]
    for clip in made:
        stage.add_clip(clip)
    film = padded(made[0].video, 2 * PIECE + 1_000_000)
    (tmp_path / "street.mp4").write_bytes(film)
    page = open_page()
    sign_in(page, stage, "/recordings")
    upload_over_a_break(page, tmp_path / "street.mp4")
    (upload,) = stage.admin.get("/v1/recordings", params={"source": "upload"}).json()["recordings"]
    assert (upload["bytes"], upload["duration_ms"]) == (len(film), 10_000)
    assert stage.admin.get(upload["video"]).content == film

    import_by_key(page, stage, made[0].video)
    sort_and_filter(page)
    play_and_download(page, camera)
    play_what_was_made(page, stage, tmp_path, made[0].video)
    page.locator("#rows tr").filter(has_text="Gate").get_by_role("button", name="Play").click()
    page.locator("#footage-dialog").get_by_role("button", name="Query").click()
    page.locator("#query-dialog").get_by_role("button", name="Start query").click()
    page.wait_for_url("**/queries/q-*")
    asked = stage.admin.get(f"/v1/queries/{page.url.rsplit('/', 1)[1]}").json()
    assert asked["from_us"] <= start_ms * 1000 < asked["to_us"]

    page.goto(f"{stage.url}/cameras/{camera}")
    switch = page.locator("#record")
    expect(switch).to_have_text("Stop recording")
    switch.click()
    expect(switch).to_have_text("Start recording")
    page.goto(stage.url)
    card = page.locator(f'[data-camera="{camera}"]')
    expect(card).to_contain_text("Gate")
    expect(card.locator(".rec")).to_be_hidden()
