"""A stage and a browser for the tests of the page."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.stage import CHROMIUM_NAMES, Stage, open_stage

WAIT_MS = 60_000
"""How long the page may take for anything: the suite runs beside others."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One a file: Playwright's event loop stays on the thread for as long, and tests with asyncio may come after it."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if chromium is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        yield opened
        opened.close()


@pytest.fixture
def stage(browser: Browser, service_variables: dict[str, str], tmp_path: Path) -> Iterator[Stage]:
    """Asked for after the browser: without one nothing needs to be started."""
    with open_stage(service_variables, tmp_path) as opened:
        yield opened


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[[], Page]]:
    """Pages that fail the test when a script fails or the content security policy is broken."""
    problems: list[str] = []
    contexts = []

    def hear(message: ConsoleMessage) -> None:
        # Answers such as 401 and 404 are told to the person by the page itself.
        if message.type == "error" and "Failed to load resource" not in message.text:
            problems.append(message.text)

    def open_one() -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 820})
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: problems.append(str(error)))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert problems == []
