"""Every list has a cursor that stays where it is, or is bounded by a constant of the system."""

import base64
from collections.abc import Callable
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from api_server.access.subject import Right, Role, Scope
from api_server.app import build_routes
from api_server.clips.paging import Cursor
from api_server.http.route import Route
from tests.unit.api_server.world import Browser, World, make_sidecar

BOUNDED = {
    "GET /v1/account": "one's own grants, which are of the account's one document",
    "GET /v1/analyses": "the analyses there are, which are in the code",
    "GET /v1/cameras/<camera_id>": "analyses, zones and lines of one camera: requests.PLACES_MAX",
    "GET /v1/cameras/<camera_id>/footage": "silences within one video: LOOKOUT_SPAN_HOURS, and none under 3 s",
    "GET /v1/cameras/<camera_id>/tokens": "the newest and those it replaced: registry.RETIRING_MAX",
    "GET /v1/clips/<clip_id>": "what was seen in one clip: store.SIGHTINGS_MAX",
    "GET /v1/queries/<query_id>/diff": "two results as a whole: store.DIFF_MAX of each",
}


def lists_of(answer: type[BaseModel]) -> set[str]:
    """Names of fields that are lists of things."""
    return {
        name
        for name, field in answer.model_fields.items()
        if get_origin(field.annotation) is list
        and isinstance(get_args(field.annotation)[0], type)
        and issubclass(get_args(field.annotation)[0], BaseModel)
    }


def is_paged(route: Route) -> bool:
    asked = set(route.query.model_fields) if route.query is not None else set()
    return {"limit", "cursor"} <= asked and route.answer is not None and "next" in route.answer.model_fields


def test_every_list_has_a_cursor_or_is_bounded(world: World) -> None:
    listing = {
        r.endpoint: r for r in build_routes(world.parts) if r.method == "GET" and r.answer and lists_of(r.answer)
    }
    assert {name for name, route in listing.items() if not is_paged(route)} == set(BOUNDED)
    for name, route in listing.items():
        if is_paged(route):
            assert route.answer is not None
            # Programs take the first list for the one that is paged.
            fields = [field for field in route.answer.model_fields if field in {"next", *lists_of(route.answer)}]
            assert fields.index("next") == 1, name


def cameras(world: World, count: int) -> list[str]:
    made = []
    for _ in range(count):
        made.append(world.add_camera("ann").id)
        world.clock.advance(1)
    return made


def sessions(world: World, browser: Browser) -> None:
    user = world.users.named("ann")
    assert user is not None
    for _ in range(4):
        world.clock.advance(1)
        world.sessions.begin(user)
    browser.sign_in("ann")


def tokens(world: World, browser: Browser) -> None:
    user = world.users.named("ann")
    assert user is not None
    for _ in range(5):  # at one and the same time
        world.tokens.make(user, "script", frozenset(Scope), 1)


def grants(world: World, browser: Browser) -> None:
    for camera in cameras(world, 5):
        world.users.edit("usr-ann", {f"grants.{camera}": Right.VIEW.value})


def shares(world: World, browser: Browser) -> None:
    clip = world.add_clip(make_sidecar(cameras(world, 1)[0])).clip_id
    for _ in range(5):
        assert browser.send("POST", f"/v1/clips/{clip}/shares", {}).status_code == 201


def shares_path(world: World) -> str:
    (clip,) = (document["_id"] for document in world.database.collection("clips").find({}))
    return f"/v1/clips/{clip}/shares"


LISTS: dict[str, tuple[str | Callable[[World], str], Callable[[World, Browser], object]]] = {
    "status": ("/v1/status", lambda world, _: cameras(world, 5)),
    "retention": ("/v1/retention", lambda world, _: cameras(world, 3)),
    "cameras": ("/v1/cameras", lambda world, _: cameras(world, 5)),
    "sessions": ("/v1/account/sessions", sessions),
    "tokens": ("/v1/account/tokens", tokens),
    "grants": ("/v1/users/usr-ann/grants", grants),
    "shares": (shares_path, shares),
}


def items(page: dict[str, Any]) -> list[Any]:
    return next(value for value in page.values() if isinstance(value, list))


@pytest.mark.parametrize("name", LISTS)
def test_list_page_by_page_is_the_whole_list(world: World, name: str) -> None:
    ann = world.signed_in("ann", Role.ADMIN)
    path, fill = LISTS[name]
    fill(world, ann)
    path = path if isinstance(path, str) else path(world)
    whole = ann.get(path).get_json()
    assert len(items(whole)) >= 5
    assert whole["next"] is None
    found: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = ann.get(f"{path}?limit=2{cursor and f'&cursor={cursor}'}").get_json()
        assert 1 <= len(items(page)) <= 2
        found += items(page)
        cursor = page["next"]
    assert found == items(whole)
    assert ann.get(f"{path}?cursor=nonsense").status_code == 400
    assert ann.get(f"{path}?limit=201").status_code == 400


def test_cursor_with_what_no_database_takes_is_refused(world: World) -> None:
    cursor = base64.urlsafe_b64encode(b'[1,"\\ud800"]').rstrip(b"=").decode()
    with pytest.raises(ValueError, match="not a cursor"):
        Cursor.decode(cursor)
    assert world.signed_in("ann").get(f"/v1/clips?cursor={cursor}").status_code == 400


@pytest.mark.parametrize("name", ["status", "retention"])
def test_list_stays_where_it_is_when_cameras_come_and_go(world: World, name: str) -> None:
    ann = world.signed_in("ann")
    first, second, third = cameras(world, 3)
    path = LISTS[name][0]
    page = ann.get(f"{path}?limit=2").get_json()
    assert {line["camera"] for line in items(page)} <= {first, second}
    ann.send("DELETE", f"/v1/cameras/{first}")
    (fourth,) = cameras(world, 1)
    rest = []
    while page["next"] is not None:
        page = ann.get(f"{path}?limit=2&cursor={page['next']}").get_json()
        rest += [line["camera"] for line in items(page)]
    assert list(dict.fromkeys(rest)) in ([third, fourth], [second, third, fourth])


def test_what_is_said_of_all_stands_on_the_first_page(world: World) -> None:
    root = world.signed_in("root", Role.ADMIN)
    world.add_user("ann")
    cameras(world, 3)
    first = root.get("/v1/retention?limit=1").get_json()
    assert (first["held"], first["bytes"]["used"]) == (0, 0)
    later = root.get(f"/v1/retention?limit=1&cursor={first['next']}").get_json()
    assert (later["held"], later["bytes"], later["oldest_upload_us"]) == (None, None, None)
