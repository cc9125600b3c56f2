"""Every address declares who may use it, and the gate holds each to its word."""

import itertools
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from api_server.access.permission import Action
from api_server.access.rules import (
    Allowed,
    InPerson,
    OnCamera,
    OnClip,
    OnExport,
    OnOwnSession,
    OnOwnToken,
    OnOwnUpload,
    OnQuery,
    OnRecording,
    OnUser,
    Public,
    Rule,
    SignedIn,
)
from api_server.access.subject import Right, Role, Scope
from api_server.accounts.users import User
from api_server.app import build_routes, create_app
from api_server.audit.table import AUDITED, NOT_AUDITED
from api_server.http.errors import not_found
from api_server.http.route import Route
from api_server.routes.camera_token_routes import token_handle
from tests.unit.api_server.test_permission import MAKING, OPERATING, VIEWING
from tests.unit.api_server.world import FILM, PASSWORD, Browser, World, make_sidecar, make_sighting, recorder_sidecar

HELD_BY_LINK = ("GET /s/<token>", "GET /v1/shared/<token>", "GET /v1/shared/<token>/video")
PUBLIC = {
    "POST /v1/session",
    "POST /v1/password",
    "POST /v1/sign-up",
    "GET /livez",
    "GET /readyz",
    "GET /metrics",
    "GET /openapi.json",
    "OPTIONS /v1/uploads",
    "GET /sign-in",
    "GET /sign-up",
    "GET /set-password",
    "GET /static/<name>",
    *HELD_BY_LINK,
}
"""Everything that anybody may ask for. Adding to it is a decision, so it stands twice."""
ON_ONE = OnCamera | OnClip | OnExport | OnQuery | OnRecording | OnUser | OnOwnSession | OnOwnToken | OnOwnUpload


def test_route_table_every_rule_of_the_url_map_is_declared(world: World) -> None:
    declared = {route.endpoint: route for route in build_routes(world.parts)}
    for rule in world.app.url_map.iter_rules():
        assert rule.endpoint in declared, f"{rule} declares no rule"
        assert (rule.methods or set()) - {"HEAD"} == {declared[rule.endpoint].method}
        assert isinstance(declared[rule.endpoint].rule, Rule)


def test_route_table_public_routes_are_the_known_ones(world: World) -> None:
    assert {route.endpoint for route in build_routes(world.parts) if isinstance(route.rule, Public)} == PUBLIC


def test_route_table_ids_in_paths_have_a_rule_about_them(world: World) -> None:
    for route in build_routes(world.parts):
        if "<user_id>" in route.path:
            assert isinstance(route.rule, OnUser), route.endpoint
        elif "<camera_id>" in route.path:
            assert isinstance(route.rule, OnCamera), route.endpoint
        if "<clip_id>" in route.path:
            assert isinstance(route.rule, OnClip), route.endpoint
        if "<recording_id>" in route.path:
            assert isinstance(route.rule, OnRecording), route.endpoint
        if "<query_id>" in route.path:
            assert isinstance(route.rule, OnQuery), route.endpoint
        if "<export_id>" in route.path:
            assert isinstance(route.rule, OnExport), route.endpoint
        if "<upload_id>" in route.path:
            assert isinstance(route.rule, OnOwnUpload), route.endpoint
        if re.search(r"<[^>]*id>", route.path):
            assert isinstance(route.rule, ON_ONE), route.endpoint


def test_route_table_every_change_and_every_video_is_audited_or_says_why_not(world: World) -> None:
    routes = {route.endpoint: route for route in build_routes(world.parts)}
    for endpoint, route in routes.items():
        if not route.is_safe or (route.media or "").startswith("video/"):
            assert (endpoint in AUDITED) != (endpoint in NOT_AUDITED), endpoint
    assert set(AUDITED) | set(NOT_AUDITED) <= set(routes), "of routes that are no more"


def test_route_table_every_search_for_a_plate_or_a_person_is_audited(world: World) -> None:
    for route in build_routes(world.parts):
        for asked in (route.query, route.body):
            fields = asked.model_fields if asked is not None else {}
            for name in {"text", "person"} & set(fields):
                assert name in AUDITED[route.endpoint].searches, route.endpoint
                assert "reason" in fields, route.endpoint


def test_route_table_undeclared_address_is_refused_before_it_runs(world: World) -> None:
    ran = []

    def forgotten() -> str:
        ran.append(1)
        return "secret"

    app = create_app(world.parts)
    app.add_url_rule("/v1/forgotten", "forgotten", forgotten, methods=["GET"])
    response = app.test_client().get("/v1/forgotten")
    assert (response.status_code, response.get_json()["code"], ran) == (403, "not_allowed", [])


def test_route_table_options_is_no_way_around(world: World) -> None:
    assert world.browser().client.options("/v1/cameras").status_code == 405


@pytest.fixture
def peopled(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.housekeeping.prepare()
    world.housekeeping.settle()
    for name, role in PEOPLE.items():
        world.add_user(name, role)
    return world


PEOPLE = {
    "root": Role.ADMIN,
    "ann": Role.OPERATOR,
    "bob": Role.OPERATOR,
    "opal": Role.OPERATOR,
    "vera": Role.VIEWER,
    "carl": Role.AUDITOR,
}
"""opal is granted `operate`, vera and carl `view`, on every camera of the matrix."""
TOKENS = {"ann's token": ("ann", tuple(Scope)), "root's reader": ("root", (Scope.READ,))}
ASKING = ("nobody", "root", "ann", "opal", "vera", "carl", *TOKENS)
GRANTS = {"opal": Right.OPERATE, "vera": Right.VIEW, "carl": Right.VIEW}


@dataclass(frozen=True)
class Ids:
    """Of what one person has, or of what never was."""

    camera: str = "cam-none222222"
    clip: str = "license_plate.cam-none222222.1700000000000.10000"
    recording: str = "up-" + "a" * 16
    query: str = "q-" + "a" * 16
    export: str = "ex-" + "a" * 16
    share: str = "share-" + "a" * 16
    user: str = "usr-none"
    session: str = "ses-" + "a" * 16
    token: str = "tok-" + "a" * 16
    camera_token: str = "ct-" + "a" * 16
    upload: str = "up-" + "b" * 16


def ids_of(world: World, whose: str, path: str = "<clip_id> <recording_id> <query_id>") -> Ids:
    """A camera with a recording, and what `path` is about: a clip, an upload, a finished query on the camera, an
    account with a grant on it, a session."""
    if whose == "none":
        return Ids()
    camera = world.add_camera(whose)
    for name, right in GRANTS.items():
        world.users.edit(f"usr-{name}", {f"grants.{camera.id}": right.value})
    world.add_clip(recorder_sidecar(camera.id))
    ids = Ids(camera.id)
    if "<camera_token_id>" in path:
        old = camera.token_hashes[0]
        world.registry.rotate_token(camera.id, overlap_s=60)
        ids = replace(ids, camera_token=token_handle(old))
    if "<clip_id>" in path:
        clip = world.add_clip(make_sidecar(camera.id, sightings=(make_sighting(),)))
        ids = replace(ids, clip=clip.clip_id)
    if "<recording_id>" in path:
        ids = replace(ids, recording=world.add_upload(whose).id)
    if "<upload_id>" in path:
        begun = world.signed_in(whose).send("POST", "/v1/uploads", headers=BEGINNING)
        ids = replace(ids, upload=str(begun.get_json()["id"]))
    if "<query_id>" in path:
        ids = replace(ids, query=finished_query(world, whose, camera.id))
    if "<export_id>" in path:
        body = {"kind": "zip", "camera": camera.id, **SPAN}
        asked = world.signed_in(whose).send("POST", "/v1/exports", body)
        ids = replace(ids, export=str(asked.get_json()["id"]))
    if "<share_id>" in path:
        made = world.signed_in(whose).send("POST", f"/v1/clips/{ids.clip}/shares", {})
        ids = replace(ids, share=str(made.get_json()["id"]))
    if "<user_id>" in path:
        someone = world.add_user(f"someone{len(world.users.names())}", Role.VIEWER)
        world.users.edit(someone.id, {f"grants.{camera.id}": Right.VIEW.value})
        ids = replace(ids, user=someone.id)
    user = world.users.named(whose)
    assert user is not None
    if "<session_id>" in path:
        ids = replace(ids, session=begun_session(world, user))
    if "<token_id>" in path:
        ids = replace(ids, token=world.tokens.make(user, "script", frozenset(Scope), 1)[0].handle)
    return ids


def begun_session(world: World, user: User) -> str:
    before = {session.handle for session in world.sessions.of(user)}
    world.sessions.begin(user)
    return next(session.handle for session in world.sessions.of(user) if session.handle not in before)


def finished_query(world: World, whose: str, camera_id: str) -> str:
    browser = world.signed_in(whose)
    asked = browser.send("POST", "/v1/queries", ask_body(camera_id))
    assert asked.status_code == 202, asked.get_data(as_text=True)
    query_id = str(asked.get_json()["id"])
    world.finish_query(query_id)
    return query_id


SPAN = {"from": 1_700_000_000_000, "to": 1_700_000_010_000}


def ask_body(camera_id: str) -> dict[str, object]:
    return {"camera": camera_id, "analysis": "license_plate", **SPAN}


BEGINNING = {"Upload-Length": str(len(FILM)), "Upload-Metadata": "filename ZmlsbS5tcDQ="}


def concrete(route: Route, ids: Ids) -> str:
    path = route.path.replace("<camera_id>", ids.camera).replace("<clip_id>", ids.clip)
    path = path.replace("<recording_id>", ids.recording).replace("<query_id>", ids.query)
    path = path.replace("<export_id>", ids.export).replace("<share_id>", ids.share)
    path = path.replace("<token>", "sh_" + "a" * 43).replace("<upload_id>", ids.upload)
    path = path.replace("<user_id>", ids.user).replace("<session_id>", ids.session)
    path = path.replace("<token_id>", ids.token).replace("<camera_token_id>", ids.camera_token)
    path = path.replace("<int:n>", "0").replace("<name>", "base.css").replace("<analysis>", "license_plate")
    if route.endpoint in FOOTAGE:
        return f"{path}?from={SPAN['from']}&to={SPAN['to']}"
    return f"{path}?name=film.mp4" if route.endpoint == UPLOAD else path


LIVE_TOKEN = "POST /v1/live-token"
ASK = "POST /v1/queries"
EXPORT = "POST /v1/exports"
UPLOAD = "POST /v1/recordings"
IMPORT = "POST /v1/recordings/import"
FOOTAGE = ("GET /v1/cameras/<camera_id>/footage", "GET /v1/cameras/<camera_id>/footage/video")
"""Allowed, they find that the clips here are no videos: 422."""
PICTURE = "POST /v1/analyze/<analysis>"
LINK, FINISH = "POST /v1/uploads/<upload_id>/link", "POST /v1/uploads/<upload_id>/finish"
"""Allowed, they find that the store has no public address, and that nothing came: 422, 409."""
BEGIN, SEND_ON = "POST /v1/uploads", "PATCH /v1/uploads/<upload_id>"
RAW = {
    UPLOAD: (FILM, "video/mp4"),
    PICTURE: (b"no picture", "image/jpeg"),
    SEND_ON: (FILM, "application/offset+octet-stream"),
}
HEADERS = {BEGIN: BEGINNING, SEND_ON: {"Upload-Offset": "0"}}
IN_BODY = {LIVE_TOKEN: Action.LIVE_WATCH, ASK: Action.QUERY_ASK}
"""Routes that name a camera in their body: it is as if it stood in the path."""


def asking(world: World, who: str) -> Browser:
    if who in TOKENS:
        name, scopes = TOKENS[who]
        return world.bearing(name, *scopes)
    return world.browser() if who == "nobody" else world.signed_in(who)


def send(browser: Browser, route: Route, ids: Ids) -> TestResponse:
    if route.endpoint in RAW:
        headers = {"X-CSRF-Token": browser.csrf, **HEADERS.get(route.endpoint, {})}
        data, kind = RAW[route.endpoint]
        path = concrete(route, ids)
        return browser.client.open(path, method=route.method, data=data, content_type=kind, headers=headers)
    body, headers = body_for(route.endpoint, ids.camera), HEADERS.get(route.endpoint, {})
    return browser.send(route.method, concrete(route, ids), body, headers)


def body_for(endpoint: str, camera_id: str) -> object:
    bodies = {
        "POST /v1/session": {"name": "ann", "password": "wrong"},
        "POST /v1/password": {"link": "x" * 43, "password": "a new pass phrase"},
        "POST /v1/sign-up": {"name": "zed", "password": "a new pass phrase"},
        "POST /v1/cameras": {"name": "Another"},
        "PUT /v1/account/password": {"current": PASSWORD, "new": PASSWORD},
        "PUT /v1/account/totp": {"code": "000000"},
        "DELETE /v1/account/totp": {"code": "000000"},
        "POST /v1/account/totp/recovery-codes": {"code": "000000"},
        "POST /v1/account/tokens": {"name": "script", "scopes": ["read"]},
        "PATCH /v1/cameras/<camera_id>": {"name": "Renamed"},
        "PUT /v1/cameras/<camera_id>/recording": {"on": False},
        IMPORT: {"source": "s3://archive/film.mp4"},
        LIVE_TOKEN: {"cameras": [camera_id]},
        ASK: ask_body(camera_id),
        EXPORT: {"kind": "zip", "camera": camera_id, **SPAN},
        "POST /v1/clips/<clip_id>/shares": {},
        "PUT /v1/clips/<clip_id>/hold": {"reason": "case 7"},
        "POST /v1/users": {"name": f"new{camera_id}{time.time_ns()}", "role": "viewer"},
        "PATCH /v1/users/<user_id>": {"disabled": True},
        "PUT /v1/users/<user_id>/grants/<camera_id>": {"right": "view"},
    }
    return bodies.get(endpoint)


DONE = {200, 201, 202, 204}


def public_answer(route: Route) -> set[int]:
    if route.endpoint in HELD_BY_LINK:
        return {404}
    return {401, 403, 422, 429} if route.method == "POST" else {200}


def expected(route: Route, who: str, whose: str) -> set[int]:
    """Written down anew, not asked of `may`."""
    if isinstance(route.rule, Public):
        return public_answer(route)
    if who == "nobody":
        return {303} if route.is_page else {401}
    if who in TOKENS:
        who, scopes = TOKENS[who]
        if route.is_page:
            return {303}
        action = IN_BODY.get(route.endpoint, getattr(route.rule, "action", None))
        in_scope = action not in (None, Action.USER_MANAGE) and (len(scopes) > 1 or action in VIEWING)
        if not in_scope:
            return {403}
    if isinstance(route.rule, InPerson) or (isinstance(route.rule, SignedIn) and route.endpoint not in IN_BODY):
        return {*DONE, 409} if "/totp" in route.path else DONE  # nobody here has a second factor
    if isinstance(route.rule, Allowed):
        done = {PICTURE: {415}, IMPORT: {422}}.get(route.endpoint, DONE)
        if route.rule.action not in GENERAL[who]:
            return {403}
        if route.endpoint == EXPORT and not (whose != "none" and who in ("root", whose, "opal", "vera")):
            return {404}
        return done
    if whose == "none":
        return {404}
    if isinstance(route.rule, OnOwnSession | OnOwnToken | OnOwnUpload):
        done = {LINK: {422}, FINISH: {409}}.get(route.endpoint, DONE)
        return done if who == whose else {404}
    if isinstance(route.rule, OnUser):
        return DONE if who == "root" else {404}
    action = IN_BODY[route.endpoint] if isinstance(route.rule, SignedIn) else route.rule.action
    granted = set() if isinstance(route.rule, OnRecording | OnExport) else GRANTED[who]
    done = {422} if route.endpoint in FOOTAGE else DONE
    return done if who in ("root", whose) or action in granted else {404}


GENERAL: dict[str, set[Action]] = {
    "root": MAKING | {Action.USER_MANAGE, Action.AUDIT_VIEW},
    "ann": MAKING,
    "opal": MAKING,
    "vera": set(),
    "carl": {Action.AUDIT_VIEW},
}
GRANTED: dict[str, set[Action]] = {"root": set(), "ann": set(), "opal": OPERATING, "vera": VIEWING, "carl": set()}
ENDPOINTS = [route.endpoint for route in build_routes(World(Path("unused")).parts)]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_matrix_every_route_every_role_own_other_none(
    peopled: World, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api_server.uploads.receiver.OPEN_MAX", 10**6)
    route = next(r for r in build_routes(peopled.parts) if r.endpoint == endpoint)
    for who, whose in itertools.product(ASKING, ("ann", "bob", "none")):
        ids = ids_of(peopled, whose, route.path)
        response = send(asking(peopled, who), route, ids)
        assert response.status_code in expected(route, who, whose), (who, whose, response.get_data(as_text=True))
        if isinstance(route.rule, ON_ONE) and response.status_code == 404 and not route.is_page:
            answer = response.get_json()
            assert (answer["code"], answer["message"]) == (not_found().code, not_found().message)
        response.close()  # a stream gives its place back


def test_matrix_unsafe_routes_need_the_csrf_token(peopled: World) -> None:
    ids = ids_of(peopled, "ann")
    browser = peopled.signed_in("ann")
    browser.csrf = "not it"
    for route in build_routes(peopled.parts):
        if not route.is_safe and not isinstance(route.rule, Public):
            response = send(browser, route, ids)
            assert (response.status_code, response.get_json()["code"]) == (403, "csrf"), route.endpoint
    assert peopled.cameras.get(ids.camera) is not None
