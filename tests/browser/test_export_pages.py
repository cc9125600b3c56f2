"""Choosing clips and exporting them, in a real browser."""

import zipfile
from collections.abc import Callable

from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.scenes import Cars, make_clip
from tests.browser.stage import Stage
from tests.browser.test_page import sign_in, start_ms


def test_chosen_clips_become_a_zip_and_a_film_can_be_asked_for(stage: Stage, open_page: Callable[[], Page]) -> None:
    camera = str(stage.add_camera("Gate", clip_ms=10_000)["id"])
    older, newer = (stage.add_clip(make_clip(Cars(), camera, start_ms(ago_s))) for ago_s in (60, 30))
    page = open_page()
    sign_in(page, stage, "/clips")
    expect(page.locator("[data-clip]")).to_have_count(2)

    page.get_by_role("button", name="Choose clips").click()
    expect(page.get_by_role("button", name="Export…")).to_be_disabled()
    card = page.locator(f'[data-clip="{older}"]')
    card.click()
    expect(card).to_have_attribute("aria-checked", "true")
    card.press(" ")
    expect(card).to_have_attribute("aria-checked", "false")
    page.get_by_role("button", name="All shown").click()
    expect(page.locator("#chosen-count")).to_have_text("2 clips chosen")
    page.get_by_role("button", name="Export…").click()
    page.get_by_label("Name").fill("Case 7")
    page.get_by_role("button", name="Make it").click()

    row = page.locator("[data-export]").filter(has_text="Case 7")
    expect(row).to_contain_text("zip · 2 clips")
    with page.expect_download() as fetched:
        row.get_by_role("link", name="Download").click()
    with zipfile.ZipFile(fetched.value.path()) as archive:
        names = archive.namelist()
    assert {"SHA256SUMS", "manifest.json"} < {name.rpartition("/")[2] for name in names}
    assert sum(name.endswith(".mp4") for name in names) == 2

    page.get_by_role("link", name="Choose clips").click()
    page.get_by_role("button", name="Choose clips").click()
    page.locator(f'[data-clip="{newer}"]').click()
    page.get_by_role("button", name="Export…").click()
    expect(page.get_by_text("as captions")).to_be_hidden()
    page.get_by_label("Film").check()
    expect(page.get_by_text("as captions")).to_be_visible()
    page.get_by_label("Name").fill("The gate")
    page.get_by_role("button", name="Make it").click()
    film = page.locator("[data-export]").filter(has_text="The gate")
    expect(film).to_contain_text("received")
    film.get_by_role("button", name="Cancel").click()
    expect(film).to_have_count(0)
    row.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No exports")).to_be_visible()


def ask_for_film(stage: Stage, name: str) -> str:
    """Nobody makes it: it stays "received"."""
    camera = str(stage.add_camera("Gate", clip_ms=10_000)["id"])
    clip = stage.add_clip(make_clip(Cars(), camera, start_ms(30)))
    answer = stage.admin.post("/v1/exports", json={"name": name, "kind": "film", "clips": [clip]})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_older_answer_does_not_bring_back_what_was_deleted(stage: Stage, open_page: Callable[[], Page]) -> None:
    ask_for_film(stage, "The gate")
    page = open_page()
    sign_in(page, stage, "/exports")
    row = page.locator("[data-export]")
    expect(row).to_have_count(1)
    held: list[tuple[Route, APIResponse]] = []

    def hold_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    page.route("**/v1/exports?**", hold_first)
    while not held:
        page.wait_for_timeout(50)
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_have_count(0)
    route, with_the_row = held[0]
    with page.expect_response("**/v1/exports?**"):
        route.fulfill(response=with_the_row)
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert row.count() == 0


def test_export_that_another_deletes_leaves_the_page(stage: Stage, open_page: Callable[[], Page]) -> None:
    export = ask_for_film(stage, "The gate")
    page = open_page()
    sign_in(page, stage, "/exports")
    expect(page.locator("[data-export]")).to_have_count(1)
    assert stage.admin.delete(f"/v1/exports/{export}").status_code == 204
    expect(page.get_by_role("heading", name="No exports")).to_be_visible()
