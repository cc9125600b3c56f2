"""The second factor: codes of an authenticator app."""

from pathlib import Path

import pyotp
import pytest
from cryptography.fernet import Fernet
from werkzeug.test import TestResponse

from api_server.access.subject import Role
from api_server.accounts.first_admin import reset_admin
from api_server.accounts.second_factor import KEY_FILE
from common.errors import ConfigurationError
from tests.unit.api_server.world import PASSWORD, Browser, World

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""`12345678901234567890` in base32: the secret of RFC 6238, Appendix B."""


def code_at(world: World, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(world.clock.wall_us() // 1_000_000, counter_offset=steps)


def enrolled(world: World, browser: Browser) -> str:
    """The secret of a second factor that is in use."""
    begun = browser.send("POST", "/v1/account/totp")
    assert begun.status_code == 201
    secret = str(begun.get_json()["secret"])
    assert browser.send("PUT", "/v1/account/totp", {"code": code_at(world, secret)}).status_code == 200
    return secret


def sign_in(world: World, code: str | None = None, password: str = PASSWORD) -> TestResponse:
    body = {"name": "ann", "password": password} | ({"code": code} if code is not None else {})
    return world.browser().client.post("/v1/session", json=body)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_rfc(tmp_path: Path, seconds: int, code: str) -> None:
    """RFC 6238, Appendix B, SHA-1: the last six of its eight digits."""
    world = World(tmp_path)
    world.clock.step_wall(seconds - world.clock.wall_us() // 1_000_000)
    user = world.add_user("ann")
    sealed = world.factor._seal.close(RFC_SECRET)
    world.users.edit(user.id, {"totp_secret": sealed, "totp_step": 0})
    changed = world.users.get(user.id)
    assert changed is not None
    assert world.factor.is_right(changed, code)
    assert not world.factor.is_right(changed, code), "once"


def test_second_factor_counts_once_it_was_confirmed(world: World) -> None:
    ann = world.signed_in("ann")
    secret = ann.send("POST", "/v1/account/totp").get_json()["secret"]
    assert sign_in(world).status_code == 200
    wrong = ann.send("PUT", "/v1/account/totp", {"code": "000000"})
    assert (wrong.status_code, wrong.get_json()["code"]) == (403, "wrong_code")
    assert ann.send("PUT", "/v1/account/totp", {"code": code_at(world, secret)}).status_code == 200
    assert ann.get("/v1/account").get_json()["totp"] is True
    assert sign_in(world).get_json()["code"] == "code_needed"


def test_second_factor_right_code_signs_in_once(world: World) -> None:
    secret = enrolled(world, world.signed_in("ann"))
    world.clock.advance(30)
    code = code_at(world, secret)
    assert sign_in(world, code).status_code == 200
    again = sign_in(world, code)
    assert (again.status_code, again.get_json()["code"]) == (401, "wrong_code")


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
def test_second_factor_clock_of_the_phone_may_be_half_a_minute_off(world: World, steps: int, status: int) -> None:
    secret = enrolled(world, world.signed_in("ann"))
    world.clock.advance(300)
    assert sign_in(world, code_at(world, secret, steps)).status_code == status


def test_second_factor_is_not_spoken_of_before_the_password_is_right(world: World) -> None:
    secret = enrolled(world, world.signed_in("ann"))
    for code in (None, "000000", code_at(world, secret)):
        answer = sign_in(world, code, password="wrong")
        assert (answer.status_code, answer.get_json()["code"]) == (401, "wrong_credentials")


def test_second_factor_guessing_is_limited(world: World) -> None:
    secret = enrolled(world, world.signed_in("ann"))
    world.clock.advance(30)
    answers = [sign_in(world, "000000").status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]
    assert sign_in(world, code_at(world, secret)).status_code == 429


def test_second_factor_is_removed_with_a_code_alone(world: World) -> None:
    ann = world.signed_in("ann")
    secret = enrolled(world, ann)
    assert ann.send("DELETE", "/v1/account/totp", {"code": "000000"}).status_code == 403
    world.clock.advance(30)
    assert ann.send("DELETE", "/v1/account/totp", {"code": code_at(world, secret)}).status_code == 204
    assert sign_in(world).status_code == 200
    assert ann.send("DELETE", "/v1/account/totp", {"code": "000000"}).status_code == 409


def test_second_factor_of_a_lost_phone_is_removed_by_an_admin(world: World) -> None:
    enrolled(world, world.signed_in("ann"))
    root = world.signed_in("root", Role.ADMIN)
    assert root.get("/v1/users/usr-ann").get_json()["totp"] is True
    assert root.send("DELETE", "/v1/users/usr-ann/totp").status_code == 204
    assert sign_in(world).status_code == 200
    assert [entry.target for entry in world.audited("user.totp_remove")] == ["usr-ann"]


def test_second_factor_of_the_first_admin_goes_with_reset_admin(world: World, tmp_path: Path) -> None:
    world.housekeeping.prepare()
    root = world.browser()
    root.sign_in("admin", (tmp_path / "first-admin").read_text().split()[1])
    enrolled(world, root)
    name, password = reset_admin(world.users, world.passwords, tmp_path, world.clock)
    assert world.browser().sign_in(name, password).status_code == 200


def test_second_factor_secret_is_sealed_with_a_key_that_is_not_in_the_database(world: World, tmp_path: Path) -> None:
    secret = enrolled(world, world.signed_in("ann"))
    assert secret not in repr(world.database.snapshot())
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    other = World(tmp_path)
    user = world.users.get("usr-ann")
    assert user is not None
    world.clock.advance(30)
    other.users.add(user)
    other.clock.advance(30)
    assert other.factor.is_right(user, code_at(world, secret)), "after a restart"
    (tmp_path / KEY_FILE).write_bytes(Fernet.generate_key())
    with pytest.raises(ConfigurationError, match="not the key"):
        World(tmp_path).factor.is_right(user, "000000")


# Where a setting asks it of admins


def test_admin_without_a_second_factor_reaches_their_account_alone_where_a_setting_says_so(tmp_path: Path) -> None:
    world = World(tmp_path, ADMIN_TOTP="1")
    root, ann = world.signed_in("root", Role.ADMIN), world.signed_in("ann")
    program = world.bearing("root")
    for browser in (root, program):
        refused = browser.get("/v1/cameras")
        assert (refused.status_code, refused.get_json()["code"]) == (403, "totp_needed")
    page = root.get("/users")
    assert (page.status_code, page.headers["Location"]) == (303, "/account")
    assert root.get("/account").status_code == 200
    assert ann.get("/v1/cameras").status_code == 200
    enrolled(world, root)
    assert root.get("/v1/cameras").status_code == 200
    assert root.get("/users").status_code == 200
    assert program.get("/v1/cameras").status_code == 200
