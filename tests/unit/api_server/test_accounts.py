"""One's own account: links, signing up, passwords, sessions."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api_server.access.subject import Right, Role
from api_server.accounts.links import LINK_S
from api_server.accounts.passwords import Passwords
from api_server.accounts.sessions import Origin
from tests.unit.api_server.world import PASSWORD, Browser, World

NEW = "a new pass phrase"


def invited(world: World, name: str = "vera", role: str = "viewer") -> str:
    """The token of an invitation's link."""
    root = world.signed_in("root", Role.ADMIN)
    answer = root.send("POST", "/v1/users", {"name": name, "role": role})
    assert answer.status_code == 201
    return str(answer.get_json()["link_path"]).partition("#")[2]


def set_password(world: World, link: str, password: str = NEW) -> tuple[int, str]:
    answer = world.browser().send("POST", "/v1/password", {"link": link, "password": password})
    return answer.status_code, str(answer.get_json().get("code", answer.get_json().get("name")))


# Links


def test_link_sets_a_password_once(world: World) -> None:
    link = invited(world)
    assert set_password(world, link) == (200, "vera")
    assert world.browser().sign_in("vera", NEW).status_code == 200
    assert set_password(world, link, "another pass phrase") == (403, "link_refused")
    assert world.browser().sign_in("vera", NEW).status_code == 200


def test_link_of_two_uses_at_once_one_wins(world: World) -> None:
    link = invited(world)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: set_password(world, link, f"{NEW} {n}")[0], range(8)))
    assert sorted(answers) == [200] + [403] * 7


def test_link_too_weak_a_password_leaves_it_open(world: World) -> None:
    link = invited(world)
    assert set_password(world, link, "short") == (422, "password_refused")
    assert set_password(world, link) == (200, "vera")


def test_link_expires(world: World) -> None:
    link = invited(world)
    world.clock.advance(LINK_S)
    assert set_password(world, link) == (403, "link_refused")


@pytest.mark.parametrize("link", ["x", "x" * 43, "é" * 43, "$where" * 7 + "x"])
def test_link_that_is_none_is_refused(world: World, link: str) -> None:
    world.add_user("ann")
    assert set_password(world, link) == (403, "link_refused")


def test_link_guessing_is_limited(world: World) -> None:
    link = invited(world)
    assert [set_password(world, "x" * 43)[0] for _ in range(21)] == [403] * 20 + [429]
    assert set_password(world, link) == (429, "too_many_attempts")


def test_link_for_who_forgot_ends_sessions_and_tokens_and_links_before(world: World) -> None:
    ann = world.signed_in("ann")
    program = world.bearing("ann")
    root = world.signed_in("root", Role.ADMIN)
    first = root.send("POST", "/v1/users/usr-ann/link").get_json()["link_path"].partition("#")[2]
    assert root.get("/v1/users/usr-ann").get_json()["link_expires_us"] is not None
    second = root.send("POST", "/v1/users/usr-ann/link").get_json()["link_path"].partition("#")[2]
    assert ann.get("/v1/session").status_code == 200, "nothing changes before it is used"
    assert set_password(world, first) == (403, "link_refused")
    world.clock.advance(1)
    assert set_password(world, second) == (200, "ann")
    assert ann.get("/v1/session").status_code == 401
    assert program.get("/v1/cameras").status_code == 401
    assert world.browser().sign_in("ann", PASSWORD).status_code == 401
    assert world.browser().sign_in("ann", NEW).status_code == 200


def test_link_of_who_was_shut_out_meanwhile_opens_nothing(world: World) -> None:
    link = invited(world)
    root = world.signed_in("root")
    vera = next(user["id"] for user in root.get("/v1/users").get_json()["users"] if user["name"] == "vera")
    root.send("PATCH", f"/v1/users/{vera}", {"disabled": True})
    assert set_password(world, link) == (403, "link_refused")
    assert root.send("POST", f"/v1/users/{vera}/link").status_code == 409
    assert root.send("PATCH", f"/v1/users/{vera}", {"disabled": False}).get_json()["state"] == "invited"
    link = root.send("POST", f"/v1/users/{vera}/link").get_json()["link_path"].partition("#")[2]
    assert set_password(world, link) == (200, "vera")


# Signing up


def sign_up(world: World, name: str = "zed", password: str = NEW) -> tuple[int, str]:
    answer = world.browser().send("POST", "/v1/sign-up", {"name": name, "password": password})
    return answer.status_code, str(answer.get_json().get("code", answer.get_json().get("name")))


def test_sign_up_is_by_invitation_unless_said_otherwise(world: World) -> None:
    assert sign_up(world) == (403, "sign_up_closed")
    assert world.users.named("zed") is None


def test_sign_up_closed_takes_nobody_in(tmp_path: Path) -> None:
    world = World(tmp_path, SIGN_UP="closed")
    root = world.signed_in("root", Role.ADMIN)
    assert sign_up(world) == (403, "sign_up_closed")
    answer = root.send("POST", "/v1/users", {"name": "vera", "role": "viewer"})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "sign_up_closed")


def test_sign_up_open_makes_a_viewer_who_sees_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, SIGN_UP="open")
    world.add_user("ann")
    world.add_camera("ann")
    assert sign_up(world) == (201, "zed")
    zed = world.browser()
    assert zed.sign_in("zed", NEW).get_json()["role"] == "viewer"
    assert zed.get("/v1/cameras").get_json()["cameras"] == []
    assert sign_up(world) == (409, "name_taken")
    assert sign_up(world, "ann") == (409, "name_taken")
    assert sign_up(world, "weak", "aaaaaaaaaaaaaaaa") == (422, "password_refused")


def test_sign_up_is_limited_per_address(tmp_path: Path) -> None:
    world = World(tmp_path, SIGN_UP="open")
    assert [sign_up(world, f"user{n}")[0] for n in range(11)] == [201] * 10 + [429]


@pytest.mark.parametrize(("role", "right"), [("viewer", Right.VIEW), ("operator", Right.OPERATE), ("auditor", None)])
def test_new_accounts_get_the_demo_cameras_where_a_setting_says_so(
    tmp_path: Path, role: str, right: Right | None
) -> None:
    world = World(tmp_path, NEW_USER_DEMO="1")
    world.add_user("ann")
    camera = world.add_camera("ann")
    demo = camera.model_copy(update={"id": "demo-face"})
    assert world.cameras.add(demo)
    invited(world, "vera", role)
    vera = world.users.named("vera")
    assert vera is not None
    assert vera.grants == ({"demo-face": right} if right else {})


# Changing one's password


def change(browser: Browser, current: str = PASSWORD, new: str = NEW) -> tuple[int, str]:
    answer = browser.send("PUT", "/v1/account/password", {"current": current, "new": new})
    body = answer.get_json()
    if answer.status_code == 200:
        browser.csrf = body["csrf_token"]
    return answer.status_code, str(body.get("code", body.get("name")))


def test_change_of_password_ends_other_sessions_and_keeps_this_one(world: World) -> None:
    here, there, program = world.signed_in("ann"), world.signed_in("ann"), world.bearing("ann")
    old = here.client.get_cookie("lookout")
    world.clock.advance(1)
    assert change(here) == (200, "ann")
    assert here.send("POST", "/v1/cameras", {"name": "Door"}).status_code == 201
    assert there.get("/v1/session").status_code == 401
    assert program.get("/v1/cameras").status_code == 200, "tokens are ended one by one"
    stale = world.browser()
    assert old is not None
    stale.client.set_cookie("lookout", old.value)
    assert stale.get("/v1/session").status_code == 401
    assert world.browser().sign_in("ann", PASSWORD).status_code == 401
    assert world.browser().sign_in("ann", NEW).status_code == 200


def test_change_of_password_needs_the_current_one(world: World) -> None:
    ann = world.signed_in("ann")
    assert change(ann, "wrong") == (403, "wrong_password")
    assert world.browser().sign_in("ann").status_code == 200


def test_change_of_password_guessing_is_limited_as_logging_in_is(world: World) -> None:
    ann = world.signed_in("ann")
    assert [change(ann, "wrong")[0] for _ in range(21)] == [403] * 20 + [429]
    assert world.browser().sign_in("ann").status_code == 429


@pytest.mark.parametrize(
    "password",
    ["elevenchars", "aaaaaaaaaaaaaaaa", "password12345678", "lookoutlookout", "ann-ann-ann-ann!", "x" * 1025],
)
def test_change_of_password_to_a_weak_one_is_refused(world: World, password: str) -> None:
    status, code = change(world.signed_in("ann"), new=password)
    assert (status, code) in ((422, "password_refused"), (400, "invalid_request"))


def test_change_of_password_voids_a_link_that_lies_about(world: World) -> None:
    ann = world.signed_in("ann")
    link = world.signed_in("root", Role.ADMIN).send("POST", "/v1/users/usr-ann/link").get_json()["link_path"]
    assert change(ann) == (200, "ann")
    assert set_password(world, link.partition("#")[2]) == (403, "link_refused")


# Sessions


def test_sessions_are_listed_with_whence_and_which_is_this(world: World) -> None:
    ann = world.signed_in("ann")
    world.clock.advance(1)
    user = world.users.named("ann")
    assert user is not None
    world.sessions.begin(user, Origin("10.0.0.7", "Phone/1.0 " + "x" * 300))
    answer = ann.get("/v1/account/sessions")
    first, second = answer.get_json()["sessions"]
    assert (first["address"], first["current"]) == ("10.0.0.7", False)
    assert first["agent"].startswith("Phone/1.0")
    assert len(first["agent"]) == 200
    assert second["current"] is True
    for document in world.database.snapshot()["sessions"]:
        assert document not in answer.get_data(as_text=True), "hashes never leave"


@pytest.mark.parametrize("end", [lambda s: f"/{s}", lambda _: ""], ids=["one", "all others"])
def test_sessions_end_elsewhere(world: World, end: Callable[[str], str]) -> None:
    here, there = world.signed_in("ann"), world.signed_in("ann")
    bob = world.signed_in("bob")
    sessions = here.get("/v1/account/sessions").get_json()["sessions"]
    other = next(session["id"] for session in sessions if not session["current"])
    assert here.send("DELETE", f"/v1/account/sessions{end(other)}").status_code == 204
    assert there.get("/v1/session").status_code == 401
    assert here.get("/v1/session").status_code == 200
    assert bob.get("/v1/session").status_code == 200


def test_account_says_role_and_grants(world: World) -> None:
    vera = world.signed_in("vera", Role.VIEWER)
    world.users.edit("usr-vera", {"grants.cam-aaaaaaaaaa": "view"})
    answer = vera.get("/v1/account")
    assert answer.get_json()["grants"] == [{"camera": "cam-aaaaaaaaaa", "right": "view"}]
    assert answer.get_json()["role"] == "viewer"
    assert "argon2" not in answer.get_data(as_text=True)


# The same work for every wrong log-in


def test_log_in_refused_for_any_reason_does_the_same_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One look for the name, one argon2id check of the same cost, no write; medians: `python -m benchmarks.log_in`."""
    for name in ("ann", "out"):
        world.add_user(name)
    invited(world, "invited")
    world.users.edit("usr-out", {"state": "disabled"})
    done: list[str] = []
    users = world.database.collection("users")
    for name in ("find", "get", "update", "update_and_get", "insert"):
        monkeypatch.setattr(users, name, noting(done, name, getattr(users, name)))
    monkeypatch.setattr(world.passwords, "is_right", noting(done, "check", world.passwords.is_right))
    work = []
    for name in ("ann", "out", "invited", "nobody"):
        done.clear()
        assert world.browser().sign_in(name, "wrong").status_code == 401
        work.append(list(done))
    assert work == [["find", "check"]] * 4


def noting(done: list[str], name: str, real: Callable[..., object]) -> Callable[..., object]:
    def noted(*args: object, **options: object) -> object:
        done.append(name)
        return real(*args, **options)

    return noted


def test_passwords_check_of_nobody_costs_what_any_check_costs() -> None:
    passwords = Passwords()
    parameters = {hashed.rpartition("$")[0].rpartition("$")[0] for hashed in (passwords.hash("x"), passwords._nobody)}
    assert parameters == {"$argon2id$v=19$m=65536,t=3,p=4"}
