"""`make screenshots`: the pictures of the README, taken anew from a system of its own with the two demo cameras."""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from camera_client.demo import PLATES
from infra.native.layout import REPOSITORY
from infra.native.stack import Stack
from tests.e2e.api_person import ApiPerson, wait_for

IMAGES = REPOSITORY / "docs" / "images"
WIDTH, HEIGHT = 1280, 800
CLIPS_LIMIT_S = 180.0
SETTLE_MS = 2_500
"""Posters and live pictures come after the page."""
PAGE_LIMIT_MS = 30_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find_browser() -> str | None:
    """The program of an installed Chromium, or None: then Playwright's own is tried."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def take_pictures(stack: Stack, folder: Path) -> list[Path]:
    """Wait until both cameras have clips with sightings, then photograph the pages. RuntimeError if none come."""
    with ApiPerson.from_first_admin(stack.page_url, stack.system.var.first_admin) as person:
        tell("waiting for clips")

        def is_seen() -> bool:
            return bool(person.sightings(label="happy")) and len(person.sightings(analysis="license_plate")) >= 3

        if not wait_for(is_seen, CLIPS_LIMIT_S, step_s=1.0):
            raise RuntimeError(f"no sightings within {CLIPS_LIMIT_S:.0f} s")
        happy = person.sightings(label="happy")[-1]
    name, _, password = stack.system.var.first_admin.read_text(encoding="utf-8").strip().partition(" ")
    taken = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, base_url=stack.page_url)
        page.set_default_timeout(PAGE_LIMIT_MS)
        sign_in(page, name, password)
        for title, path in (
            ("cameras", "/"),
            ("clips", "/clips"),
            ("sightings", f"/sightings?text={PLATES[0][:4]}"),
            ("clip", f"/clips/{happy['clip']}"),
            ("status", "/status"),
        ):
            page.goto(path)
            if title == "clip":
                play_to(page, happy["at_ms"] / 1000)
            page.wait_for_timeout(SETTLE_MS)
            taken.append(folder / f"{title}.png")
            page.screenshot(path=taken[-1])
        browser.close()
    return taken


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
