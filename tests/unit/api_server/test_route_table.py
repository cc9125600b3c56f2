"""Every address declares who may use it, and the gate holds each to its word."""

import itertools
import re
from pathlib import Path

import pytest

from api_server.access.rules import Allowed, OnCamera, OnClip, Public, Rule, SignedIn
from api_server.access.subject import Role
from api_server.app import build_routes, create_app
from api_server.http.errors import not_found
from api_server.http.route import Route
from tests.unit.api_server.world import World, make_sidecar, make_sighting

PUBLIC = {
    "POST /v1/session",
    "GET /livez",
    "GET /readyz",
    "GET /metrics",
    "GET /openapi.json",
    "GET /sign-in",
    "GET /static/<name>",
}
"""Everything that anybody may ask for. Adding to it is a decision, so it stands twice."""


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
        if "<camera_id>" in route.path:
            assert isinstance(route.rule, OnCamera), route.endpoint
        if "<clip_id>" in route.path:
            assert isinstance(route.rule, OnClip), route.endpoint
        if re.search(r"<[^>]*id>", route.path):
            assert isinstance(route.rule, OnCamera | OnClip), route.endpoint


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
    for name, role in (("root", Role.ADMIN), ("ann", Role.OPERATOR), ("bob", Role.OPERATOR)):
        world.add_user(name, role)
    return world


def concrete(route: Route, camera_id: str, clip_id: str) -> str:
    path = route.path.replace("<camera_id>", camera_id).replace("<clip_id>", clip_id)
    return path.replace("<int:n>", "0").replace("<name>", "base.css")


LIVE_TOKEN = "POST /v1/live-token"


def body_for(endpoint: str, camera_id: str) -> object:
    bodies = {
        "POST /v1/session": {"name": "ann", "password": "wrong"},
        "POST /v1/cameras": {"name": "Another"},
        "PATCH /v1/cameras/<camera_id>": {"name": "Renamed"},
        LIVE_TOKEN: {"cameras": [camera_id]},
    }
    return bodies.get(endpoint)


def expected(route: Route, who: str, whose: str) -> set[int]:
    if isinstance(route.rule, Public):
        return {401} if route.method == "POST" else {200}
    if who == "nobody":
        return {303} if route.is_page else {401}
    if isinstance(route.rule, SignedIn | Allowed) and route.endpoint != LIVE_TOKEN:
        return {200, 201, 204}
    may_touch = whose != "none" and who in ("root", whose)
    return {200, 201, 204} if may_touch else {404}


ENDPOINTS = [route.endpoint for route in build_routes(World(Path("unused")).parts)]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_matrix_every_route_every_role_own_other_none(peopled: World, endpoint: str) -> None:
    for who, whose in itertools.product(("nobody", "root", "ann"), ("ann", "bob", "none")):
        camera_id, clip_id = "cam-none222222", "license_plate.cam-none222222.1700000000000.10000"
        if whose != "none":
            camera_id = peopled.add_camera(whose).id
            clip_id = peopled.add_clip(make_sidecar(camera_id, sightings=(make_sighting(),))).clip_id
        route = next(r for r in build_routes(peopled.parts) if r.endpoint == endpoint)
        browser = peopled.browser() if who == "nobody" else peopled.signed_in(who)
        body = body_for(endpoint, camera_id)
        response = browser.send(route.method, concrete(route, camera_id, clip_id), body)
        assert response.status_code in expected(route, who, whose), (who, whose, response.get_data(as_text=True))
        if isinstance(route.rule, OnCamera | OnClip) and response.status_code == 404 and not route.is_page:
            answer = response.get_json()
            assert (answer["code"], answer["message"]) == (not_found().code, not_found().message)


def test_matrix_unsafe_routes_need_the_csrf_token(peopled: World) -> None:
    camera_id = peopled.add_camera("ann").id
    clip_id = peopled.add_clip(make_sidecar(camera_id)).clip_id
    browser = peopled.signed_in("ann")
    browser.csrf = "not it"
    for route in build_routes(peopled.parts):
        if not route.is_safe and not isinstance(route.rule, Public):
            response = browser.send(
                route.method, concrete(route, camera_id, clip_id), body_for(route.endpoint, camera_id)
            )
            assert (response.status_code, response.get_json()["code"]) == (403, "csrf"), route.endpoint
    assert peopled.cameras.get(camera_id) is not None
