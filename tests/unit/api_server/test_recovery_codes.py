"""Recovery codes: each signs in once in place of a code of the app."""

import re

import pytest

from api_server.access.subject import Role
from tests.unit.api_server.test_second_factor import code_at, enrolled, sign_in
from tests.unit.api_server.world import Browser, World


def with_codes(world: World, browser: Browser) -> tuple[str, list[str]]:
    """The secret of a second factor that is in use, and its recovery codes."""
    secret = enrolled(world, browser)
    world.clock.advance(30)
    made = browser.send("POST", "/v1/account/totp/recovery-codes", {"code": code_at(world, secret)})
    assert made.status_code == 200
    return secret, list(made.get_json()["recovery_codes"])


def left(browser: Browser) -> int:
    return int(browser.get("/v1/account").get_json()["recovery_codes"])


def test_recovery_codes_come_with_the_second_factor_ten_and_distinct(world: World) -> None:
    ann = world.signed_in("ann")
    secret = ann.send("POST", "/v1/account/totp").get_json()["secret"]
    codes = ann.send("PUT", "/v1/account/totp", {"code": code_at(world, secret)}).get_json()["recovery_codes"]
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[a-z2-7]{4}(-[a-z2-7]{4}){3}", code) for code in codes)
    assert left(ann) == 10
    assert not any(code in repr(world.database.snapshot()) for code in codes)
    assert not any(code.replace("-", "") in repr(world.database.snapshot()) for code in codes)


@pytest.mark.parametrize(
    "written", [str.upper, lambda code: code.replace("-", ""), lambda code: code.replace("-", " ")]
)
def test_recovery_code_signs_in_once_however_it_is_written(world: World, written: object) -> None:
    assert callable(written)
    ann = world.signed_in("ann")
    _, codes = with_codes(world, ann)
    assert sign_in(world, written(codes[0])).status_code == 200
    again = sign_in(world, codes[0])
    assert (again.status_code, again.get_json()["code"]) == (401, "wrong_code")
    assert left(ann) == 9
    assert [entry.actor for entry in world.audited("totp.recovery_used")] == ["usr-ann"]
    assert not any(codes[0] in repr(entry) for entry in world.audited("totp.recovery_used"))


def test_recovery_code_that_is_wrong_is_answered_and_limited_like_any_wrong_code(world: World) -> None:
    ann = world.signed_in("ann")
    _, codes = with_codes(world, ann)
    wrong, digits = sign_in(world, "aaaa-aaaa-aaaa-aaaa"), sign_in(world, "000000")
    for answer in (wrong, digits):
        assert (answer.status_code, answer.get_json()["code"]) == (401, "wrong_code")
    assert wrong.get_json()["message"] == digits.get_json()["message"]
    for _ in range(8):
        assert sign_in(world, "bbbb-bbbb-bbbb-bbbb").status_code == 401
    assert sign_in(world, codes[0]).status_code == 429


def test_recovery_code_is_not_looked_at_before_the_password_is_right(world: World) -> None:
    ann = world.signed_in("ann")
    _, codes = with_codes(world, ann)
    assert sign_in(world, codes[0], password="wrong").get_json()["code"] == "wrong_credentials"
    assert left(ann) == 10


def test_recovery_codes_of_somebody_else_are_wrong(world: World) -> None:
    _, anns = with_codes(world, world.signed_in("ann"))
    bob = world.signed_in("bob")
    with_codes(world, bob)
    body = {"name": "bob", "password": "correct horse battery", "code": anns[0]}
    assert world.browser().client.post("/v1/session", json=body).get_json()["code"] == "wrong_code"


def test_recovery_codes_made_anew_void_those_before(world: World) -> None:
    ann = world.signed_in("ann")
    _, old = with_codes(world, ann)
    fresh = ann.send("POST", "/v1/account/totp/recovery-codes", {"code": old[0]}).get_json()["recovery_codes"]
    assert sign_in(world, old[1]).status_code == 401
    assert sign_in(world, fresh[0]).status_code == 200
    refused = ann.send("POST", "/v1/account/totp/recovery-codes", {"code": "000000"})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "wrong_code")
    assert len(world.audited("totp.recovery_codes")) == 2


def test_recovery_code_removes_the_factor_of_a_lost_phone_and_all_codes_go(world: World) -> None:
    ann = world.signed_in("ann")
    _, codes = with_codes(world, ann)
    assert ann.send("DELETE", "/v1/account/totp", {"code": codes[0]}).status_code == 204
    assert left(ann) == 0
    assert sign_in(world).status_code == 200


def test_recovery_codes_go_when_an_admin_removes_the_factor(world: World) -> None:
    ann = world.signed_in("ann")
    with_codes(world, ann)
    assert world.signed_in("root", Role.ADMIN).send("DELETE", "/v1/users/usr-ann/totp").status_code == 204
    assert left(ann) == 0
