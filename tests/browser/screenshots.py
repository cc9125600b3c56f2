"""`python -m tests.browser.screenshots OUT_DIR`: every page, light, dark and phone, from a system of its own."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pyotp
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from infra.native.layout import VarFolder
from infra.native.ports import free_ports
from infra.native.servers import ServerGroup
from infra.native.settings import read_settings
from tests.browser.stage import CHROMIUM_NAMES, Stage, furnish, open_stage
from tests.browser.waiting import wait_video

Scheme = Literal["light", "dark"]
DESKTOP, PHONE = ViewportSize(width=1280, height=820), ViewportSize(width=390, height=844)
SHOTS: tuple[tuple[Scheme, ViewportSize, str], ...] = (
    ("light", DESKTOP, ""),
    ("dark", DESKTOP, "-dark"),
    ("light", PHONE, "-phone"),
)
LONG = ("camera-analysis",)
"""Pages that are shown whole."""
LIVE_LIMIT_MS = 60_000


@contextmanager
def own_variables(folder: Path) -> Iterator[dict[str, str]]:
    """Native servers that end with the block, and an empty installation on them."""
    var = VarFolder(folder / "servers")
    var.create()
    group = ServerGroup(read_settings({}, var=var, ports=free_ports()))
    try:
        group.start()
        yield {
            **group.endpoints.variables(),
            "S3_BUCKET": "lookout",
            "LOOKOUT_VAR_DIR": str(folder),
            "LOOKOUT_MIN_FREE_BYTES": "0",
        }
    finally:
        group.stop()


def sign_in(browser: Browser, stage: Stage, scheme: Scheme, size: ViewportSize) -> Page:
    context = browser.new_context(color_scheme=scheme, viewport=size, device_scale_factor=1)
    page = context.new_page()
    page.goto(stage.url + "/sign-in")
    name, password = stage.system.first_admin()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(stage.url + "/")
    return page


def make_link(page: Page) -> None:
    """On a clip's page: share it, and leave the dialog open."""
    page.get_by_role("button", name="Share").click()
    page.get_by_role("button", name="Make a link").click()
    page.locator("#shares li").first.wait_for()


Shoot = Callable[[str], None]


def take_all(browser: Browser, stage: Stage, ids: dict[str, str], folder: Path) -> None:
    for scheme, size, suffix in SHOTS:
        page = sign_in(browser, stage, scheme, size)

        def shoot(name: str, page: Page = page, suffix: str = suffix) -> None:
            page.screenshot(path=folder / f"{name}{suffix}.png", full_page=name in LONG)

        shoot_cameras(page, stage, ids, shoot, makes_one=suffix == "")
        shoot_clips(page, stage, ids, shoot)
        shoot_sightings(page, stage, shoot)
        shoot_queries(page, stage, ids, shoot)
        page.goto(f"{stage.url}/status")
        page.locator("#consumers tr").first.wait_for()
        shoot("status")
        for name in ("users", "audit", "account"):
            page.goto(f"{stage.url}/{name}")
            page.locator("main li, main tbody tr").first.wait_for()
            shoot(name)
        if suffix == SHOTS[-1][2]:
            shoot_recovery_codes(page, shoot)  # from then on signing in needs a code
        page.context.close()
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.goto(stage.url)
    page.screenshot(path=folder / "sign-in.png")
    context.close()


def shoot_cameras(page: Page, stage: Stage, ids: dict[str, str], shoot: Shoot, *, makes_one: bool) -> None:
    page.locator(".badge.live:visible").nth(1).wait_for(timeout=LIVE_LIMIT_MS)
    page.wait_for_timeout(1500)
    shoot("cameras")
    page.get_by_role("button", name="Add camera").first.click()
    page.get_by_label("Emotion").check()
    shoot("add-camera")
    if makes_one:
        page.get_by_label("Emotion").uncheck()
        page.locator("#add-form").get_by_label("Name").fill("Yard")
        page.locator("#add-form").get_by_role("button", name="Add camera").click()
        page.locator("#token-dialog").wait_for()
        shoot("token")
        page.get_by_role("button", name="Done").click()
    page.goto(f"{stage.url}/cameras/{ids['gate']}")
    page.locator(".badge.live").wait_for(timeout=LIVE_LIMIT_MS)
    page.wait_for_timeout(1500)
    shoot("camera")
    page.goto(f"{stage.url}/cameras/{ids['gate']}/analysis")
    page.locator(".badge.live").wait_for(timeout=LIVE_LIMIT_MS)
    page.locator("polygon.zone").click(force=True)
    page.wait_for_timeout(800)
    shoot("camera-analysis")


def shoot_clips(page: Page, stage: Stage, ids: dict[str, str], shoot: Shoot) -> None:
    page.goto(f"{stage.url}/clips")
    page.locator(".card img").first.wait_for()
    page.wait_for_timeout(800)
    shoot("clips")
    shoot_exports(page, stage, shoot)
    page.goto(f"{stage.url}/clips/{ids['plates']}?t=2.5")
    wait_video(page, "video.readyState >= 2")
    page.wait_for_timeout(800)
    shoot("clip")
    make_link(page)
    shoot("share")


def shoot_exports(page: Page, stage: Stage, shoot: Shoot) -> None:
    page.get_by_role("button", name="Choose clips").click()
    page.locator("[data-clip]").first.click()
    shoot("clips-chosen")
    page.get_by_role("button", name="Export…").click()
    page.get_by_label("Film").check()
    shoot("export")
    page.get_by_role("button", name="Make it").click()
    page.locator("[data-export]").first.wait_for()
    shoot("exports")


def shoot_sightings(page: Page, stage: Stage, shoot: Shoot) -> None:
    page.goto(f"{stage.url}/sightings")
    page.locator("tbody tr").first.wait_for()
    page.wait_for_timeout(800)
    shoot("sightings")
    page.goto(f"{stage.url}/sightings?analysis=emotion")
    page.locator("#gallery a").first.wait_for()
    page.wait_for_timeout(800)
    shoot("sightings-faces")
    page.goto(f"{stage.url}/sightings?text=nothing")
    page.locator("#empty").wait_for()
    shoot("sightings-empty")


def shoot_queries(page: Page, stage: Stage, ids: dict[str, str], shoot: Shoot) -> None:
    page.goto(f"{stage.url}/recordings")
    page.locator("#rows tr").first.wait_for()
    shoot("recordings")
    page.get_by_role("button", name="Query").last.click()
    page.locator("#query-dialog").get_by_label("Analysis").select_option("emotion")
    shoot("query-dialog")
    page.goto(f"{stage.url}/queries")
    page.locator(".card img").first.wait_for()
    page.wait_for_timeout(800)
    shoot("queries")
    page.goto(f"{stage.url}/queries/{ids['running']}")
    page.get_by_text("frames/s").wait_for()
    shoot("query-running")
    page.goto(f"{stage.url}/queries/{ids['query']}")
    wait_video(page, "video.readyState >= 2")
    page.locator("#diff-words").wait_for()
    page.wait_for_timeout(500)
    shoot("query")


def shoot_recovery_codes(page: Page, shoot: Shoot) -> None:
    """On the account's page."""
    page.get_by_role("button", name="Set up").click()
    page.locator("#totp-text").wait_for()
    totp = pyotp.TOTP(page.locator("#totp-text").inner_text().replace(" ", ""))
    page.get_by_label("Code of the app").fill(totp.now())
    page.get_by_role("button", name="Confirm").click()
    page.locator("#recovery-codes").wait_for()
    shoot("recovery-codes")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    folder: Path = parser.parse_args().folder
    chromium = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if chromium is None:
        sys.stderr.write("Chromium is not installed: apt-get install chromium\n")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        own_variables(Path(place)) as variables,
        open_stage(variables, Path(place)) as stage,
        sync_playwright() as playwright,
    ):
        ids = furnish(stage)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        take_all(browser, stage, ids, folder)
        browser.close()
    sys.stdout.write(f"{len(list(folder.glob('*.png')))} pictures in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
