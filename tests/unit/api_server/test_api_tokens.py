"""API tokens: shown once, in scope, for a time, in their owner's name."""

import pytest

from api_server.access.subject import Role, Scope
from tests.unit.api_server.world import Browser, World, make_sidecar

DAY_S = 24 * 3600


@pytest.fixture
def ann(world: World) -> Browser:
    return world.signed_in("ann")


def make(browser: Browser, **fields: object) -> dict[str, str]:
    answer = browser.send("POST", "/v1/account/tokens", {"name": "backup", "scopes": ["read"], **fields})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    made: dict[str, str] = answer.get_json()
    return made


def by(world: World, text: str, scheme: str = "Bearer") -> Browser:
    browser = world.browser()
    browser.client.environ_base["HTTP_AUTHORIZATION"] = f"{scheme} {text}"
    return browser


def test_token_is_shown_once_and_stored_hashed(world: World, ann: Browser) -> None:
    made = make(ann)
    assert made["token"].startswith("lka_")
    listed = ann.get("/v1/account/tokens")
    assert [token["id"] for token in listed.get_json()["tokens"]] == [made["id"]]
    assert made["token"] not in listed.get_data(as_text=True)
    assert made["token"] not in repr(world.database.snapshot())
    for hashed in world.database.snapshot()["api_tokens"]:
        assert hashed not in listed.get_data(as_text=True)


def test_token_reads_as_its_owner_without_cookie_or_csrf(world: World, ann: Browser) -> None:
    world.add_user("bob")
    camera, his = world.add_camera("ann"), world.add_camera("bob")
    clip = world.add_clip(make_sidecar(camera.id)).clip_id
    program = by(world, make(ann)["token"])
    assert [c["id"] for c in program.get("/v1/cameras").get_json()["cameras"]] == [camera.id]
    assert program.get(f"/v1/clips/{clip}/video").status_code == 200
    assert program.get(f"/v1/cameras/{his.id}").status_code == 404


def test_token_without_the_scope_is_told_so(world: World, ann: Browser) -> None:
    camera = world.add_camera("ann")
    program = by(world, make(ann)["token"])
    for method, path, body in (
        ("POST", "/v1/cameras", {"name": "Door"}),
        ("DELETE", f"/v1/cameras/{camera.id}", None),
        ("DELETE", "/v1/cameras/cam-none222222", None),
    ):
        answer = program.send(method, path, body)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "not_in_scope")


def test_token_of_more_scopes_creates_and_deletes(world: World, ann: Browser) -> None:
    program = by(world, make(ann, scopes=["read", "operate", "manage"])["token"], scheme="bearer")
    made = program.send("POST", "/v1/cameras", {"name": "Door"})
    assert made.status_code == 201
    assert program.send("DELETE", f"/v1/cameras/{made.get_json()['id']}").status_code == 204


@pytest.mark.parametrize("path", ["/v1/account", "/v1/account/tokens", "/v1/account/sessions", "/v1/session"])
def test_token_never_reaches_the_account_itself(world: World, ann: Browser, path: str) -> None:
    program = by(world, make(ann, scopes=[scope.value for scope in Scope])["token"])
    answer = program.get(path)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "not_by_token")


def test_token_of_an_admin_keeps_no_accounts(world: World) -> None:
    root = world.signed_in("root", Role.ADMIN)
    program = by(world, make(root, scopes=[scope.value for scope in Scope])["token"])
    assert program.get("/v1/users").status_code == 403
    assert program.send("POST", "/v1/users", {"name": "eve", "role": "admin"}).status_code == 403


def test_token_expires(world: World, ann: Browser) -> None:
    program = by(world, make(ann, days=1)["token"])
    world.clock.advance(DAY_S - 1)
    assert program.get("/v1/cameras").status_code == 200
    world.clock.advance(1)
    refused = program.get("/v1/cameras")
    assert (refused.status_code, refused.get_json()["code"]) == (401, "wrong_token")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert world.tokens.drop_expired() == 1


def test_token_ended_is_refused_at_once(world: World, ann: Browser) -> None:
    made = make(ann)
    program = by(world, made["token"])
    assert program.get("/v1/cameras").status_code == 200
    assert ann.send("DELETE", f"/v1/account/tokens/{made['id']}").status_code == 204
    assert program.get("/v1/cameras").status_code == 401
    assert ann.send("DELETE", f"/v1/account/tokens/{made['id']}").status_code == 404


@pytest.mark.parametrize("change", [{"state": "disabled"}, {"role": "auditor"}])
def test_token_follows_its_owner(world: World, ann: Browser, change: dict[str, str]) -> None:
    camera = world.add_camera("ann")
    program = by(world, make(ann)["token"])
    world.users.edit("usr-ann", change)
    assert program.get(f"/v1/cameras/{camera.id}").status_code in (401, 404)


def test_token_goes_with_its_owner(world: World, ann: Browser) -> None:
    program = by(world, make(ann)["token"])
    world.signed_in("root", Role.ADMIN).send("DELETE", "/v1/users/usr-ann")
    assert program.get("/v1/cameras").status_code == 401
    assert world.database.snapshot()["api_tokens"] == {}


@pytest.mark.parametrize("text", ["", "x", "lka_" + "x" * 43, "lk_" + "x" * 43, "é" * 47])
def test_token_that_is_none_is_refused_even_beside_a_session(world: World, ann: Browser, text: str) -> None:
    ann.client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {text}"
    assert ann.get("/v1/cameras").status_code == 401


def test_other_schemes_are_a_proxys_business(ann: Browser) -> None:
    ann.client.environ_base["HTTP_AUTHORIZATION"] = "Basic dXNlcjpwYXNz"
    assert ann.get("/v1/cameras").status_code == 200


def test_token_of_another_site_is_refused_as_any_request_of_it(world: World, ann: Browser) -> None:
    program = by(world, make(ann, scopes=["operate"])["token"])
    answer = program.send("POST", "/v1/cameras", {"name": "Door"}, {"Origin": "http://evil.example"})
    assert answer.status_code == 403


def test_token_use_is_noted_by_the_minute(world: World, ann: Browser) -> None:
    program = by(world, make(ann)["token"])
    assert ann.get("/v1/account/tokens").get_json()["tokens"][0]["used_us"] is None
    program.get("/v1/cameras")
    first = ann.get("/v1/account/tokens").get_json()["tokens"][0]["used_us"]
    world.clock.advance(59)
    program.get("/v1/cameras")
    assert ann.get("/v1/account/tokens").get_json()["tokens"][0]["used_us"] == first
    world.clock.advance(1)
    program.get("/v1/cameras")
    assert ann.get("/v1/account/tokens").get_json()["tokens"][0]["used_us"] == first + 60_000_000


@pytest.mark.parametrize(
    "fields", [{"scopes": []}, {"scopes": ["root"]}, {"days": 0}, {"days": 367}, {"days": "1"}, {"name": " "}, {"x": 1}]
)
def test_token_asked_for_wrongly_is_refused(ann: Browser, fields: dict[str, object]) -> None:
    answer = ann.send("POST", "/v1/account/tokens", {"name": "backup", "scopes": ["read"], **fields})
    assert answer.status_code == 400


def test_tokens_of_one_person_are_bounded(world: World, ann: Browser) -> None:
    for _ in range(50):
        make(ann)
    answer = ann.send("POST", "/v1/account/tokens", {"name": "backup", "scopes": ["read"]})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "too_many_tokens")
