"""How soon a clip is seen by who looks at the list, in a real browser."""

import logging
import statistics
from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.scenes import Cars, make_clip
from tests.browser.stage import Stage
from tests.browser.test_page import sign_in, start_ms
from tests.support.service_process import wait_until

log = logging.getLogger(__name__)

CLIPS = 20
UNTOLD_S = 20
"""Between two looks of a page that is told nothing."""


def test_clip_is_visible_soon_after_its_event(
    stage: Stage, open_page: Callable[[], Page], record_property: Callable[[str, object], None]
) -> None:
    camera = str(stage.add_camera("Gate", clip_ms=10_000)["id"])
    made = make_clip(Cars(), camera, start_ms(600), 2_000)
    page = open_page()
    streams: list[str] = []
    page.on("response", lambda answer: streams.append(answer.url) if answer.url.endswith("/v1/clips/events") else None)
    sign_in(page, stage, "/clips")
    page.locator("#empty").get_by_role("heading", name="No clips").wait_for()

    def is_followed() -> bool:
        page.evaluate("0")  # lets what the browser says be heard
        return bool(streams)

    wait_until(is_followed, "the page follows the list")
    first_ms, times = made.sidecar.start_ms, []
    for n in range(CLIPS):
        sidecar = made.sidecar.model_copy(update={"start_ms": first_ms + n * 10_000})
        event = stage.system.put_clip(sidecar, made.video, made.poster)
        began_ms = page.evaluate("performance.now()")
        stage.system.announce(event)
        page.locator(f'[data-clip="{event.clip_id}"]').wait_for()
        times.append((page.evaluate("performance.now()") - began_ms) / 1000)
    p95_s = sorted(times)[CLIPS * 95 // 100 - 1]
    record_property("clip_event_to_visible_p95_s", round(p95_s, 3))
    median_s = statistics.median(times)
    log.info("clip event to visible in the page: median %.2f s, p95 %.2f s", median_s, p95_s)
    assert median_s < UNTOLD_S / 2, "the page was told"
