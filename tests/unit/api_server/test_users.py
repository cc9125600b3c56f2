"""Keeping accounts: inviting, roles, grants, shutting out."""

import re
from collections.abc import Iterable

import pytest

from api_server.access.subject import Right, Role
from tests.unit.api_server.world import PASSWORD, Browser, World, make_sidecar


@pytest.fixture
def root(world: World) -> Browser:
    return world.signed_in("root", Role.ADMIN)


def test_invite_makes_an_account_nobody_can_sign_in_to_yet(world: World, root: Browser) -> None:
    made = root.send("POST", "/v1/users", {"name": "vera@example.org", "role": "viewer"})
    answer = made.get_json()
    assert made.status_code == 201
    assert made.headers["Location"] == f"/v1/users/{answer['id']}"
    assert (answer["state"], answer["role"]) == ("invited", "viewer")
    assert answer["link_path"].startswith("/set-password#")
    for password in ("", "x", PASSWORD):
        assert world.browser().sign_in("vera@example.org", password).status_code in (400, 401)


def test_invite_link_is_stored_hashed_only(world: World, root: Browser) -> None:
    path = root.send("POST", "/v1/users", {"name": "vera", "role": "viewer"}).get_json()["link_path"]
    assert path.partition("#")[2] not in repr(world.database.snapshot())


@pytest.mark.parametrize("name", ["", "Vera", "vera schmidt", "-vera", "v" * 65, "vera\n", "<b>"])
def test_invite_odd_name_is_refused(root: Browser, name: str) -> None:
    assert root.send("POST", "/v1/users", {"name": name, "role": "viewer"}).status_code == 400


def test_invite_taken_name_is_refused(world: World, root: Browser) -> None:
    world.add_user("vera")
    answer = root.send("POST", "/v1/users", {"name": "vera", "role": "admin"})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "name_taken")


def test_list_is_paged_and_shows_no_secret(world: World, root: Browser) -> None:
    for n in range(5):
        world.clock.advance(1)
        world.add_user(f"user{n}")
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = root.get(f"/v1/users?limit=2&cursor={cursor}").get_json()
        assert len(page["users"]) <= 2
        assert "argon2" not in str(page)
        seen += [user["name"] for user in page["users"]]
        cursor = page["next"]
    assert seen == ["root", "user0", "user1", "user2", "user3", "user4"]


def test_role_change_acts_with_the_next_request(world: World, root: Browser) -> None:
    ann = world.signed_in("ann")
    camera = world.add_camera("ann")
    assert ann.send("POST", "/v1/cameras", {"name": "Door"}).status_code == 201
    assert root.send("PATCH", "/v1/users/usr-ann", {"role": "viewer"}).status_code == 200
    assert ann.send("POST", "/v1/cameras", {"name": "Door"}).status_code == 403
    assert ann.get(f"/v1/cameras/{camera.id}").status_code == 200
    assert ann.send("DELETE", f"/v1/cameras/{camera.id}").status_code == 404
    assert root.send("PATCH", "/v1/users/usr-ann", {"role": "auditor"}).status_code == 200
    assert ann.get(f"/v1/cameras/{camera.id}").status_code == 404


def test_role_change_of_an_older_version_is_refused(world: World, root: Browser) -> None:
    world.add_user("ann")
    tag = root.get("/v1/users/usr-ann").headers["ETag"]
    assert root.send("PATCH", "/v1/users/usr-ann", {"role": "viewer"}, {"If-Match": tag}).status_code == 200
    answer = root.send("PATCH", "/v1/users/usr-ann", {"role": "admin"}, {"If-Match": tag})
    assert (answer.status_code, answer.get_json()["code"]) == (412, "changed")


def test_disable_ends_sessions_and_log_in(world: World, root: Browser) -> None:
    ann = world.signed_in("ann")
    assert root.send("PATCH", "/v1/users/usr-ann", {"disabled": True}).get_json()["state"] == "disabled"
    assert ann.get("/v1/session").status_code == 401
    refused, unknown = world.browser().sign_in("ann"), world.browser().sign_in("zed")
    assert refused.status_code == 401
    assert refused.get_json()["message"] == unknown.get_json()["message"]
    assert root.send("PATCH", "/v1/users/usr-ann", {"disabled": False}).get_json()["state"] == "active"
    assert ann.get("/v1/session").status_code == 401
    assert world.browser().sign_in("ann").status_code == 200


@pytest.mark.parametrize(
    ("method", "body"), [("PATCH", {"role": "operator"}), ("PATCH", {"disabled": True}), ("DELETE", None)]
)
def test_last_admin_stays(world: World, root: Browser, method: str, body: object) -> None:
    answer = root.send(method, "/v1/users/usr-root", body)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "last_admin")
    invited = root.send("POST", "/v1/users", {"name": "second", "role": "admin"}).get_json()["id"]
    assert root.send(method, "/v1/users/usr-root", body).status_code == 409, "who is invited cannot sign in yet"
    assert root.send("DELETE", f"/v1/users/{invited}").status_code == 204
    world.add_user("third", Role.ADMIN)
    assert root.send(method, "/v1/users/usr-root", body).status_code in (200, 204)


def test_delete_ends_everything_and_leaves_cameras_to_admins(world: World, root: Browser) -> None:
    ann = world.signed_in("ann")
    camera = world.add_camera("ann")
    assert root.send("DELETE", "/v1/users/usr-ann").status_code == 204
    assert ann.get("/v1/session").status_code == 401
    assert world.browser().sign_in("ann").status_code == 401
    assert root.get(f"/v1/cameras/{camera.id}").get_json()["owner"] is None
    assert root.get("/v1/users/usr-ann").status_code == 404


# Grants


def test_grant_shows_a_camera_and_its_clips_at_once_and_so_does_taking_it_back(world: World, root: Browser) -> None:
    world.add_user("ann")
    vera = world.signed_in("vera", Role.VIEWER)
    camera, other = world.add_camera("ann"), world.add_camera("ann")
    clip = world.add_clip(make_sidecar(camera.id)).clip_id
    world.add_clip(make_sidecar(other.id))
    path = f"/v1/users/usr-vera/grants/{camera.id}"
    assert vera.get(f"/v1/clips/{clip}").status_code == 404
    assert root.send("PUT", path, {"right": "view"}).get_json() == {
        "camera": camera.id,
        "camera_name": "Door",
        "right": "view",
    }
    assert [c["id"] for c in vera.get("/v1/cameras").get_json()["cameras"]] == [camera.id]
    assert [c["id"] for c in vera.get("/v1/clips").get_json()["clips"]] == [clip]
    assert [s["clip"] for s in vera.get("/v1/sightings").get_json()["sightings"]] == [clip]
    assert vera.get(f"/v1/clips/{clip}/video").status_code == 200
    assert vera.send("DELETE", f"/v1/clips/{clip}").status_code == 404
    assert [g["camera"] for g in root.get("/v1/users/usr-vera/grants").get_json()["grants"]] == [camera.id]
    assert root.send("DELETE", path).status_code == 204
    assert root.send("DELETE", path).status_code == 404
    assert vera.get("/v1/clips").get_json()["clips"] == []
    assert vera.get(f"/v1/clips/{clip}/video").status_code == 404


def test_grant_operate_lets_edit_and_ask_and_no_more(world: World, root: Browser) -> None:
    world.add_user("ann")
    opal = world.signed_in("opal")
    camera = world.add_camera("ann")
    root.send("PUT", f"/v1/users/usr-opal/grants/{camera.id}", {"right": "operate"})
    one = f"/v1/cameras/{camera.id}"
    assert opal.send("PATCH", one, {"name": "Gate"}).status_code == 200
    assert opal.send("DELETE", one).status_code == 404
    assert opal.send("POST", f"{one}/token").status_code == 404
    now_us = world.clock.wall_us()
    purpose = {"text": "safety of machines", "expires_us": now_us + 10**12}
    refused = opal.send("PATCH", one, {"emotion_purpose": purpose})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "not_allowed")
    ann = world.signed_in("ann")
    assert ann.send("PATCH", one, {"emotion_purpose": purpose}).status_code == 200
    assert opal.send("PATCH", one, {"emotion_purpose": purpose, "name": "Hall"}).status_code == 200
    assert opal.send("PATCH", one, {"emotion_purpose": None}).status_code == 200


@pytest.mark.parametrize(("role", "right"), [(Role.ADMIN, "view"), (Role.AUDITOR, "view"), (Role.VIEWER, "operate")])
def test_grant_without_effect_is_refused(world: World, root: Browser, role: Role, right: str) -> None:
    world.add_user("carl", role)
    camera = world.add_camera("root")
    answer = root.send("PUT", f"/v1/users/usr-carl/grants/{camera.id}", {"right": right})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "grant_refused")


@pytest.mark.parametrize("camera", ["cam-none222222", "x", "$where", "a.b", "role"])
def test_grant_on_no_camera_is_no_grant(world: World, root: Browser, camera: str) -> None:
    world.add_user("vera", Role.VIEWER)
    assert root.send("PUT", f"/v1/users/usr-vera/grants/{camera}", {"right": "view"}).status_code == 404
    assert root.send("DELETE", f"/v1/users/usr-vera/grants/{camera}").status_code == 404


def test_grant_of_an_operator_who_becomes_a_viewer_shrinks_and_comes_back(world: World, root: Browser) -> None:
    opal = world.signed_in("opal")
    camera = world.add_camera("root")
    root.send("PUT", f"/v1/users/usr-opal/grants/{camera.id}", {"right": "operate"})
    root.send("PATCH", "/v1/users/usr-opal", {"role": "viewer"})
    assert opal.send("PATCH", f"/v1/cameras/{camera.id}", {"name": "X"}).status_code == 404
    assert opal.get(f"/v1/cameras/{camera.id}").status_code == 200
    root.send("PATCH", "/v1/users/usr-opal", {"role": "operator"})
    assert opal.send("PATCH", f"/v1/cameras/{camera.id}", {"name": "X"}).status_code == 200


def test_lists_of_an_auditor_hold_nothing_even_of_what_they_own(world: World, root: Browser) -> None:
    ann = world.signed_in("ann")
    world.add_camera("ann")
    world.add_upload("ann")
    assert len(ann.get("/v1/recordings").get_json()["recordings"]) == 1
    root.send("PATCH", "/v1/users/usr-ann", {"role": "auditor"})
    for path, key in (("cameras", "cameras"), ("recordings", "recordings"), ("queries", "queries"), ("clips", "clips")):
        assert ann.get(f"/v1/{path}").get_json()[key] == []


def test_end_sessions_of_somebody(world: World, root: Browser) -> None:
    ann = world.signed_in("ann")
    assert root.send("DELETE", "/v1/users/usr-ann/sessions").status_code == 204
    assert ann.get("/v1/session").status_code == 401
    assert world.browser().sign_in("ann").status_code == 200


def test_user_of_an_earlier_release_is_active_and_without_grants(world: World) -> None:
    user = world.add_user("old")
    document = user.to_document()
    for field in ("state", "grants", "version", "link_hash", "link_expires_us"):
        del document[field]
    world.database.collection("users").delete({"_id": user.id})
    world.database.collection("users").insert(document)
    assert world.browser().sign_in("old").status_code == 200
    changed = world.users.edit(user.id, {"grants.cam-aaaaaaaaaa": Right.VIEW.value})
    assert changed is not None
    assert changed.grants == {"cam-aaaaaaaaaa": Right.VIEW}


# Live pictures that are watched already


def live_from_us(world: World, camera: str) -> int:
    settings = world.published()[camera]
    assert settings is not None
    return settings.live_from_us


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/v1/users/usr-vera/grants/{camera}", None),
        ("PATCH", "/v1/users/usr-vera", {"role": "auditor"}),
        ("PATCH", "/v1/users/usr-vera", {"disabled": True}),
        ("DELETE", "/v1/users/usr-vera", None),
        ("DELETE", "/v1/users/usr-vera/sessions", None),
    ],
)
def test_live_tokens_of_who_may_no_longer_watch_are_void_at_once(
    world: World, root: Browser, method: str, path: str, body: object
) -> None:
    vera = world.signed_in("vera", Role.VIEWER)
    watched, other = world.add_camera("root"), world.add_camera("root")
    for camera in (watched, other):
        root.send("PUT", f"/v1/users/usr-vera/grants/{camera.id}", {"right": "view"})
    assert vera.send("POST", "/v1/live-token", {"cameras": [watched.id]}).status_code == 201
    assert root.send(method, path.format(camera=watched.id), body).status_code in (200, 204)
    assert live_from_us(world, watched.id) == world.clock.wall_us()
    assert live_from_us(world, other.id) == 0, "nobody who lost it had a token for that"


def test_live_tokens_of_who_still_may_watch_go_on(world: World, root: Browser) -> None:
    ann = world.signed_in("ann")
    camera, granted = world.add_camera("ann"), world.add_camera("root")
    root.send("PUT", f"/v1/users/usr-ann/grants/{granted.id}", {"right": "operate"})
    assert ann.send("POST", "/v1/live-token", {"cameras": [camera.id, granted.id]}).status_code == 201
    root.send("PATCH", "/v1/users/usr-ann", {"role": "viewer"})
    assert (live_from_us(world, camera.id), live_from_us(world, granted.id)) == (0, 0)


def test_live_token_that_ran_out_needs_no_ending(world: World, root: Browser) -> None:
    vera = world.signed_in("vera", Role.VIEWER)
    camera = world.add_camera("root")
    root.send("PUT", f"/v1/users/usr-vera/grants/{camera.id}", {"right": "view"})
    vera.send("POST", "/v1/live-token", {"cameras": [camera.id]})
    world.clock.advance(300)
    root.send("DELETE", f"/v1/users/usr-vera/grants/{camera.id}")
    assert live_from_us(world, camera.id) == 0


def test_live_token_is_not_made_for_who_lost_the_grant_while_they_asked(
    world: World, root: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    vera = world.signed_in("vera", Role.VIEWER)
    camera = world.add_camera("root")
    root.send("PUT", f"/v1/users/usr-vera/grants/{camera.id}", {"right": "view"})
    real = world.live.hand_out

    def withdrawn_just_before(user_id: str, cameras: Iterable[str], expires_s: int) -> None:
        world.users.edit("usr-vera", {}, unset=(f"grants.{camera.id}",))
        real(user_id, cameras, expires_s)

    monkeypatch.setattr(world.live, "hand_out", withdrawn_just_before)
    assert vera.send("POST", "/v1/live-token", {"cameras": [camera.id]}).status_code == 404


# What pages offer


def is_offered(page: str, button: str) -> bool:
    tag = re.search(rf'<[a-z]+[^>]*id="{button}"[^>]*>', page)
    assert tag is not None
    return " hidden" not in tag[0]


@pytest.mark.parametrize(
    ("who", "offered"), [("root", {"settings", "delete"}), ("opal", {"settings"}), ("vera", set())]
)
def test_pages_offer_what_may_be_done(world: World, root: Browser, who: str, offered: set[str]) -> None:
    camera = world.add_camera("root")
    clip = world.add_clip(make_sidecar(camera.id)).clip_id
    for name, role, right in (("opal", Role.OPERATOR, "operate"), ("vera", Role.VIEWER, "view")):
        world.add_user(name, role)
        root.send("PUT", f"/v1/users/usr-{name}/grants/{camera.id}", {"right": right})
    browser = world.signed_in(who)
    page = browser.get(f"/cameras/{camera.id}").get_data(as_text=True)
    assert is_offered(page, "settings") == ("settings" in offered)
    assert is_offered(browser.get(f"/clips/{clip}").get_data(as_text=True), "delete") == ("delete" in offered)
    bar = page[: page.index("</nav>")]
    assert ("/users" in bar) == (who == "root")
    assert ("/audit" in bar) == (who == "root")


def test_pages_of_an_auditor_are_the_log(world: World) -> None:
    page = world.signed_in("carl", Role.AUDITOR).get("/audit").get_data(as_text=True)
    bar = page[: page.index("</nav>")]
    assert re.findall(r'<a class="nav-link[^>]*href="(/[a-z]*)"', bar) == ["/audit"]
