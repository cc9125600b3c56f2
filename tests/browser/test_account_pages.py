"""Accounts in a real browser: invited by a link, granted a camera, withdrawn, written down."""

import re
import time
from collections.abc import Callable

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import Stage
from tests.browser.test_page import sign_in

pytestmark = pytest.mark.timeout(400)
PHRASE = "a long enough phrase"
IS_WIDER_THAN_THE_SCREEN = "document.documentElement.scrollWidth > innerWidth"


def test_person_invited_and_granted_a_camera_sees_it_until_it_is_withdrawn(
    stage: Stage, open_page: Callable[[], Page]
) -> None:
    camera = stage.add_camera("Garage gate")
    admin, vera = open_page(), open_page()
    sign_in(admin, stage, "/users")

    admin.get_by_role("button", name="Invite somebody").click()
    admin.get_by_label("Name, or e-mail address").fill("vera@example.org")
    admin.get_by_role("button", name="Make the account").click()
    expect(admin.locator("#link")).to_have_text(re.compile("^http"))
    link = admin.locator("#link").inner_text()
    admin.get_by_role("button", name="Done").click()
    row = admin.locator("li", has_text="vera@example.org").first
    expect(row).to_contain_text("has not set a password yet")

    vera.goto(link)
    expect(vera).to_have_url(stage.url + "/set-password")
    vera.get_by_label("Password, at least 12 characters").fill(PHRASE)
    vera.get_by_label("The same again").fill("another phrase")
    vera.get_by_role("button", name="Set password").click()
    expect(vera.get_by_role("alert")).to_have_text("The two are not the same.")
    vera.get_by_label("The same again").fill(PHRASE)
    vera.get_by_role("button", name="Set password").click()
    vera.get_by_role("link", name="Sign in as vera@example.org").click()
    vera.get_by_label("Name").fill("vera@example.org")
    vera.get_by_label("Password").fill(PHRASE)
    vera.keyboard.press("Enter")
    expect(vera.get_by_text("Nobody has let you see a camera yet.")).to_be_visible()
    expect(vera.get_by_role("button", name="Add camera")).to_have_count(0)
    expect(vera.get_by_role("link", name="Users")).to_have_count(0)

    admin.reload()
    admin.get_by_role("button", name="Cameras (0)").click()
    admin.get_by_label("What vera@example.org may do with Garage gate").select_option("view")
    admin.locator("#grants-dialog").get_by_role("button", name="Done").click()
    expect(admin.get_by_role("button", name="Cameras (1)")).to_be_visible()
    vera.reload()
    vera.get_by_role("link", name="Garage gate").click()
    expect(vera.get_by_role("heading", name="Garage gate")).to_be_visible()
    expect(vera.get_by_role("button", name="Delete camera")).to_have_count(0)

    admin.get_by_role("button", name="Cameras (1)").click()
    admin.get_by_label("What vera@example.org may do with Garage gate").select_option("")
    admin.locator("#grants-dialog").get_by_role("button", name="Done").click()
    expect(admin.get_by_role("button", name="Cameras (0)")).to_be_visible()
    vera.reload()
    expect(vera.get_by_role("heading", name="Not found")).to_be_visible()

    admin.goto(stage.url + f"/audit?camera={camera['id']}")
    expect(admin.locator("#rows")).to_contain_text("took a grant back")
    expect(admin.locator("#rows")).to_contain_text("granted a camera")
    expect(admin.locator("#rows")).not_to_contain_text("invited")
    for path in ("/users", "/audit", "/account"):
        admin.set_viewport_size({"width": 390, "height": 844})
        admin.goto(stage.url + path)
        expect(admin.locator("main li, main tbody tr").first).to_be_visible()
        assert not admin.evaluate(IS_WIDER_THAN_THE_SCREEN), path


def test_account_token_password_and_second_factor(stage: Stage, open_page: Callable[[], Page]) -> None:
    page, elsewhere = open_page(), open_page()
    for one in (page, elsewhere):
        sign_in(one, stage, "/account")
    page.reload()
    expect(page.locator("#sessions li")).to_have_count(3)  # the stage is signed in too

    page.get_by_role("button", name="New token").click()
    page.get_by_label("What it is for").fill("nightly backup")
    page.get_by_role("button", name="Make token").click()
    expect(page.locator("#token")).to_have_text(re.compile("^lka_"))
    token = page.locator("#token").inner_text()
    page.get_by_role("button", name="Done, I have it").click()
    expect(page.locator("#tokens")).to_contain_text("nightly backup")
    headers = {"Authorization": f"Bearer {token}"}
    assert page.request.get(stage.url + "/v1/cameras", headers=headers).status == 200
    page.locator("#tokens").get_by_role("button", name="End").click()
    expect(page.get_by_text("You have none.")).to_be_visible()
    assert page.request.get(stage.url + "/v1/cameras", headers=headers).status == 401

    page.get_by_label("Current password").fill(stage.system.first_admin()[1])
    page.get_by_label("New password").fill(PHRASE)
    page.get_by_role("button", name="Change password").click()
    expect(page.locator("#sessions li")).to_have_count(1)
    elsewhere.reload()
    expect(elsewhere).to_have_url(stage.url + "/sign-in?next=%2Faccount")

    page.get_by_role("button", name="Set up").click()
    expect(page.locator("#totp-text")).to_have_text(re.compile("^[A-Z2-7 ]+$"))
    totp = pyotp.TOTP(page.locator("#totp-text").inner_text().replace(" ", ""))
    page.get_by_label("Code of the app").fill(totp.now())
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("#recovery-codes")).to_have_text(re.compile(r"^[a-z2-7-]{19}(\n[a-z2-7-]{19}){9}$"))
    recovery = page.locator("#recovery-codes").inner_text().split()
    page.get_by_role("button", name="Done, I have them").click()
    expect(page.get_by_role("button", name="Remove")).to_be_visible()
    expect(page.locator("#totp-state")).to_contain_text("10 recovery codes left")
    expect(page.locator("#recovery-codes")).to_be_empty()
    assert recovery[0] not in page.content()
    elsewhere.get_by_label("Name").fill("admin")
    elsewhere.get_by_label("Password").fill(PHRASE)
    elsewhere.keyboard.press("Enter")
    code = elsewhere.get_by_label("Code of your authenticator app")
    expect(code).to_be_visible()
    code.fill(totp.at(time.time() + 30))  # the next one: this one was used
    elsewhere.keyboard.press("Enter")
    expect(elsewhere.locator("#sessions li")).to_have_count(2)
    check_recovery_codes(open_page(), stage, recovery)


def check_recovery_codes(lost: Page, stage: Stage, recovery: list[str]) -> None:
    """Signing in without the phone; each code works once, and new ones void the rest."""
    lost.goto(stage.url + "/sign-in?next=/account")
    lost.get_by_label("Name").fill("admin")
    lost.get_by_label("Password").fill(PHRASE)
    lost.keyboard.press("Enter")
    code = lost.get_by_label("Code of your authenticator app")
    expect(code).to_be_visible()
    code.fill("aaaa-bbbb-cccc-dddd")
    lost.keyboard.press("Enter")
    expect(lost.get_by_role("alert")).to_contain_text("The code is wrong")
    code.fill(recovery[0].upper())
    lost.keyboard.press("Enter")
    expect(lost.locator("#totp-state")).to_contain_text("9 recovery codes left")
    lost.get_by_label("Code of the app").fill(recovery[1])
    lost.get_by_role("button", name="New recovery codes").click()
    expect(lost.locator("#recovery-dialog")).to_be_visible()
    lost.get_by_role("button", name="Done, I have them").click()
    lost.get_by_label("Code of the app").fill(recovery[2])
    lost.get_by_role("button", name="Remove").click()
    expect(lost.locator("#totp-form").get_by_role("alert")).to_contain_text("The code is wrong")
