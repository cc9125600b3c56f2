"""Signing in, staying signed in, and being signed out."""

from pathlib import Path

import pytest
from argon2 import PasswordHasher, extract_parameters

from api_server.accounts.first_admin import FIRST_ADMIN_FILE, ensure_first_admin, reset_admin
from api_server.accounts.passwords import Passwords
from api_server.accounts.sessions import ABSOLUTE_S, IDLE_S, TOUCH_S
from common.errors import ConfigurationError
from tests.unit.api_server.world import CHEAP, PASSWORD, SIGNING_KEY, World


def test_sign_in_right_password_sets_a_careful_cookie(world: World) -> None:
    world.add_user("ann")
    response = world.browser().sign_in("ann")
    cookie = response.headers["Set-Cookie"]
    assert response.status_code == 200
    assert cookie.startswith("lookout=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie


def test_sign_in_over_tls_uses_the_host_prefix(world: World) -> None:
    world.add_user("ann")
    client = world.app.test_client()
    body = {"name": "ann", "password": PASSWORD}
    response = client.post("/v1/session", json=body, base_url="https://localhost")
    assert response.headers["Set-Cookie"].startswith("__Host-lookout=")
    assert "Secure" in response.headers["Set-Cookie"]
    assert "max-age" in response.headers["Strict-Transport-Security"]


def test_sign_in_name_is_folded(world: World) -> None:
    world.add_user("ann")
    assert world.browser().sign_in(" Ann ").status_code == 200


def test_sign_in_token_is_stored_hashed_only(world: World) -> None:
    browser = world.signed_in("ann")
    cookie = browser.client.get_cookie("lookout")
    assert cookie is not None
    assert cookie.value not in repr(world.database.snapshot())


def test_sign_in_unknown_user_and_wrong_password_answer_alike(world: World) -> None:
    world.add_user("ann")
    wrong, unknown = world.browser().sign_in("ann", "wrong"), world.browser().sign_in("zed", "wrong")
    said = [{k: r.get_json()[k] for k in ("code", "message")} for r in (wrong, unknown)]
    assert said[0] == said[1]
    assert wrong.status_code == unknown.status_code == 401
    assert sorted(wrong.headers.keys()) == sorted(unknown.headers.keys())


def test_passwords_of_an_unknown_user_are_checked_at_the_same_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it costs is measured by `python -m benchmarks.log_in`."""
    passwords = Passwords(CHEAP)
    known = passwords.hash(PASSWORD)
    checked: list[str] = []
    verify = PasswordHasher.verify

    def noted(hasher: PasswordHasher, password_hash: str, password: str) -> bool:
        checked.append(password_hash)
        return verify(hasher, password_hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", noted)
    assert not passwords.is_right(None, "wrong")
    assert not passwords.is_right(known, "wrong")
    nobodys, somebodys = (extract_parameters(one) for one in checked)
    assert nobodys == somebodys
    assert checked[0] != checked[1]


def test_passwords_hash_is_argon2id() -> None:
    assert Passwords().hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_sign_in_many_failures_are_refused_with_a_wait(world: World) -> None:
    world.add_user("ann")
    answers = [world.browser().sign_in("ann", "wrong").status_code for _ in range(21)]
    assert answers == [401] * 20 + [429]
    refused = world.browser().sign_in("ann")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 300


def test_sign_in_failures_on_one_account_leave_others_alone(world: World) -> None:
    world.add_user("ann")
    world.add_user("bob")
    for n in range(21):
        world.app.test_client().post(
            "/v1/session", json={"name": "ann", "password": "wrong"}, environ_base={"REMOTE_ADDR": f"10.0.0.{n}"}
        )
    from_elsewhere = {"environ_base": {"REMOTE_ADDR": "10.0.1.1"}}
    client = world.app.test_client()
    answer = client.post("/v1/session", json={"name": "ann", "password": PASSWORD}, **from_elsewhere)
    assert answer.status_code == 429
    assert client.post("/v1/session", json={"name": "bob", "password": PASSWORD}, **from_elsewhere).status_code == 200


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_sign_in_from_another_site_is_refused(world: World, headers: dict[str, str]) -> None:
    world.add_user("ann")
    body = {"name": "ann", "password": PASSWORD}
    response = world.app.test_client().post("/v1/session", json=body, headers=headers)
    assert (response.status_code, response.get_json()["code"]) == (403, "wrong_origin")


def test_unsafe_request_from_our_own_page_passes(world: World) -> None:
    browser = world.signed_in("ann")
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert browser.send("POST", "/v1/cameras", {"name": "Door"}, headers).status_code == 201


def test_sign_out_ends_the_session_on_the_server(world: World) -> None:
    browser = world.signed_in("ann")
    cookie = browser.client.get_cookie("lookout")
    assert browser.send("DELETE", "/v1/session").status_code == 204
    assert cookie is not None
    browser.client.set_cookie("lookout", cookie.value)
    assert browser.get("/v1/session").status_code == 401


def test_session_idle_too_long_is_over(world: World) -> None:
    browser = world.signed_in("ann")
    world.clock.advance(IDLE_S - 1)
    assert browser.get("/v1/session").status_code == 200
    world.clock.advance(IDLE_S + TOUCH_S + 1)
    assert browser.get("/v1/session").status_code == 401


def test_session_in_use_ends_after_twelve_hours(world: World) -> None:
    browser = world.signed_in("ann")
    for _ in range(ABSOLUTE_S // (IDLE_S - 60)):
        world.clock.advance(IDLE_S - 60)
        assert browser.get("/v1/session").status_code == 200
    world.clock.advance(IDLE_S - 60)
    assert browser.get("/v1/session").status_code == 401


def test_session_of_the_future_is_no_session(world: World) -> None:
    browser = world.signed_in("ann")
    world.clock.step_wall(-3600)
    assert browser.get("/v1/session").status_code == 401


def test_sessions_expired_ones_are_forgotten(world: World) -> None:
    world.signed_in("ann")
    world.clock.advance(ABSOLUTE_S + 1)
    assert world.sessions.drop_expired() == 1


def test_sign_in_anew_ends_the_session_before(world: World) -> None:
    browser = world.signed_in("ann")
    browser.sign_in("ann")
    assert len(world.database.snapshot()["sessions"]) == 1


def test_page_not_signed_in_goes_to_the_form_and_back(world: World) -> None:
    response = world.browser().get("/clips?camera=cam-a")
    assert response.status_code == 303
    assert response.headers["Location"] == "/sign-in?next=%2Fclips%3Fcamera%3Dcam-a"


# The first admin


def test_first_admin_made_once_with_a_password_in_a_private_file(world: World, tmp_path: Path) -> None:
    world.housekeeping.prepare()
    path = tmp_path / FIRST_ADMIN_FILE
    name, password = path.read_text().split()
    assert name == "admin"
    assert path.stat().st_mode & 0o777 == 0o600
    assert world.browser().sign_in("admin", password).status_code == 200
    world.housekeeping.prepare()
    assert path.read_text().split() == ["admin", password]
    assert len(world.users.names()) == 1


def test_first_admin_of_two_starts_at_once_has_the_password_in_the_file(world: World, tmp_path: Path) -> None:
    ensure_first_admin(world.users, Passwords(CHEAP), tmp_path, world.clock)
    world.database.crash({name: {} for name in world.database.snapshot()})
    # The other process read the same file before this one inserted: it inserts the same password.
    ensure_first_admin(world.users, Passwords(CHEAP), tmp_path, world.clock)
    assert world.browser().sign_in("admin", (tmp_path / FIRST_ADMIN_FILE).read_text().split()[1]).status_code == 200


def test_first_admin_unwritable_folder_is_a_setting_to_mend(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="LOOKOUT_VAR_DIR"):
        ensure_first_admin(world.users, Passwords(CHEAP), tmp_path / "file", world.clock)


def test_reset_admin_gives_a_new_password_and_ends_sessions(world: World, tmp_path: Path) -> None:
    world.housekeeping.prepare()
    old = (tmp_path / FIRST_ADMIN_FILE).read_text().split()[1]
    browser = world.browser()
    browser.sign_in("admin", old)
    world.clock.advance(1)
    name, new = reset_admin(world.users, world.passwords, tmp_path, world.clock)
    assert name == "admin"
    assert browser.get("/v1/session").status_code == 401
    assert world.browser().sign_in("admin", old).status_code == 401
    assert world.browser().sign_in("admin", new).status_code == 200
    assert not (tmp_path / FIRST_ADMIN_FILE).exists()


def test_reset_admin_before_the_first_start_says_so(world: World, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no admin yet"):
        reset_admin(world.users, world.passwords, tmp_path, world.clock)


def test_settings_dump_shows_no_secret(world: World) -> None:
    assert SIGNING_KEY not in repr(world.parts.settings)
