"""`make screenshots`: the pictures of the README, taken anew from a system of its own with the two demo cameras."""

import contextlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from camera_client.demo import PLATES
from infra.native.layout import REPOSITORY
from infra.native.stack import Stack
from tests.e2e.api_person import ApiPerson, wait_for

IMAGES = REPOSITORY / "docs" / "images"
WIDTH, HEIGHT = 1280, 800
SENDING_S = 45.0
CLIPS_LIMIT_S = 300.0
SETTLE_MS = 2_500
"""Posters and live pictures come after the page."""
PAGE_LIMIT_MS = 30_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find_browser() -> str | None:
    """The program of an installed Chromium, or None: then Playwright's own is tried."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def take_pictures(stack: Stack, folder: Path) -> list[Path]:
    """Photograph the pages of a running system with its demo cameras. RuntimeError when no sightings come.

    The cameras' page is taken live; then the cameras stop, so that all analyses have the same clips.
    """
    admin = stack.system.var.first_admin
    name, _, password = admin.read_text(encoding="utf-8").strip().partition(" ")
    taken = []
    with (
        ApiPerson.from_first_admin(stack.page_url, admin) as person,
        sync_playwright() as playwright,
        contextlib.closing(
            playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        ) as browser,
    ):
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, base_url=stack.page_url)
        page.set_default_timeout(PAGE_LIMIT_MS)
        sign_in(page, name, password)

        def shoot(title: str, path: str, at_s: float | None = None) -> None:
            page.goto(path)
            if at_s is not None:
                play_to(page, at_s)
            page.wait_for_timeout(SETTLE_MS)
            taken.append(folder / f"{title}.png")
            page.screenshot(path=taken[-1])
            shrink(taken[-1])

        tell("the cameras send for a while")
        time.sleep(SENDING_S)
        shoot("cameras", "/")
        shoot("status", "/status")
        for camera in stack.demo_cameras:
            stack.terminate(camera.camera_id)
        tell("waiting for the last clips")
        if not wait_for(lambda: has_everything(person), CLIPS_LIMIT_S, step_s=1.0):
            raise RuntimeError(f"no sightings within {CLIPS_LIMIT_S:.0f} s")
        longest = max(person.sightings(label="happy"), key=lambda sighting: sighting["frames"])
        shoot("clips", "/clips")
        shoot("sightings", f"/sightings?text={PLATES[0][:4]}")
        shoot("clip", f"/clips/{longest['clip']}", longest["at_ms"] / 1000)
    return taken


def has_everything(person: ApiPerson) -> bool:
    """Whether each analysis has stored as many frames as the recorder, and something was seen."""
    frames: dict[str, int] = {}
    for clip in person.clips():
        frames[clip["analysis"]] = frames.get(clip["analysis"], 0) + clip["frame_count"]
    return len(set(frames.values())) == 1 and len(frames) == 3 and bool(person.sightings(label="happy"))


def shrink(path: Path) -> None:
    """256 colours are enough for a page, and a third of the bytes: the pictures lie in the repository."""
    with Image.open(path) as whole:
        small = whole.convert("RGB").quantize(256)
    small.save(path, optimize=True)


def sign_in(page: Page, name: str, password: str) -> None:
    page.goto("/")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_selector("#sign-out")


def play_to(page: Page, seconds: float) -> None:
    """Show the video's picture at `seconds`."""
    page.wait_for_function("document.getElementById('video').readyState >= 1")
    page.evaluate("at => { document.getElementById('video').currentTime = at; }", seconds)
    page.wait_for_function(
        "() => { const v = document.getElementById('video'); return !v.seeking && v.readyState >= 2; }"
    )


def tell(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")


def main() -> int:
    runs = REPOSITORY / "var" / "test-runs"
    runs.mkdir(parents=True, exist_ok=True)
    IMAGES.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="screenshots-", dir=runs))
    environment = {**os.environ, "DEMO": "1", "CAMERAS": "2"}
    environment.pop("VIDEO", None)
    with Stack.on_free_ports(folder, environment=environment, report=tell) as stack:
        taken = take_pictures(stack, IMAGES)
    shutil.rmtree(folder, ignore_errors=True)
    for path in taken:
        tell(f"{path.relative_to(REPOSITORY)}: {path.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
